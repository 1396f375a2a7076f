"""Values of a kernel in ARTIQ's wire protocol, to the host and back.

Layouts are those of a 32-bit device: pointers of four bytes, slices {pointer, length},
lists by pointer, arrays {pointer, length of each dimension}. Types are texts of one
letter and what they are made of, as ARTIQ's compiler writes them.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from .memory import Memory

_PRIMITIVES = {"b": 1, "i": 4, "I": 8, "f": 8}
_STRINGS = "sBA"
#: Bytes of {pointer, length}, and of a pointer.
_SLICE, _POINTER = 8, 4
#: A range is three numbers.
_RANGE = 3


class Reader(Protocol):
    """Where the host's bytes come from."""

    def take(self, count: int) -> bytes:
        """Return the next bytes."""

    def int32(self) -> int:
        """Return the next signed number."""


class Kind(NamedTuple):
    """A type; `dims` is that of an array."""

    letter: str
    parts: tuple[Kind, ...] = ()
    dims: int = 0

    @property
    def align(self) -> int:
        """Alignment in memory, bytes."""
        if self.letter in _PRIMITIVES:
            return _PRIMITIVES[self.letter]
        if self.letter in "tr":
            return max((part.align for part in self.parts), default=1)
        return 1 if self.letter == "n" else _POINTER

    @property
    def size(self) -> int:
        """Size in memory, bytes, padding included."""
        if self.letter in _PRIMITIVES:
            return _PRIMITIVES[self.letter]
        if self.letter == "t":
            size = 0
            for part in self.parts:
                size = _up(size, part.align) + part.size
            return _up(size, self.align)
        if self.letter == "r":
            return _RANGE * self.parts[0].size
        if self.letter == "a":
            return _POINTER * (1 + self.dims)
        return {"n": 0, "l": _POINTER, "O": _POINTER}.get(self.letter, _SLICE)


class Signature(NamedTuple):
    """Types of arguments and result of a call, and the result's as text."""

    arguments: tuple[Kind, ...]
    result: Kind
    text: bytes


