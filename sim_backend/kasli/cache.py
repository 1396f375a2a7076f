"""Rows of integers that outlive kernels, in the device's memory."""

from __future__ import annotations

from dataclasses import dataclass

from .machine import PanicError
from .memory import HEAP, HEAP_END, Memory

_HEAD = 8


class CacheBusyError(Exception):
    """A row that the kernel has borrowed cannot be replaced."""


@dataclass
class _Row:
    """Where a row stands, bytes there are for it, whether the kernel has it."""

    address: int
    room: int
    borrowed: bool = False


class Cache:
    """Rows {pointer, length} by name; a kernel is given the row itself."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._rows: dict[bytes, _Row] = {}
        self._end = HEAP

    def get(self, key: bytes) -> int:
        """Return the address of a row, empty if there is none; it is borrowed."""
        if key not in self._rows:
            self._store(key, b"")
        self._rows[key].borrowed = True
        return self._rows[key].address

    def put(self, key: bytes, values: bytes) -> None:
        """Store a row of 32-bit integers.

        Raises
        ------
        CacheBusyError
            The kernel has borrowed the row, which is not empty.
        PanicError
            The cache is full.
        """
        row = self._rows.get(key)
        if row and row.borrowed and self._memory.word(row.address + 4):
            raise CacheBusyError("cannot put into a busy cache row")
        self._store(key, values)

    def unborrow(self) -> None:
        """Take back the rows: the kernel has ended."""
        for row in self._rows.values():
            row.borrowed = False

    def _store(self, key: bytes, values: bytes) -> None:
        row = self._rows.get(key)
        if row is None or row.room < len(values):
            room = max(64, 1 << (len(values) - 1).bit_length()) if values else 64
            if self._end + _HEAD + room > HEAP_END:
                raise PanicError("the cache of the simulated core device is full")
            row = self._rows[key] = _Row(self._end, room)
            self._end += _HEAD + room
        data = row.address + _HEAD
        self._memory.pack("<II", row.address, data, len(values) // 4)
        self._memory.write(data, values)
