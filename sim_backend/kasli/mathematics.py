"""The mathematical functions of the firmware, by this computer's C library."""

from __future__ import annotations

import ctypes
import ctypes.util
from typing import Any

from .calls import Call

_LIBRARY = ctypes.CDLL(ctypes.util.find_library("m"))
_OF_ONE = (
    "acos", "acosh", "asin", "asinh", "atan", "atanh", "cbrt", "ceil", "cos", "cosh",
    "erf", "erfc", "exp", "expm1", "fabs", "floor", "j0", "j1", "lgamma", "log",
    "log10", "rint", "round", "sin", "sinh", "sqrt", "tan", "tanh", "y0", "y1",
)  # fmt: skip
_OF_TWO = ("atan2", "copysign", "fmod", "hypot", "nextafter", "pow")
#: Letters of the arguments, by name.
KINDS = {
    **dict.fromkeys(_OF_ONE, "f"),
    **dict.fromkeys(_OF_TWO, "ff"),
    "ldexp": "fi",
    "jn": "if",
    "yn": "if",
}
_TYPES = {"f": ctypes.c_double, "i": ctypes.c_int}


def calls() -> dict[str, Call]:
    """Return the functions by name."""
    return {name: Call("f", kinds, _function(name, kinds))
            for name, kinds in KINDS.items()}  # fmt: skip


def _function(name: str, kinds: str) -> Any:
    function = getattr(_LIBRARY, name)
    function.restype = ctypes.c_double
    function.argtypes = [_TYPES[kind] for kind in kinds]
    return function