def _up(address: int, align: int) -> int:
    return -(-address // align) * align


@lru_cache(maxsize=4096)
def signature(text: bytes) -> Signature:
    """Return what the text of a call's types says.

    Raises
    ------
    ValueError
        It is none.
    """
    arguments, colon, result = text.partition(b":")
    if not colon:
        raise ValueError(f"the types {text!r} of a call name no result")
    rest, kinds = bytearray(arguments), []
    while rest:
        kinds.append(_kind(rest))
    return Signature(tuple(kinds), _kind(bytearray(result)), result)


def _kind(text: bytearray) -> Kind:
    if not text:
        raise ValueError("the types of a call end too soon")
    letter = chr(text.pop(0))
    if letter in "ta" and not text:
        raise ValueError("the types of a call end too soon")
    if letter == "t":
        return Kind(letter, tuple(_kind(text) for _ in range(text.pop(0))))
    if letter == "a":
        dims = text.pop(0)
        return Kind(letter, (_kind(text),), dims)
    if letter in "lrk":
        return Kind(letter, (_kind(text),))
    if letter not in "nbiIfO" + _STRINGS:
        raise ValueError(f"there is no type {letter!r}")
    return Kind(letter)


# To the host


def request(memory: Memory, service: int, text: bytes, slots: Sequence[int]) -> bytes:
    """Return the body of a call: service, arguments at `slots`, type of the result."""
    known = signature(text)
    out = bytearray(struct.pack("<I", service))
    for kind, slot in zip(known.arguments, slots, strict=True):
        _send(memory, out, kind, slot)
    out += b"\0" + struct.pack("<i", len(known.text)) + known.text
    return bytes(out)


def _send(memory: Memory, out: bytearray, kind: Kind, address: int) -> int:
    """Append the value at an address; return the one after it."""
    address = _up(address, kind.align)
    out += kind.letter.encode()
    if kind.letter in _PRIMITIVES:
        out += memory.read(address, kind.size)
    elif kind.letter in _STRINGS:
        _text(out, memory.slice(address))
    elif kind.letter in "tr":
        if kind.letter == "t":
            out.append(len(kind.parts))
        where = address
        for part in kind.parts if kind.letter == "t" else kind.parts * _RANGE:
            where = _send(memory, out, part, where)
    elif kind.letter == "l":
        data, length = memory.unpack("<Ii", memory.word(address))
        out += struct.pack("<i", length)
        _send_items(memory, out, kind.parts[0], length, data)
    elif kind.letter == "a":
        data, *shape = memory.unpack(f"<I{kind.dims}i", address)
        out.append(kind.dims)
        out += struct.pack(f"<{kind.dims}i", *shape)
        _send_items(memory, out, kind.parts[0], math.prod(shape), data)
    elif kind.letter == "k":
        _text(out, memory.slice(address))
        _send(memory, out, kind.parts[0], address + _SLICE)
    elif kind.letter == "O":
        out += memory.read(memory.word(address), 4)
    return address + kind.size


def _text(out: bytearray, text: bytes) -> None:
    out += struct.pack("<i", len(text)) + text


def _send_items(
    memory: Memory, out: bytearray, kind: Kind, count: int, address: int
) -> None:
    out += kind.letter.encode()
    if kind.letter in _PRIMITIVES:
        out += memory.read(address, count * kind.size)
        return
    for _ in range(count):
        address = _send(memory, out, kind, address)


# From the host

#: Asks for memory by its size, and is sent the address.
Receiving = Iterator[int]


def receive(memory: Memory, reader: Reader, kind: Kind, address: int) -> Receiving:
    """Store a value at an address; a generator of the memory that it needs besides.

    Raises
    ------
    MemoryAccessError
        The kernel gave an address outside the memory.
    ValueError
        No type of a result.
    """
    yield from _receive(memory, reader, kind, address)


def _receive(memory: Memory, reader: Reader, kind: Kind, address: int):  # type: ignore[no-untyped-def]
    address = _up(address, kind.align)
    if kind.letter in _PRIMITIVES:
        memory.write(address, reader.take(kind.size))
    elif kind.letter in _STRINGS:
        length = _length(reader)
        data = (yield length) if length else 1
        memory.pack("<Ii", address, data, length)
        _fill(memory, reader, data, length)
    elif kind.letter in "tr":
        where = address
        for part in kind.parts if kind.letter == "t" else kind.parts * _RANGE:
            where = yield from _receive(memory, reader, part, where)
    elif kind.letter == "l":
        length, item = _length(reader), kind.parts[0]
        start = _up(_SLICE, item.align)
        block = yield start + length * item.size
        memory.pack("<I", address, block)
        memory.pack("<Ii", block, block + start, length)
        yield from _receive_items(memory, reader, item, length, block + start)
    elif kind.letter == "a":
        shape = [_length(reader) for _ in range(kind.dims)]
        memory.pack(f"<{kind.dims}i", address + _POINTER, *shape)
        size = math.prod(shape) * kind.parts[0].size
        block = (yield size) if size else 0
        memory.pack("<I", address, block)
        items = kind.parts[0], math.prod(shape), block
        yield from _receive_items(memory, reader, *items)
    elif kind.letter != "n":
        raise ValueError(f"a call has no result of type {kind.letter!r}")
    return address + kind.size


def _receive_items(  # type: ignore[no-untyped-def]
    memory: Memory, reader: Reader, kind: Kind, count: int, address: int
):
    if kind.letter in _PRIMITIVES:
        _fill(memory, reader, address, count * kind.size)
        return
    for _ in range(count):
        address = yield from _receive(memory, reader, kind, address)


def _length(reader: Reader) -> int:
    length = reader.int32()
    if length < 0:
        raise ValueError(f"a length of {length}")
    return length


def _fill(memory: Memory, reader: Reader, address: int, size: int) -> None:
    memory.check(address, size)  # before anything so large is waited for
    memory.write(address, reader.take(size))
