"""Formatted texts of kernels, as C's `printf` reads its arguments on RV32."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence

from .memory import Memory

#: Registers that hold arguments after the format: a1 to a7.
_REGISTERS = 7
_DIRECTIVE = re.compile(r"%([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+))?(hh|h|ll|l|z)?(.)", re.S)


class _Arguments:
    """Words in registers, then on the stack."""

    def __init__(self, memory: Memory, registers: Sequence[int], stack: int) -> None:
        self._memory, self._registers, self._stack = memory, registers, stack
        self._next = 0

    def word(self) -> int:
        number, self._next = self._next, self._next + 1
        if number < _REGISTERS:
            return self._registers[number]
        return self._memory.word(self._stack + 4 * (number - _REGISTERS))

    def signed(self) -> int:
        value = self.word()
        return value - (value >> 31 << 32)

    def long(self) -> int:
        # A pair begins at an even register, a2 the first.
        self._next += (self._next + 1) % 2
        return self.word() | self.word() << 32


def formatted(memory: Memory, form: int, registers: Sequence[int], stack: int) -> str:
    """Return the text of a format at an address, with its arguments."""
    arguments = _Arguments(memory, registers, stack)
    text = memory.text(form).decode("utf8", "replace")
    return _DIRECTIVE.sub(lambda found: _one(found, memory, arguments), text)


def _one(found: re.Match[str], memory: Memory, arguments: _Arguments) -> str:
    flags, width, precision, size, letter = found.groups()
    if letter == "%":
        return "%"
    if width == "*":
        width = str(arguments.signed())
    if precision == "*":
        precision = str(max(arguments.signed(), 0))
    form = f"%{flags}{width or ''}"
    if letter == "s":
        at = arguments.word()
        known = precision is not None
        text = memory.read(at, int(precision)) if known else memory.text(at)
        return (form + "s") % text.decode("utf8", "replace")
    if precision is not None:
        form += "." + precision
    if letter in "eEfFgG":
        (value,) = struct.unpack("<d", struct.pack("<Q", arguments.long()))
        return (form + letter) % value
    if letter in "diuoxXcp":
        return _integer(form, letter, arguments, wide=size == "ll")
    return found.group()


def _integer(form: str, letter: str, arguments: _Arguments, *, wide: bool) -> str:
    value, bits = (arguments.long(), 64) if wide else (arguments.word(), 32)
    if letter == "c":
        return (form + "c") % chr(value & 0xFF)
    if letter == "p":
        return f"{value:#x}"
    if letter in "di":
        value -= value >> (bits - 1) << bits
    return (form + ("d" if letter == "u" else letter)) % value
