"""Exceptions on their way from a kernel to the host, with the text that ARTIQ gives."""

from __future__ import annotations

import builtins
import traceback
from typing import Any

#: Integers that the text of a compiled exception can show, as {0}, {1} and {2}.
PARAMETERS = 3


class Ended(BaseException):
    """Ends a kernel, past its handlers, because of an error of the host."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class CoreException:
    """What an exception was in the kernel: `artiq_core_exception` of the host's one."""

    def __init__(self, error: Exception) -> None:
        self.name = _name(type(error))
        self.message = _message(error)
        self.params = _params(error)
        self.traceback = traceback.extract_tb(error.__traceback__)

    def __str__(self) -> str:
        lines = "".join(self.traceback.format())
        text = _filled(self.message, self.params)
        return f"Core Device Traceback:\n{lines}{self.name}: {text}\n"


def made(kind: type[BaseException], *arguments: Any) -> BaseException:
    """Return an exception as a kernel makes it: its own `__init__` is not run."""
    error = kind.__new__(kind)
    error.args = arguments
    return error


def told(error: Exception) -> Exception:
    """Return the exception of a remote procedure call as its kernel sees it."""
    seen = made(type(error), str(error))
    return seen.with_traceback(error.__traceback__)  # type: ignore[return-value]


def crossed(error: Exception) -> Exception:
    """Return what the host sees of an exception that a kernel did not catch.

    It is of the same type, made from the text alone, or a RuntimeError if it cannot be.
    """
    core_exception = CoreException(error)
    kind, text = type(error), _filled(core_exception.message, core_exception.params)
    if error.args != (text,) or hasattr(kind.__init__, "__code__"):
        try:
            seen = kind(text)
        except Exception as failure:  # as ARTIQ: whatever a constructor raises
            seen = RuntimeError(
                f"Exception type={kind}, which couldn't be reconstructed ({failure})"
            )
        seen.__cause__ = error.__cause__
        error = seen.with_traceback(error.__traceback__)
    error.artiq_core_exception = core_exception  # type: ignore[attr-defined]
    return error


def _name(kind: type) -> str:
    """Return an exception's name as ARTIQ has it."""
    if kind in vars(builtins).values():
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def _message(error: Exception) -> str:
    return str(error.args[0]) if error.args else _name(type(error))


def _params(error: Exception) -> list[int]:
    given = [item for item in error.args[1:] if hasattr(item, "__index__")]
    return [*map(int, given), 0, 0, 0][:PARAMETERS]


def _filled(message: str, params: list[int]) -> str:
    try:
        return message.format(*params)
    except (LookupError, ValueError, AttributeError):  # it has other braces
        return message
