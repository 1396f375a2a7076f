"""Values between the host and kernels, as ARTIQ converts and refuses them.

In kernels an int is a 32-bit integer unless it does not fit; int64 is NumPy's. What
reaches the host has come over a wire: its integers are NumPy's, its lists are new.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from artiq.coredevice.comm_kernel import RPCReturnValueError

from ccqed_ctrl.errors import ExperimentError

from .annotations import BOOL, FLOAT, INT32, INT64, NONE, UNKNOWN, Signature, Type
from .chips.words import signed32

_EXACT: dict[str, type] = {
    "TNone": type(None),
    "TStr": str,
    "TBytes": bytes,
    "TByteArray": bytearray,
    "TRange32": range,
    "TRange64": range,
}
#: NumPy's code of an array's elements to their type.
_ELEMENTS = {"b1": BOOL, "i4": INT32, "i8": INT64, "f8": FLOAT}


class _MisfitError(Exception):
    """A value is not of a type."""


# To the kernel, when it starts


def arguments(
    called: str, known: Signature, given: Sequence[Any], keywords: dict[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments of an outermost kernel as they arrive in it.

    Raises
    ------
    ExperimentError
        One is not of the type its parameter is annotated with; ARTIQ's compiler refuses
        the call.
    """

    def converted(name: str, value: Any) -> Any:
        kind = known.types.get(name, UNKNOWN)
        try:
            return _quoted(kind, value)
        except _MisfitError as error:
            message = (
                f"{called} is given {name}={value!r}; it is annotated {kind.name} and "
                f"takes {error}"
            )
            raise ExperimentError(message) from None

    extra = [""] * (len(given) - len(known.parameters))
    names = [*known.parameters, *extra]
    listed = [converted(*item) for item in zip(names, given, strict=False)]
    return listed, {name: converted(name, value) for name, value in keywords.items()}


def _quoted(kind: Type, value: Any) -> Any:
    """Return a host's value as the compiler takes it into a kernel."""
    name = kind.name
    if isinstance(value, np.bool_):
        value = bool(value)
    elif type(value) is np.float64:
        value = float(value)
    if name == "TVar":
        if type(value) is tuple:
            return tuple(_quoted(UNKNOWN, item) for item in value)
        return value
    if name in {"TInt32", "TInt64"}:
        return _quoted_integer(name, value)
    if name in {"TList", "TTuple", "TArray"}:
        return _quoted_sequence(kind, value)
    wanted: type = _EXACT.get(name) or {"TFloat": float, "TBool": bool}[name]
    if not isinstance(value, wanted):
        raise _MisfitError(f"only {wanted.__name__}")
    return value


def _quoted_integer(name: str, value: Any) -> Any:
    own = np.int32 if name == "TInt32" else np.int64
    if type(value) is not int and not isinstance(value, own):
        raise _MisfitError(f"int or {own.__name__}")
    if name == "TInt32":
        return signed32(int(value))
    return np.int64(((int(value) + (1 << 63)) & ((1 << 64) - 1)) - (1 << 63))


def _quoted_sequence(kind: Type, value: Any) -> Any:
    if kind.name == "TTuple":
        if type(value) is not tuple or len(value) != len(kind.parts):
            raise _MisfitError(f"a tuple of {len(kind.parts)}")
        pairs = zip(kind.parts, value, strict=True)
        return tuple(_quoted(part, item) for part, item in pairs)
    part = kind.parts[0]
    if kind.name == "TList":
        if type(value) is not list:
            raise _MisfitError("a list")
        return [_quoted(part, item) for item in value]
    if not isinstance(value, np.ndarray) or value.ndim != kind.axes:
        raise _MisfitError(f"a numpy array of {kind.axes} axes")
    if part not in {UNKNOWN, _element(value)}:
        raise _MisfitError(f"elements that are {part.name}")
    return value


def _element(array: np.ndarray[Any, Any]) -> Type:
    return _ELEMENTS.get(f"{array.dtype.kind}{array.dtype.itemsize}", NONE)


# To the host


