"""PYON version 1: Python-like text, as files before ARTIQ 9 hold it. Read only.

The text is parsed, never evaluated: a hostile file is an error, nothing more.
"""

import ast
import base64
import math
from collections import OrderedDict
from fractions import Fraction
from pathlib import Path

import numpy as np


def _array(shape, dtype, data):
    return np.ndarray(shape, dtype, bytearray(base64.b64decode(data)))


def _scalar(dtype, data):
    return np.frombuffer(base64.b64decode(data), dtype)[0]


_NAMES = {
    "null": None,
    "true": True,
    "false": False,
    "nan": math.nan,
    "inf": math.inf,
}
_CALLS = {
    "slice": slice,
    "Fraction": Fraction,
    "OrderedDict": OrderedDict,
    "nparray": _array,
    "npscalar": _scalar,
    "set": set,
}
_SEQUENCES = {ast.Tuple: tuple, ast.List: list, ast.Set: set}


def _number(node):
    value = _value(node)
    if isinstance(value, bool) or not isinstance(value, int | float | complex):
        raise ValueError(f"not a number: {ast.unparse(node)}")
    return value


def _operation(node):
    """Return a signed number, or a complex one written as a sum."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        value = _number(node.operand)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        real, imaginary = _number(node.left), _number(node.right)
        if isinstance(imaginary, complex):
            return (
                real + imaginary if isinstance(node.op, ast.Add) else real - imaginary
            )
    raise ValueError(f"not PYON: {ast.unparse(node)}")


def _call(node):
    name = node.func.id if isinstance(node.func, ast.Name) else None
    if name not in _CALLS or node.keywords:
        raise ValueError(f"not PYON: {ast.unparse(node)}")
    return _CALLS[name](*(_value(argument) for argument in node.args))


def _value(node):
    if isinstance(node, ast.Constant) and node.value is not ...:
        return node.value
    if isinstance(node, ast.Name) and node.id in _NAMES:
        return _NAMES[node.id]
    if type(node) in _SEQUENCES:
        return _SEQUENCES[type(node)](_value(item) for item in node.elts)
    if isinstance(node, ast.Dict) and None not in node.keys:
        pairs = zip(node.keys, node.values, strict=True)
        return {_value(key): _value(item) for key, item in pairs}
    if isinstance(node, ast.Call):
        return _call(node)
    return _operation(node)


def decode(s):
    """Return the value of PYON text.

    Raises
    ------
    ValueError
        The text is anything else.
    """
    try:
        return _value(ast.parse(s.strip(), mode="eval").body)
    except (SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(f"not PYON: {s[:80]!r} ({error})") from error


def load_file(filename):
    """Return the value of a file."""
    return decode(Path(filename).read_text(encoding="utf-8"))
