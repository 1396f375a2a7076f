"""Main memory of the emulated core device, and what lies where in it."""

from __future__ import annotations

import ctypes
import mmap
import struct
from typing import Any

#: As on a Kasli: where its memory begins, and how large it is.
RAM, RAM_SIZE = 0x40000000, 0x10000000
#: Of the firmware's part of it: rows of the cache, and output words that wait.
HEAP, HEAP_END = 0x42000000, 0x44000000
WORDS = 0x44000000
#: Reaching this address ends the emulation: Python has something to do.
EXIT = 0x45000000
#: Stubs of what Python does, the runtime, and exceptions in flight.
STUBS, RUNTIME, EXCEPTIONS = 0x45001000, 0x45010000, 0x45040000
#: Kernels begin here, as on a Kasli, and end at the last address; the stack grows down.
PAYLOAD, LAST = 0x45060000, 0x4FFFFFFF
STACK = 0x4FFFFFF0
PAGE = 4096


class MemoryAccessError(Exception):
    """An address outside the memory, which a kernel gave to its runtime."""


class Memory:
    """Main memory; pages that nobody touched cost nothing."""

    def __init__(self) -> None:
        self.map = mmap.mmap(-1, RAM_SIZE)
        self._view = ctypes.c_char.from_buffer(self.map)
        self.pointer = ctypes.addressof(self._view)

    def _at(self, address: int, size: int) -> int:
        offset = address - RAM
        if offset < 0 or size < 0 or offset + size > RAM_SIZE:
            raise MemoryAccessError(
                f"{size} bytes at {address:#010x} are not in the memory"
            )
        return offset

    def check(self, address: int, size: int) -> None:
        """Refuse what does not fit.

        Raises
        ------
        MemoryAccessError
            So many bytes are not there.
        """
        if size:
            self._at(address, size)

    def read(self, address: int, size: int) -> bytes:
        """Return bytes; none from anywhere."""
        if size == 0:
            return b""
        offset = self._at(address, size)
        return self.map[offset : offset + size]

    def write(self, address: int, data: bytes) -> None:
        """Store bytes; none to anywhere."""
        if data:
            offset = self._at(address, len(data))
            self.map[offset : offset + len(data)] = data

    def unpack(self, form: str, address: int) -> tuple[Any, ...]:
        """Return what a form of `struct` finds."""
        offset = self._at(address, struct.calcsize(form))
        return struct.unpack_from(form, self.map, offset)

    def pack(self, form: str, address: int, *values: Any) -> None:
        """Store values by a form of `struct`."""
        offset = self._at(address, struct.calcsize(form))
        struct.pack_into(form, self.map, offset, *values)

    def word(self, address: int) -> int:
        """Return the unsigned 32-bit word at an address."""
        word: int = self.unpack("<I", address)[0]
        return word

    def slice(self, address: int, size: int = 1) -> bytes:
        """Return what the slice {pointer, length} holds, of items of `size` bytes."""
        data, length = self.unpack("<Ii", address)
        return self.read(data, length * size)

    def text(self, address: int) -> bytes:
        """Return the text that ends with a zero."""
        start = self._at(address, 1)
        end = self.map.find(b"\0", start)
        return self.map[start : max(end, start)]


class Cell:
    """A signed number in the memory, read and written as `value`."""

    def __init__(self, memory: Memory, form: str, address: int) -> None:
        self._memory, self._form, self._address = memory, form, address

    @property
    def value(self) -> int:
        """What is there."""
        value: int = self._memory.unpack(self._form, self._address)[0]
        return value

    @value.setter
    def value(self, value: int) -> None:
        self._memory.pack(self._form, self._address, value)
