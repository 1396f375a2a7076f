"""Loading a kernel: what the firmware's own loader does with a shared library.

The relocations are those that it knows. References: the ELF specification, RISC-V
supplement (riscv-elf-psabi); the behaviour of ARTIQ's `libdyld`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

from .memory import LAST, Memory, MemoryAccessError

#: Finds what a library does not define itself, None where nobody does.
Resolve = Callable[[str], "int | None"]

_MAGIC = b"\x7fELF\x01\x01\x01".ljust(16, b"\0")
_SHARED, _RISCV, _DOUBLE_FLOAT = 3, 243, 4
_LOAD, _DYNAMIC = 1, 2
# Tags of the dynamic section.
_PLT_SIZE, _HASH, _STRINGS, _SYMBOLS, _RELA, _RELA_SIZE = 2, 4, 5, 6, 7, 8
_REL, _PLT = 17, 23
# Relocations.
NONE, WORD, RELATIVE, JUMP_SLOT = 0, 1, 3, 5
CALL_PLT, GOT_HI20, PCREL_LO12_I = 19, 20, 24

_GLOBAL, _ABSOLUTE = 1, 0xFFF1
_WORD = 0xFFFFFFFF


class LoadError(Exception):
    """A library that the device refuses."""


class Symbol(NamedTuple):
    """A symbol; its address is None where the library does not define it."""

    name: str
    address: int | None


class Relocation(NamedTuple):
    """An entry of a relocation table; `at` is in the image, from its base."""

    at: int
    kind: int
    symbol: int
    addend: int


class Library:
    """A shared library in the device's memory.

    Raises
    ------
    LoadError
        It is none for this CPU, does not fit, or needs what nobody has.
    """

    def __init__(
        self, data: bytes, base: int, memory: Memory, resolve: Resolve
    ) -> None:
        self.data, self.base = data, base
        self._memory, self._resolve = memory, resolve
        self._top = base
        try:
            dynamic = self._load(data)
            self._tags = self._dynamic(dynamic)
            self._table = self._read_symbols()
            self.symbols = {s.name: s.address for s in self._table if s.address}
            for start, size in ((_RELA, _RELA_SIZE), (_PLT, _PLT_SIZE)):
                self._relocate(start, size)
            self._clear()
        except (struct.error, MemoryAccessError) as error:
            raise LoadError(f"parse error: {error}") from error

    @property
    def end(self) -> int:
        """Where the page begins that guards the stack."""
        return self.symbols["_sstack_guard"]

    def _load(self, data: bytes) -> int:
        if data[:16] != _MAGIC or struct.unpack_from("<HH", data, 16) != (
            _SHARED, _RISCV,
        ):  # fmt: skip
            raise LoadError("not a shared library for current architecture")
        if struct.unpack_from("<I", data, 36)[0] != _DOUBLE_FLOAT:
            raise LoadError(
                "unexpected flags for shared library (wrong floating point ABI?)"
            )
        (offset,) = struct.unpack_from("<I", data, 28)
        size, count = struct.unpack_from("<HH", data, 42)
        dynamic = None
        for n in range(count):
            kind, start, address, _, length = struct.unpack_from(
                "<5I", data, offset + n * size
            )
            if kind == _LOAD:
                end = self.base + address + length
                if end > LAST or start + length > len(data):
                    raise LoadError("program header requests an out of bounds load")
                self._memory.write(self.base + address, data[start : start + length])
                self._top = max(self._top, end)
            elif kind == _DYNAMIC:
                dynamic = address
        if dynamic is None:
            raise LoadError("cannot find a dynamic header")
        return dynamic

    def _dynamic(self, start: int) -> dict[int, int]:
        tags: dict[int, int] = {}
        at = self.base + start
        while True:
            tag, value = self._memory.unpack("<II", at)
            if tag == 0:
                break
            tags[tag] = value
            at += 8
        if _REL in tags:
            raise LoadError("relocations with implicit addend are not supported")
        missing = {_HASH, _STRINGS, _SYMBOLS} - set(tags)
        if missing:
            raise LoadError(f"the dynamic header has no entry {min(missing)}")
        return tags

    def _read_symbols(self) -> list[Symbol]:
        memory, base = self._memory, self.base
        strings, symbols = base + self._tags[_STRINGS], base + self._tags[_SYMBOLS]
        # There are as many chains in the hash table as there are symbols.
        _, count = memory.unpack("<II", base + self._tags[_HASH])
        if symbols + 16 * count > self._top:
            raise LoadError("cannot read symbol table")
        table = []
        for n in range(count):
            name, value, _, info, _, section = memory.unpack(
                "<IIIBBH", symbols + 16 * n
            )
            address = None
            if section and info >> 4 == _GLOBAL:
                address = value if section == _ABSOLUTE else base + value & _WORD
            label = memory.text(strings + name).decode("utf8", "replace")
            table.append(Symbol(label, address))
        return table

    def _value(self, number: int) -> int:
        """Return the address of a symbol: the library's own first."""
        if not 0 < number < len(self._table):
            raise LoadError("relocation requires an associated symbol")
        name, address = self._table[number]
        if address is None:
            address = self._resolve(name)
        if address is None:
            raise LoadError(f"symbol lookup error: {name}")
        return address

    def _relocate(self, start: int, size: int) -> None:
        if start not in self._tags:
            return
        where = self.base + self._tags[start]
        end = where + self._tags.get(size, 0)
        if end > self._top:
            raise LoadError("cannot read rela entries")
        entries = []
        for at in range(where, end, 12):
            offset, info, addend = self._memory.unpack("<IIi", at)
            entries.append(Relocation(offset, info & 0xFF, info >> 8, addend))
        highs = {one.at: one for one in entries if one.kind == GOT_HI20}
        for one in entries:
            if one.kind != NONE:
                self._apply(one, highs)

    def _apply(self, one: Relocation, highs: dict[int, Relocation]) -> None:
        place = self.base + one.at
        if place + 4 > self._top:
            raise LoadError("relocation out of image bounds")
        if one.kind == RELATIVE:
            self._put(place, self.base + one.addend)
        elif one.kind in (WORD, JUMP_SLOT):
            self._put(place, self._value(one.symbol))
        elif one.kind in (CALL_PLT, GOT_HI20):
            self._high(place, self._value(one.symbol) + one.addend - place)
            if one.kind == CALL_PLT:
                self._low(place + 4, self._value(one.symbol) + one.addend - place)
        elif one.kind == PCREL_LO12_I:
            label = self._value(one.symbol)
            high = highs.get(label - self.base)
            if high is None:
                raise LoadError("corresponding HI20 relocation not found")
            # The address itself takes the place of its entry in a table: lw to addi.
            word = self._memory.word(place) & 0xF8F80 | 0x13
            self._put(place, word)
            self._low(place, self._value(high.symbol) - label)
        else:
            raise LoadError("unsupported relocation type")

    def _put(self, place: int, value: int) -> None:
        self._memory.pack("<I", place, value & _WORD)

    def _high(self, place: int, value: int) -> None:
        word = self._memory.word(place)
        self._put(place, word & 0xFFF | value + 0x800 & 0xFFFFF000)

    def _low(self, place: int, value: int) -> None:
        word = self._memory.word(place)
        self._put(place, word & 0xFFFFF | (value & 0xFFF) << 20)

    def _clear(self) -> None:
        for name in ("__bss_start", "_end", "_sstack_guard"):
            if name not in self.symbols:
                raise LoadError(f"symbol lookup error: {name}")
        start, end = self.symbols["__bss_start"], self.symbols["_end"]
        if not self.base <= start <= end <= self.end <= LAST:
            raise LoadError("program header requests an out of bounds load")
        self._memory.write(start, bytes(end - start))
