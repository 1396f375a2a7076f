"""A shared library of one object file that LLVM made: the runtime's linker.

Most relocations are left to the loader, which knows them; those within a section are
applied here. Reference: riscv-elf-psabi, "Relocations".
"""

from __future__ import annotations

import io
import struct
from typing import Any, NamedTuple

from elftools.elf.elffile import ELFFile

from .library import CALL_PLT, GOT_HI20, PCREL_LO12_I, RELATIVE, WORD
from .memory import PAGE

_CALL, _PCREL_HI20, _PCREL_LO12_S, _PCREL_WORD = 18, 23, 25, 57
_RELAX, _ALIGN = 51, 43
#: Form and sign of differences of labels: what is added to what is there.
_SUMS = {33: ("<B", 1), 34: ("<H", 1), 35: ("<I", 1)}
_SUMS |= {37: ("<B", -1), 38: ("<H", -1), 39: ("<I", -1)}
_SETS = {54: "<B", 55: "<H", 56: "<I"}

_HEADER, _PROGRAM, _SYMBOL, _RELA = 52, 32, 16, 12
_ALLOCATED = 2


class UnlinkableError(Exception):
    """An object file with what this linker does not do."""


class _Place(NamedTuple):
    """A symbol of the object file; its section is 0 where it is defined elsewhere."""

    name: str
    section: int
    address: int


class _Image:
    """The object's sections side by side, and what is left to relocate."""

    def __init__(self, data: bytes) -> None:
        elf: Any = ELFFile(io.BytesIO(data))
        sections: list[Any] = list(elf.iter_sections())
        kept = [s for s in sections if s["sh_flags"] & _ALLOCATED]
        self.bytes = bytearray(_HEADER + 2 * _PROGRAM)
        self.starts: dict[int, int] = {}
        self.sections: dict[str, tuple[int, int]] = {}
        empty = [s for s in kept if s["sh_type"] == "SHT_NOBITS"]
        for section in [s for s in kept if s not in empty]:
            self._pad(section["sh_addralign"])
            self.starts[sections.index(section)] = len(self.bytes)
            self.sections[section.name] = (len(self.bytes), section["sh_size"])
            self.bytes += section.data()
        self._pad(8)
        self.bss = len(self.bytes)
        for section in empty:
            self._pad(section["sh_addralign"])
            self.starts[sections.index(section)] = len(self.bytes)
            self.bytes += bytes(section["sh_size"])
        self._pad(8)
        self.end = len(self.bytes)
        self.places = [self._place(symbol) for symbol in elf.get_section_by_name(
            ".symtab").iter_symbols()]  # fmt: skip
        self.left: list[tuple[int, int, int, int]] = []
        entries = [
            (self.starts[section["sh_info"]] + one["r_offset"], one["r_info_type"],
             one["r_info_sym"], one["r_addend"])
            for section in sections
            if section["sh_type"] == "SHT_RELA" and section["sh_info"] in self.starts
            for one in section.iter_relocations()
        ]  # fmt: skip
        highs = {at: one for at, *one in entries if one[0] == _PCREL_HI20}
        for entry in entries:
            self._apply(*entry, highs)

    def _pad(self, alignment: int) -> None:
        self.bytes += bytes(-len(self.bytes) % max(alignment, 1))

    def _place(self, symbol: Any) -> _Place:
        section = symbol["st_shndx"]
        if section not in self.starts:
            return _Place(symbol.name, 0, 0)
        return _Place(symbol.name, section, self.starts[section] + symbol["st_value"])

    def _apply(
        self, at: int, kind: int, symbol: int, addend: int, highs: dict[int, Any]
    ) -> None:
        if kind in (_RELAX, _ALIGN):
            return
        place = self.places[symbol]
        if kind in (_CALL, CALL_PLT, GOT_HI20):
            self.left.append((at, CALL_PLT if kind == _CALL else kind, symbol, addend))
        elif kind in (PCREL_LO12_I, _PCREL_LO12_S) and place.address not in highs:
            self.left.append((at, kind, symbol, 0))
        elif kind == WORD and place.section:
            self.left.append((at, RELATIVE, 0, place.address + addend))
        elif kind == WORD and not addend:
            self.left.append((at, WORD, symbol, 0))
        elif place.section:
            self._resolve(at, kind, place, addend, highs)
        else:
            raise UnlinkableError(f"relocation {kind} of {place.name}")

    def _resolve(
        self, at: int, kind: int, place: _Place, addend: int, highs: dict[int, Any]
    ) -> None:
        """Apply what depends on distances within the image only."""
        target = place.address + addend
        if kind in (PCREL_LO12_I, _PCREL_LO12_S):
            _, other, more = highs[place.address]
            distance = self.places[other].address + more - place.address
            self._low(at, distance, store=kind == _PCREL_LO12_S)
        elif kind == _PCREL_HI20:
            self._change(at, 0xFFF, target - at + 0x800 & 0xFFFFF000)
        elif kind == _PCREL_WORD:
            self._store("<I", at, target - at)
        elif kind in _SUMS:
            form, sign = _SUMS[kind]
            (before,) = struct.unpack_from(form, self.bytes, at)
            self._store(form, at, before + sign * target)
        elif kind in _SETS:
            self._store(_SETS[kind], at, target)
        else:
            raise UnlinkableError(f"relocation {kind} of {place.name or 'a section'}")

    def _low(self, at: int, distance: int, *, store: bool) -> None:
        low = distance & 0xFFF
        if store:
            self._change(at, 0x1FFF07F, low >> 5 << 25 | (low & 31) << 7)
        else:
            self._change(at, 0xFFFFF, low << 20)

    def _change(self, at: int, kept: int, value: int) -> None:
        (word,) = struct.unpack_from("<I", self.bytes, at)
        self._store("<I", at, word & kept | value)

    def _store(self, form: str, at: int, value: int) -> None:
        size = 8 * struct.calcsize(form)
        struct.pack_into(form, self.bytes, at, value & (1 << size) - 1)


