"""What operators and names mean in a compiled kernel."""

from __future__ import annotations

import ast
import logging
import operator
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from artiq.language import core as language

from ccqed_ctrl.errors import ExperimentError

from .chips.words import signed32
from .time_manager import round_half_away

logger = logging.getLogger(__name__)

#: Frames up to the kernel's line: the warning, the operation, the kernel.
_STACK = 3


class KernelSemanticsWarning(UserWarning):
    """A kernel does something that a compiled kernel does differently."""


def _wrapped(value: Any, left: Any, right: Any) -> Any:
    """Return an integer result as the core device holds it: 32 bits unless int64."""
    if type(value) is not int or -0x80000000 <= value <= 0x7FFFFFFF:
        return value
    if signed32(left) != left or signed32(right) != right:
        return value  # a 64-bit operand makes the operation a 64-bit one
    result = signed32(value)
    message = (
        f"{value} does not fit into 32 bits and becomes {result} on the core device; "
        "use int64()"
    )
    _warn(message, _STACK + 1)
    return result


def _warn(message: str, level: int) -> None:
    """Warn of a kernel's line, but not of one in ARTIQ's drivers: they mean it."""
    if not sys._getframe(level - 1).f_globals["__name__"].startswith("artiq."):
        warnings.warn(message, KernelSemanticsWarning, stacklevel=level)


def _binary(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def operation(left: Any, right: Any) -> Any:
        return _wrapped(function(left, right), left, right)

    return operation


def _floor_divide(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def operation(left: Any, right: Any) -> Any:
        value = function(left, right)
        if not isinstance(value, (int, np.integer)) or value * right == left:
            return value
        if value >= 0:
            return value
        message = (
            f"{left} // {right} is {value + 1} on the core device, which truncates, "
            f"and {value} in Python"
        )
        _warn(message, _STACK)
        return value + 1

    return operation


#: Syntax of an operation to (name in rewritten code, function, its in-place form).
ARITHMETIC: dict[type[ast.operator], tuple[str, Any, Any]] = {
    kind: (f"__ccqed_{name}__", wrap(plain), wrap(in_place))
    for kind, name, wrap, plain, in_place in (
        (ast.Add, "add", _binary, operator.add, operator.iadd),
        (ast.Sub, "sub", _binary, operator.sub, operator.isub),
        (ast.Mult, "mul", _binary, operator.mul, operator.imul),
        (ast.LShift, "lshift", _binary, operator.lshift, operator.ilshift),
        (ast.Pow, "pow", _binary, operator.pow, operator.ipow),
        (ast.FloorDiv, "div", _floor_divide, operator.floordiv, operator.ifloordiv),
    )
}


def round_number(value: Any) -> int:
    """Round half away from zero, as `round` does on the core device."""
    return round_half_away(value)


def narrow(value: Any = 0) -> int:
    """Return `int32(value)`: truncated, then the low 32 bits."""
    return signed32(value)


class InterleaveGuard:
    """Stands for `with interleave`: delays only, as the compiler accepts it."""

    def __init__(self, rtio: Any) -> None:
        self._rtio = rtio

    def __enter__(self) -> None:
        self._rtio.interleaved += 1
        language.interleave.__enter__()

    def __exit__(self, *exception: object) -> None:
        language.interleave.__exit__(*exception)
        self._rtio.interleaved -= 1


def _log(*arguments: Any) -> None:
    logger.info("%s", " ".join(str(argument) for argument in arguments))


def _no_subkernel(*_arguments: Any, **_keywords: Any) -> None:
    message = "subkernels need a DRTIO satellite; the simulated core device has none"
    raise ExperimentError(message)


#: Names the compiler knows without import.
PRELUDE: dict[str, Any] = {
    "array": np.array,
    "at_mu": language.at_mu,
    "core_log": _log,
    "delay": language.delay,
    "delay_mu": language.delay_mu,
    "int32": narrow,
    "int64": np.int64,
    "interleave": language.interleave,
    "now_mu": language.now_mu,
    "parallel": language.parallel,
    "rtio_log": _log,
    "sequential": language.sequential,
    "subkernel_await": _no_subkernel,
    "subkernel_preload": _no_subkernel,
    "subkernel_recv": _no_subkernel,
    "subkernel_send": _no_subkernel,
}
