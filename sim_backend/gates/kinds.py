"""What a kernel's values are, as far as reading the source can tell.

A kind is None where it cannot. One name has one kind in a whole kernel, as the compiler
unifies all its uses; that makes the order of statements irrelevant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Kind:
    """A type of ARTIQ's compiler, or of a host value that has none there.

    `name` is bool, int (a literal: 32 or 64 bits as needed), int32, int64, float, str,
    none, list, array, tuple, range, dict, scan, instance or device; `parts` are the
    kinds of elements (one for a list, None where unknown), `of` an object of an
    experiment's class or the name of a driver's. An instance that may be one of several
    objects has all of them as its parts.
    """

    name: str
    parts: tuple[Any, ...] = ()
    of: Any = None

    @property
    def element(self) -> Kind | None:
        """The kind of a list's or array's elements."""
        return self.parts[0] if self.name in ("list", "array") and self.parts else None

    @property
    def objects(self) -> tuple[Any, ...]:
        """The objects that an instance, or a list's elements, may be."""
        kind = self.element or self
        return (kind.parts or (kind.of,)) if kind.name == "instance" else ()

    def __str__(self) -> str:
        if self.name == "instance":
            return f"a {self.of.cls.name}"
        if self.name == "device":
            return f"a driver {self.of}"
        if self.name in ("list", "array") and self.element is not None:
            return f"{self.name} of {self.element}"
        return self.name


BOOL, INT, INT32, INT64, FLOAT, STR, NONE = (
    Kind(name) for name in ("bool", "int", "int32", "int64", "float", "str", "none")
)
DICT, SCAN, RANGE = Kind("dict"), Kind("scan"), Kind("range")
#: Lists without items, and with unlike ones.
EMPTY, MIXED = Kind("list"), Kind("list", (Kind("mixed"),))
INTEGERS = frozenset({"int", "int32", "int64"})


class ClashError(Exception):
    """Two kinds cannot be one."""


def unify(first: Kind | None, second: Kind | None) -> Kind | None:
    """Return the kind that both are.

    Raises
    ------
    ClashError
        There is none.
    """
    if first is None or second is None or first == second:
        return second if first is None else first
    if INT in (first, second) and {first.name, second.name} <= INTEGERS:
        return second if first == INT else first
    if first.name != second.name or first.name == "device":
        raise ClashError  # drivers of one class are equal, and were returned above
    if first.name == "instance":
        return _one_class(first, second)
    if first.name == "tuple" and len(first.parts) != len(second.parts):
        raise ClashError
    if first.name in ("list", "array") and not (first.parts and second.parts):
        return first if first.parts else second
    return Kind(first.name, tuple(map(unify, first.parts, second.parts)))


def _one_class(first: Kind, second: Kind) -> Kind:
    if first.of.cls is not second.of.cls:
        raise ClashError
    objects = tuple(dict.fromkeys((*first.objects, *second.objects)))
    return Kind("instance", objects if len(objects) > 1 else (), first.of)


def together(kinds: list[Kind | None]) -> Kind | None:
    """Return what all of the kinds are, None if nothing is known of them.

    Raises
    ------
    ClashError
        They are not alike.
    """
    result: Kind | None = None
    for kind in kinds:
        result = unify(result, kind)
    return result


def stored(kind: Kind | None) -> Kind | None:
    """Return what a host value becomes as an attribute: integers take 32 bits."""
    if kind == INT:
        return INT32
    if kind is not None and kind.parts and kind.name != "instance":
        return Kind(kind.name, tuple(map(stored, kind.parts)))
    return kind