def link(data: bytes) -> bytes:
    """Return a shared library of one relocatable object file for RV32G.

    All that it defines is visible, labels included, which the loader looks up.

    Raises
    ------
    UnlinkableError
        It has relocations that have no place in position-independent code.
    """
    image = _Image(data)
    strings, symbols = bytearray(b"\0"), bytearray(_SYMBOL)
    marks = [_Place("__bss_start", 1, image.bss), _Place("_end", 1, image.end)]
    marks.append(_Place("_sstack_guard", 1, _guard(image)))
    for number, place in enumerate([*image.places[1:], *marks], 1):
        binding = 0x10 if place.name or place.section else 0
        section = 1 if place.section else 0
        symbols += struct.pack(
            "<IIIBBH", len(strings), place.address, 0, binding, 0, section
        )
        strings += _name(place, number).encode() + b"\0"
    relocations = b"".join(
        struct.pack("<IIi", at, symbol << 8 | kind, addend)
        for at, kind, symbol, addend in image.left
    )
    return _file(image, bytes(strings), bytes(symbols), relocations)


def _guard(image: _Image) -> int:
    """Return the first page after the image and its tables."""
    names = sum(len(place.name) + 8 for place in image.places)
    tables = _SYMBOL * (len(image.places) + 3) + _RELA * len(image.left) + names
    return -(-(image.end + tables + PAGE) // PAGE) * PAGE


def _name(place: _Place, number: int) -> str:
    # Labels of one name are many; the loader finds symbols by name.
    local = place.section and (not place.name or place.name.startswith((".L", "$")))
    return f".{number}" if local else place.name


def _file(image: _Image, strings: bytes, symbols: bytes, relocations: bytes) -> bytes:
    """Return the library: image, tables, and where the frames' descriptions are."""
    out = image.bytes
    at = {}
    for name, table in (
        ("symbols", symbols),
        # One bucket, and a chain for each symbol: only their number is of use.
        ("hash", struct.pack("<II", 1, len(symbols) // _SYMBOL)),
        ("relocations", relocations),
        ("strings", strings),
    ):
        at[name] = len(out)
        out += table + bytes(-len(table) % 4)
    dynamic = len(out)
    for tag, value in (
        (4, at["hash"]), (5, at["strings"]), (6, at["symbols"]), (10, len(strings)),
        (11, _SYMBOL), (7, at["relocations"]), (8, len(relocations)), (9, _RELA),
        (0, 0),
    ):  # fmt: skip
        out += struct.pack("<II", tag, value)
    loaded = len(out)
    names = b"\0.eh_frame\0.shstrtab\0"
    headers = loaded + len(names)
    frames, size = image.sections.get(".eh_frame", (0, 0))
    out += names
    out += struct.pack("<10I", *[0] * 10)
    out += struct.pack("<10I", 1, 1, _ALLOCATED, frames, frames, size, 0, 0, 4, 0)
    out += struct.pack("<10I", 11, 3, 0, 0, loaded, len(names), 0, 0, 1, 0)
    out[:_HEADER] = struct.pack(
        "<16sHHIIIIIHHHHHH", b"\x7fELF\x01\x01\x01", 3, 243, 1, 0, _HEADER, headers, 4,
        _HEADER, _PROGRAM, 2, 40, 3, 2,
    )  # fmt: skip
    programs = struct.pack("<8I", 1, 0, 0, 0, loaded, loaded, 7, PAGE)
    programs += struct.pack("<8I", 2, dynamic, dynamic, dynamic, 72, 72, 6, 4)
    out[_HEADER : _HEADER + 2 * _PROGRAM] = programs
    return bytes(out)