def received(value: Any, kind: Type | None = None) -> Any:
    """Return what the host receives of a kernel's value, annotated or not."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if type(value) is int:
        narrow = kind != INT64 and signed32(value) == value
        return np.int32(value) if narrow else np.int64(value)
    if type(value) is np.float64:
        return float(value)
    parts = kind.parts if kind is not None else ()
    if type(value) is tuple:
        kinds = parts if len(parts) == len(value) else (None,) * len(value)
        return tuple(map(received, value, kinds))
    if type(value) is list:
        return _received_list([received(item, *parts[:1]) for item in value])
    return value.copy() if isinstance(value, np.ndarray) else value


def _received_list(items: list[Any]) -> list[Any]:
    """Give the integers of a list one width; those of 32 bits arrive as int."""
    widths = {type(item) for item in items}
    if widths == {np.int32}:
        return [int(item) for item in items]
    if widths == {np.int32, np.int64}:
        return [np.int64(item) for item in items]
    return items


# To the kernel, from a function of the host


def answered(function: Callable[..., Any], kind: Type | None, value: Any) -> Any:
    """Return what a kernel gets of what a remote procedure call returned.

    Raises
    ------
    RPCReturnValueError
        The value is not of the type that the function is annotated with; without
        annotation that is None.
    """
    try:
        return _sent(NONE if kind is None else kind, value)
    except _MisfitError as error:
        written = "has no return annotation" if kind is None else f"is -> {kind.name}"
        message = (
            f"{function.__qualname__} returned {value!r} to a kernel, but {written}; "
            f"that takes {error}"
        )
        raise RPCReturnValueError(message) from None


def _sent(kind: Type, value: Any) -> Any:
    name = kind.name
    if name in {"TInt32", "TInt64"}:
        bits = 32 if name == "TInt32" else 64
        taken = (int, np.int32) if bits == 32 else (int, np.int32, np.int64)
        if not isinstance(value, taken) or not _fits(value, bits):
            raise _MisfitError(f"a {bits}-bit integer")
        return int(value) if bits == 32 else np.int64(value)
    if name == "TFloat":
        if not isinstance(value, float):
            raise _MisfitError("a float")
        return float(value)
    if name == "TBool":
        if not isinstance(value, bool):
            raise _MisfitError("a bool")
        return value
    if name in _EXACT:
        if not isinstance(value, _EXACT[name]) or (
            name == "TStr" and "\0" in str(value)
        ):
            raise _MisfitError("None" if name == "TNone" else f"{name}")
        return value
    return value if name == "TVar" else _sent_sequence(kind, value)


def _sent_sequence(kind: Type, value: Any) -> Any:
    if kind.name == "TTuple":
        if not isinstance(value, tuple) or len(value) != len(kind.parts):
            raise _MisfitError(f"a tuple of {len(kind.parts)}")
        return tuple(map(_sent, kind.parts, value))
    part = kind.parts[0]
    if kind.name == "TList":
        if not isinstance(value, list):
            raise _MisfitError("a list")
        return _sent_list(part, value)
    if not isinstance(value, np.ndarray) or value.ndim != kind.axes:
        raise _MisfitError(f"a numpy array of {kind.axes} axes")
    code = next((code for code, known in _ELEMENTS.items() if known == part), None)
    return value.copy() if code is None else value.astype(code)


def _sent_list(part: Type, value: list[Any]) -> list[Any]:
    """Return a list as ARTIQ packs it: simple elements are converted, not checked."""
    if part.name == "TBool":
        return [bool(item) for item in bytes(value)]
    if part.name == "TFloat":
        return [float(item) for item in value]
    if part.name in {"TInt32", "TInt64"}:
        bits = 32 if part.name == "TInt32" else 64
        whole = all(isinstance(item, (int, np.integer)) for item in value)
        if not whole or not all(_fits(item, bits) for item in value):
            raise _MisfitError(f"a list of {bits}-bit integers")
        return [int(item) if bits == 32 else np.int64(item) for item in value]
    return [_sent(part, item) for item in value]


def _fits(value: Any, bits: int) -> bool:
    return -(1 << (bits - 1)) <= int(value) < 1 << (bits - 1)
