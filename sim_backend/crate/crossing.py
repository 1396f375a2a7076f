"""Exceptions on their way from a kernel to the host, with the text that ARTIQ gives."""

from __future__ import annotations

import builtins
import logging
import traceback
from typing import Any

#: By ARTIQ's name: laboratories filter their logs by it.
logger = logging.getLogger("artiq.coredevice.comm_kernel")

#: Integers that the text of a compiled exception can show, as {0}, {1} and {2}.
PARAMETERS = 3


#: What formatting raises where a text has other braces.
_UNFILLED = (LookupError, ValueError, AttributeError)


_DURING = "\nDuring handling of the above exception, another exception occurred:\n\n"


class Ended(BaseException):
    """Ends a kernel, past its handlers, because of an error of the host."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class CoreException:
    """What an exception was in the kernel: `artiq_core_exception` of the host's one."""

    def __init__(self, error: Exception) -> None:
        kind = type(error)
        self.name = _name(kind)
        #: 0 for the kinds that the core device has itself.
        self.id = int(not (_is_builtin(kind) or hasattr(kind, "artiq_builtin")))
        self.message = _message(error)
        self.params = _params(error)
        self.traceback = traceback.extract_tb(error.__traceback__)
        #: What its handlers raised, and theirs.
        self.later: list[CoreException] = []

    def __str__(self) -> str:
        told = [one._told() for one in (self, *self.later)]
        return "Core Device Traceback:\n" + _DURING.join(told)

    def _told(self) -> str:
        lines = "".join(self.traceback.format())
        text = _filled(self.message, self.params)
        return f"{lines}{self.name}({self.id}): {text}\n"


def made(kind: type[BaseException], *arguments: Any) -> BaseException:
    """Return an exception as a kernel makes it: its own `__init__` is not run."""
    error = kind.__new__(kind)
    error.args = arguments
    return error


def told(error: Exception) -> Exception:
    """Return the exception of a remote procedure call as its kernel sees it."""
    seen = made(type(error), str(error))
    if error.__cause__ is not None:
        seen.__cause__ = error.__cause__
    return seen.with_traceback(error.__traceback__)  # type: ignore[return-value]


def crossed(error: Exception, outer: BaseException | None = None) -> Exception:
    """Return what the host sees of an exception that a kernel did not catch.

    It is of the same type, made from the text alone, or a RuntimeError if it cannot be.
    If handlers raised others while it was handled, the host sees the first: so ARTIQ.
    `outer` is what the host was handling when it called the kernel.
    """
    error, *later = _since(error, outer)
    core_exception = CoreException(error)
    core_exception.later = [CoreException(one) for one in later]
    kind, text = type(error), core_exception.message
    try:
        text = text.format(*core_exception.params)
    except _UNFILLED:
        logger.error("Couldn't format exception message", exc_info=True)
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


def _since(error: Exception, outer: BaseException | None) -> list[Exception]:
    """Return the exceptions that a kernel was handling at its end, the first first."""
    chain = [error]
    while isinstance(earlier := chain[0].__context__, Exception):
        if earlier is outer:
            break
        chain.insert(0, earlier)
    return chain


def _name(kind: type) -> str:
    """Return an exception's name as ARTIQ has it."""
    if _is_builtin(kind):
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def _is_builtin(kind: type) -> bool:
    return kind in vars(builtins).values()


def _message(error: Exception) -> str:
    return str(error.args[0]) if error.args else _name(type(error))


def _params(error: Exception) -> list[int]:
    given = [item for item in error.args[1:] if hasattr(item, "__index__")]
    return [*map(int, given), 0, 0, 0][:PARAMETERS]


def _filled(message: str, params: list[int]) -> str:
    try:
        return message.format(*params)
    except _UNFILLED:
        return message
