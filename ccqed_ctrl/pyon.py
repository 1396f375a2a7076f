"""Reading PYON, ARTIQ's text form of Python and NumPy values, both versions.

Version 2 (ARTIQ 9) is JSON, what JSON lacks written as
``{"__jsonclass__": [name, arguments]}``; version 1 is Python-like text. Either is
parsed, never evaluated: a hostile text is an error, nothing more.
"""

from __future__ import annotations

import ast
import base64
import json
import math
from collections import OrderedDict
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

#: The key that marks what JSON lacks.
MARK: Final = "__jsonclass__"

#: Bits of a Fraction's integers; their common divisor takes the square of the length.
_LONGEST_INTEGER: Final = 2**14

#: What hostile text makes parsers and constructors raise.
_REFUSALS = (ArithmeticError, MemoryError, RecursionError, SyntaxError, TypeError)


def read(text: str) -> Any:
    """Return the value of PYON text or of a Python literal, else the text itself."""
    for reader in (decode, ast.literal_eval):
        try:
            return reader(text)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            continue
    return str(text)


def decode(text: str) -> Any:
    """Return the value of PYON text of either version.

    Raises
    ------
    ValueError
        The text is anything else.
    """
    try:
        return decode_v2(text)
    except json.JSONDecodeError:
        return decode_v1(text)
    except (*_REFUSALS, ValueError) as error:
        raise _refused(text, error) from error


def decode_v2(text: str, **options: Any) -> Any:
    """Return the value of version 2 text; `options` go to `json.loads`.

    Raises
    ------
    json.JSONDecodeError
        Not JSON, so not version 2.
    TypeError, ValueError
        JSON that is not PYON, as sipyco raises them.
    """
    return json.loads(text, object_hook=_unmark, **options)


def decode_v1(text: str) -> Any:
    """Return the value of version 1 text.

    Raises
    ------
    ValueError
        Not version 1.
    """
    try:
        return _value(ast.parse(text.strip(), mode="eval").body)
    except (*_REFUSALS, ValueError) as error:
        raise _refused(text, error) from error


def _refused(text: str, error: Exception) -> ValueError:
    return ValueError(f"not PYON: {text[:80]!r} ({str(error)[:80]})")


def _bytes(content: str | bytes) -> bytes:
    return base64.b64decode(content)


def _array(shape: Any, name: str, content: str | bytes) -> NDArray[Any]:
    dtype = np.dtype(name)
    # The bytes of an object are an address: NumPy would follow it.
    if dtype.hasobject:
        raise TypeError(f"arrays of Python objects are not PYON decodable: {name!r}")
    # A bytearray, so that the array can be changed.
    return np.frombuffer(bytearray(_bytes(content)), dtype).reshape(shape)


def _scalar(name: str, content: str | bytes) -> Any:
    return _array((), name, content)[()]


def _fraction(numerator: int, denominator: int) -> Fraction:
    # Fraction takes text as well, and "1e999999999" would take it days.
    if type(numerator) is not int or type(denominator) is not int:
        raise TypeError("a Fraction has two integers")
    if max(numerator.bit_length(), denominator.bit_length()) > _LONGEST_INTEGER:
        raise ValueError(f"a Fraction's integers have at most {_LONGEST_INTEGER} bits")
    return Fraction(numerator, denominator)


_SHARED: dict[str, Callable[..., Any]] = {
    "set": set,
    "slice": slice,
    "Fraction": _fraction,
    "OrderedDict": OrderedDict,
    "nparray": _array,
    "npscalar": _scalar,
}
_MARKED = _SHARED | {
    "tuple": tuple,
    "dict": dict,
    "complex": complex,
    "bytes": _bytes,
}


def _unmark(found: dict[str, Any]) -> Any:
    if MARK not in found:
        return found
    name, arguments = found[MARK]
    if name not in _MARKED:
        raise TypeError(f"{name!r} is not PYON decodable")
    return _MARKED[name](*arguments)


_NAMES = {"null": None, "true": True, "false": False, "nan": math.nan, "inf": math.inf}


def _number(node: ast.expr) -> complex:
    value = _value(node)
    if isinstance(value, bool) or not isinstance(value, int | float | complex):
        raise ValueError(f"not a number: {ast.unparse(node)}")
    return value


def _operation(node: ast.expr) -> complex:
    """Return a signed number, or a complex one written as a sum."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        value = _number(node.operand)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        real, imaginary = _number(node.left), _number(node.right)
        if isinstance(imaginary, complex):
            added = isinstance(node.op, ast.Add)
            return real + imaginary if added else real - imaginary
    raise ValueError(f"not PYON: {ast.unparse(node)}")


def _call(node: ast.Call) -> Any:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name not in _SHARED or node.keywords:
        raise ValueError(f"not PYON: {ast.unparse(node)}")
    return _SHARED[name](*(_value(argument) for argument in node.args))


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant) and node.value is not ...:
        return node.value
    if isinstance(node, ast.Name) and node.id in _NAMES:
        return _NAMES[node.id]
    if isinstance(node, ast.Tuple):
        return tuple(_value(item) for item in node.elts)
    if isinstance(node, ast.List):
        return [_value(item) for item in node.elts]
    if isinstance(node, ast.Set):
        return {_value(item) for item in node.elts}
    if isinstance(node, ast.Dict) and None not in node.keys:
        pairs = zip(node.keys, node.values, strict=True)
        return {_value(key): _value(item) for key, item in pairs if key is not None}
    if isinstance(node, ast.Call):
        return _call(node)
    return _operation(node)
