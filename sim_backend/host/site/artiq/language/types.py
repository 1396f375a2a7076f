"""Type annotations of kernels. On the host they only describe themselves."""

__all__ = [
    "TNone", "TTuple", "TBool", "TInt32", "TInt64", "TFloat", "TStr", "TBytes",
    "TByteArray", "TList", "TArray", "TRange32", "TRange64", "TVar",
]  # fmt: skip


class _Type:
    """A type with its parameters; equal if name and parameters are equal."""

    def __init__(self, name, *parameters):
        self.name = name
        self.parameters = parameters

    def __eq__(self, other):
        return (
            isinstance(other, _Type)
            and self.name == other.name
            and self.parameters == other.parameters
        )

    def __hash__(self):
        return hash((self.name, self.parameters))

    def __repr__(self):
        inner = ", ".join(map(repr, self.parameters))
        return f"{self.name}({inner})" if inner else self.name


class TVar(_Type):
    """An unknown type: equal only to itself."""

    def __init__(self):
        super().__init__("TVar")

    def __eq__(self, other):
        return self is other

    __hash__ = object.__hash__


def TTuple(elts=()):
    """Return the type of a tuple with these element types."""
    return _Type("TTuple", *elts)


def TList(elt=None):
    """Return the type of a list."""
    return _Type("TList", elt or TVar())


def TArray(elt=None, num_dims=1):
    """Return the type of an array of `num_dims` axes."""
    return _Type("TArray", elt or TVar(), num_dims)


TNone = _Type("TNone")
TBool = _Type("TBool")
TInt32 = _Type("TInt32")
TInt64 = _Type("TInt64")
TFloat = _Type("TFloat")
TStr = _Type("TStr")
TBytes = _Type("TBytes")
TByteArray = _Type("TByteArray")
TRange32 = _Type("TRange32")
TRange64 = _Type("TRange64")
