"""Frames of a kernel's stack: how to leave one, and where an exception is caught.

By the kernel's own tables. References: the DWARF standard, "Call Frame Information";
the Linux Standard Base, "Exception Frames"; Itanium C++ ABI, "Exception Handling".
"""

from __future__ import annotations

import bisect
import io
import struct
from typing import Any, NamedTuple

from elftools.common.exceptions import DWARFError, ELFError
from elftools.dwarf.callframe import FDE
from elftools.elf.elffile import ELFFile

from .machine import RA, SP
from .memory import Memory

#: DWARF numbers of registers that a callee preserves: integers, then doubles.
SAVED = (8, 9, *range(18, 28))
SAVED_DOUBLES = tuple(32 + number for number in SAVED)
_WORD = 0xFFFFFFFF


class FrameError(Exception):
    """A kernel's tables of frames say what no firmware follows."""


class Frame(NamedTuple):
    """A function: its start, the table of its handlers (0: none), rows of its frame."""

    start: int
    handlers: int
    rows: list[tuple[int, dict[Any, Any]]]


class Frames:
    """The frames of one kernel, loaded at `base`."""

    def __init__(self, library: bytes, base: int, memory: Memory) -> None:
        self._memory, self._base = memory, base
        self._found: dict[int, Frame] = {}
        try:
            elf: Any = ELFFile(io.BytesIO(library))
            dwarf = elf.get_dwarf_info(relocate_dwarf_sections=False)
            entries = dwarf.EH_CFI_entries() if dwarf.has_EH_CFI() else []
            known = [e for e in entries if isinstance(e, FDE)]
        except (ELFError, DWARFError, ValueError, KeyError) as error:
            raise FrameError(f"its tables of frames cannot be read: {error}") from error
        self._entries = sorted(known, key=lambda e: e["initial_location"])
        self._starts = [e["initial_location"] for e in self._entries]

    def at(self, address: int) -> Frame | None:
        """Return the frame of the code at an address, None of code that has none."""
        offset = address - self._base
        number = bisect.bisect_right(self._starts, offset) - 1
        if number < 0:
            return None
        entry = self._entries[number]
        if offset >= self._starts[number] + entry["address_range"]:
            return None
        if number not in self._found:
            handlers = entry.lsda_pointer
            rows = entry.get_decoded().table or entry.cie.get_decoded().table
            self._found[number] = Frame(
                self._base + self._starts[number],
                self._base + handlers if handlers else 0,
                [(self._base + row["pc"], row) for row in rows],
            )
        return self._found[number]

    def leave(self, frame: Frame, registers: dict[int, int], address: int) -> bool:
        """Put the caller's registers in place; False if it cannot be told who it is.

        `registers` are by DWARF number, doubles as bits.
        """
        row = frame.rows[0][1]
        for start, rules in frame.rows:
            if start > address:
                break
            row = rules
        cfa = registers[row["cfa"].reg] + row["cfa"].offset & _WORD
        for number, rule in row.items():
            if not isinstance(number, int):
                continue
            if rule.type != "OFFSET":
                raise FrameError(f"its frames have a rule {rule.type}")
            form = "<I" if number < 32 else "<Q"
            (registers[number],) = self._memory.unpack(form, cfa + rule.arg & _WORD)
        registers[SP] = cfa
        return RA in row


class _Reader:
    """Numbers of a table in memory, one after the other."""

    def __init__(self, memory: Memory, address: int) -> None:
        self.memory, self.at = memory, address

    def take(self, form: str) -> int:
        value: int = self.memory.unpack("<" + form, self.at)[0]
        self.at += struct.calcsize("<" + form)
        return value

    def leb(self, *, signed: bool = False) -> int:
        result, shift, byte = 0, 0, 0x80
        while byte & 0x80:
            byte = self.take("B")
            result |= (byte & 0x7F) << shift
            shift += 7
        return result - (1 << shift) if signed and byte & 0x40 else result

    def pointer(self, encoding: int) -> int:
        """Return an encoded address; of those of types, 0 catches everything."""
        start, form = self.at, encoding & 0x0F
        if form not in _FORMS:
            raise FrameError(f"its handlers have addresses of the form {encoding:#x}")
        value = self.leb() if form == 1 else self.take(_FORMS[form])
        if value and encoding & 0x70 == _RELATIVE:
            value += start
        value &= _WORD
        return self.memory.word(value) if value and encoding & _INDIRECT else value


_FORMS = {0: "I", 1: "", 2: "H", 3: "I", 4: "Q", 9: "i", 10: "h", 11: "i", 12: "q"}
_WIDTHS = {0: 4, 2: 2, 3: 4, 4: 8}
_RELATIVE, _INDIRECT, _OMITTED = 0x10, 0x80, 0xFF


def landing_pad(memory: Memory, frame: Frame, address: int, wanted: int) -> int:
    """Return where an exception goes on that a call at `address` raised, or 0.

    `wanted` is the number of the exception's class.
    """
    read = _Reader(memory, frame.handlers)
    encoding = read.take("B")
    base = frame.start if encoding == _OMITTED else read.pointer(encoding)
    type_encoding, types = read.take("B"), 0
    if type_encoding != _OMITTED:
        offset = read.leb()
        types = read.at + offset
    sites = read.take("B")
    length = read.leb()
    actions = read.at + length
    while read.at < actions:
        start, size, pad = (read.pointer(sites) for _ in range(3))
        action = read.leb()
        if address < frame.start + start:
            break
        if address < frame.start + start + size:
            if not pad:
                return 0
            caught = not action or _catches(
                memory, actions + action - 1, types, type_encoding, wanted
            )
            return base + pad if caught else 0
    return 0


def _catches(
    memory: Memory, record: int, types: int, encoding: int, wanted: int
) -> bool:
    """Return whether a chain of actions catches a class, or cleans up after all."""
    cleans = False
    while True:
        read = _Reader(memory, record)
        number = read.leb(signed=True)
        here = read.at
        step = read.leb(signed=True)
        if number < 0:
            return cleans
        if number == 0:
            cleans = True
        else:
            width = _WIDTHS.get(encoding & 7)
            if width is None:
                raise FrameError(f"its handlers have types of the form {encoding:#x}")
            clause = _Reader(memory, types - number * width).pointer(encoding)
            if not clause or memory.word(clause) == wanted:
                return True
        if not step:
            return cleans
        record = here + step
