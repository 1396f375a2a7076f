"""ARTIQ's types as kernels and remote procedure calls are annotated with them."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from artiq.language import types


class Type(NamedTuple):
    """A type by the name of its annotation, with the types inside.

    `UNKNOWN` is what the compiler would infer. `axes` counts those of a TArray.
    """

    name: str
    parts: tuple[Type, ...] = ()
    axes: int = 1


UNKNOWN = Type("TVar")
NONE, BOOL, INT32, INT64, FLOAT = map(
    Type, ("TNone", "TBool", "TInt32", "TInt64", "TFloat")
)
_SIMPLE = (
    *("TNone", "TBool", "TInt32", "TInt64", "TFloat", "TStr", "TBytes", "TByteArray"),
    *("TRange32", "TRange64"),
)
_PYTHON: dict[Any, Type] = {
    None: NONE,
    bool: BOOL,
    np.int32: INT32,
    np.int64: INT64,
    float: FLOAT,
    str: Type("TStr"),
    bytes: Type("TBytes"),
    bytearray: Type("TByteArray"),
}


class Signature(NamedTuple):
    """Parameters in order, the types of those annotated, and the type returned."""

    parameters: tuple[str, ...]
    types: dict[str, Type]
    returns: Type | None


UNANNOTATED = Signature((), {}, None)


def signature(function: Callable[..., Any]) -> Signature:
    """Return what a function's annotations say; `returns` is None without one."""
    written = dict(getattr(function, "__annotations__", {}))
    scope = getattr(inspect.unwrap(function), "__globals__", {})
    returns = parse(written.pop("return"), scope) if "return" in written else None
    known = {name: parse(text, scope) for name, text in written.items()}
    code = getattr(inspect.unwrap(function), "__code__", None)
    names = () if code is None else code.co_varnames[: code.co_argcount]
    return Signature(
        names, {name: kind for name, kind in known.items() if kind != UNKNOWN}, returns
    )


def parse(annotation: Any, scope: dict[str, Any]) -> Type:
    """Return the type that an annotation means; `UNKNOWN` for what ARTIQ has not."""
    if isinstance(annotation, str):
        try:
            annotation = eval(annotation, scope)  # as ARTIQ's compiler does
        except Exception:  # whatever the text raises, it names no type
            return UNKNOWN
    for name in _SIMPLE:
        if annotation is getattr(types, name) or annotation == getattr(types, name):
            return Type(name)
    if annotation is None or isinstance(annotation, type):
        return _PYTHON.get(annotation, UNKNOWN)
    origin = typing.get_origin(annotation)
    if origin in {list, tuple}:
        name, inside = f"T{origin.__name__.title()}", typing.get_args(annotation)
    else:
        name, inside = _inside(annotation)
    if name == "TArray":
        return Type(name, (parse(inside[0], scope),), int(inside[1]))
    if name in {"TList", "TTuple"}:
        return Type(name, tuple(parse(part, scope) for part in inside))
    return UNKNOWN


def _inside(annotation: Any) -> tuple[str, tuple[Any, ...]]:
    """Take TList(...), TArray(...), TTuple([...]) apart, ARTIQ's or the stand-in's."""
    if hasattr(annotation, "parameters"):
        return annotation.name, annotation.parameters
    name = type(annotation).__name__
    if name == "TTuple":
        return name, tuple(annotation.elts)
    parameters = getattr(annotation, "params", {})
    if name == "TArray":
        return name, (parameters["elt"], parameters["num_dims"].find().value)
    return name, tuple(parameters.values())
