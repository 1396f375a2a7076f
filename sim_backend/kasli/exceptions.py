"""Exceptions of kernels: raised, nested, caught, raised again, and reported.

As ARTIQ's firmware does it, whose frames are left one by one, without a search first.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from .frames import SAVED, SAVED_DOUBLES, FrameError, Frames, landing_pad
from .machine import A0, A1, RA, SP, Machine, PanicError
from .memory import EXCEPTIONS, PAYLOAD, Memory

#: Exceptions that may be on their way at once, and entries of the backtrace kept.
MOST, MOST_FRAMES = 10, 128
#: The firmware's own list of classes, in its order.
NAMES: Final = (
    "RTIOUnderflow", "RTIOOverflow", "RTIODestinationUnreachable", "DMAError",
    "I2CError", "CacheError", "SPIError", "SubkernelError", "AssertionError",
    "AttributeError", "IndexError", "IOError", "KeyError", "NotImplementedError",
    "OverflowError", "RuntimeError", "TimeoutError", "TypeError", "ValueError",
    "ZeroDivisionError", "LinAlgError", "UnwrapNoneError", "CXPError",
)  # fmt: skip

#: A record: class, file, line, column, function, message (slices), three numbers.
_RECORD = "<I2III2I2I4x3q"
_SIZE = struct.calcsize(_RECORD)
_HEADS = EXCEPTIONS + _SIZE * (MOST + 1)
_TEXTS = _HEADS + 32 * (MOST + 1)
_LONGEST = 1024
#: The length that marks a text as the number of one of the host's.
HOSTS: Final = 0xFFFFFFFF
#: What stands in a message for a channel: its number and name.
_CHANNEL = b"{rtio_channel_info:0}"

#: A text of the memory, {pointer, length}.
Slice = tuple[int, int]


class RaisedError(Exception):
    """An exception that the firmware raises in the kernel.

    `message` is a text, or a number of the host's with the length `HOSTS`; `file` and
    `function` likewise, by default the firmware's.
    """

    def __init__(
        self,
        number: int,
        message: str | Slice,
        parameters: Sequence[int] = (),
        *,
        file: Slice | None = None,
        line: int = 0,
        column: int = 0,
        function: Slice | None = None,
    ) -> None:
        super().__init__(number, message)
        self.number, self.message, self.parameters = number, message, parameters
        self.file, self.line, self.column, self.function = file, line, column, function


class UncaughtError(Exception):
    """An exception left the kernel."""


@dataclass
class _Flight:
    """How far an exception has come: stack pointer, backtrace before and after it."""

    stack_pointer: int = 0
    initial: int = 0
    current: int = 0


class Exceptions:
    """The exceptions of the kernel that runs."""

    def __init__(self, machine: Machine) -> None:
        self._machine, self._memory = machine, machine.memory
        self.reset(b"")

    def reset(self, library: bytes) -> None:
        """Begin with a new kernel."""
        self._library = library
        self._frames: Frames | None = None
        self._slots: list[_Flight | None] = [None] * (MOST + 1)
        self._stack: list[int] = []
        self._backtrace: list[tuple[int, int]] = []

    # What kernels call: each returns where the CPU goes on.

    def raise_(self) -> int:
        """Raise the exception that a0 points to, which may be one that was caught."""
        (pointer,) = self._machine.get(A0)
        index, rest = divmod(pointer - EXCEPTIONS, _SIZE)
        if not rest and index in self._stack:
            self._stack.remove(index)
            self._stack.append(index)
            return self._unwind(index)
        return self._raise(self._memory.read(pointer, _SIZE))

    def raise_new(self, error: RaisedError) -> int:
        """Raise what the firmware does."""
        index = self._slots.index(None)
        message = error.message
        if isinstance(message, str):
            message = self._text(index, message)
        file = error.file or self._text(MOST + 1, "<simulated core device>")
        function = error.function or self._text(MOST + 2, "(firmware)")
        parameters = [*error.parameters, 0, 0, 0][:3]
        record = struct.pack(
            _RECORD, error.number, *file, error.line, error.column & HOSTS, *function,
            *message, *parameters,
        )  # fmt: skip
        return self._raise(record)

    def resume(self) -> int:
        """Go on with the exception last raised, after a cleanup."""
        if not self._stack:
            raise PanicError("no exception is on its way, and one is to go on")
        return self._unwind(self._stack[-1])

    def end_catch(self) -> None:
        """Forget the exception last raised, and those it overtook."""
        if not self._stack:
            raise PanicError("no exception is on its way, and one is to end")
        index = self._stack.pop()
        flight = self._slots[index] or _Flight()
        self._slots[index] = None
        while self._stack:
            index = self._stack[-1]
            before = self._slots[index] or _Flight()
            if before.stack_pointer >= flight.stack_pointer:
                break
            self._slots[index] = None
            self._stack.pop()
        outer = self._slots[self._stack[-1]] if self._stack else None
        del self._backtrace[outer.current if outer else 0 :]

    def _raise(self, record: bytes) -> int:
        if len(self._stack) >= MOST:
            return self._overflow()
        index = self._slots.index(None)
        self._memory.write(EXCEPTIONS + index * _SIZE, record)
        self._slots[index] = _Flight(initial=len(self._backtrace))
        self._stack.append(index)
        return self._unwind(index)

    def _overflow(self) -> int:
        message = self._text(MOST, "too many nested exceptions")
        nowhere = self._text(MOST + 1, "<simulated core device>")
        record = struct.pack(
            _RECORD, NAMES.index("RuntimeError"), *nowhere, 0, 0, *nowhere, *message,
            0, 0, 0,
        )  # fmt: skip
        self._memory.write(EXCEPTIONS + MOST * _SIZE, record)
        self._slots[MOST] = _Flight()
        self._stack.append(MOST)
        raise UncaughtError

    def _text(self, place: int, text: str) -> Slice:
        """Store a text that lives as long as the exception of that place."""
        at, data = _TEXTS + _LONGEST * place, text.encode()[:_LONGEST]
        self._memory.write(at, data)
        return at, len(data)

    def _unwind(self, index: int) -> int:
        """Leave frames until one catches or cleans up; return its landing pad."""
        if self._frames is None:
            self._frames = _frames(self._library, self._memory)
        machine, memory, flight = self._machine, self._memory, self._slots[index]
        wanted = memory.word(EXCEPTIONS + index * _SIZE)
        numbers = [RA, SP, *SAVED]
        registers = dict(zip(numbers, machine.get(*numbers), strict=True))
        registers |= {n: machine.get_bits(n - 32) for n in SAVED_DOUBLES}
        known = True
        while known and (frame := self._frames.at(registers[RA] - 1)):
            address, pointer = registers[RA], registers[SP]
            if flight and len(self._backtrace) < MOST_FRAMES:
                self._backtrace.append((address - PAYLOAD, pointer))
                flight.stack_pointer = pointer
                flight.current = len(self._backtrace)
            try:
                if frame.handlers and (
                    pad := landing_pad(memory, frame, address - 1, wanted)
                ):
                    registers[A0] = _HEADS + 32 * index
                    registers[A1] = EXCEPTIONS + index * _SIZE
                    self._install(registers)
                    return pad
                known = self._frames.leave(frame, registers, address - 1)
            except FrameError as error:
                raise PanicError(f"an exception cannot go on: {error}") from error
        raise UncaughtError

    def _install(self, registers: dict[int, int]) -> None:
        for number, value in registers.items():
            if number < 32:
                self._machine.set(number, value)
            else:
                self._machine.set_bits(number - 32, value)

    # The report

    def report(self, named: Callable[[int], str], async_errors: int) -> bytes:
        """Return what the host is told of exceptions that left the kernel."""
        out = bytearray(struct.pack("<i", len(self._stack)))
        for index in self._stack:
            out += self._reported(index, named)
        for index in self._stack:
            flight = self._slots[index] or _Flight()
            now = flight.stack_pointer, flight.initial, flight.current
            out += struct.pack("<III", *now)
        out += struct.pack("<i", len(self._backtrace))
        for address, pointer in self._backtrace:
            out += struct.pack("<II", address, pointer)
        return bytes(out) + bytes([async_errors])

    def _reported(self, index: int, named: Callable[[int], str]) -> bytes:
        (
            number, file, file_length, line, column, function, function_length,
            message, message_length, *parameters,
        ) = self._memory.unpack(_RECORD, EXCEPTIONS + index * _SIZE)  # fmt: skip
        text = _told(self._memory, message, message_length)
        if message_length != HOSTS and _CHANNEL in text:
            channel = f"0x{parameters[0]:04x}:{named(parameters[0])}"
            told = text[4:].replace(_CHANNEL, channel.encode())
            text = struct.pack("<i", len(told)) + told
        return (
            struct.pack("<I", number)
            + text
            + struct.pack("<3q", *parameters)
            + _told(self._memory, file, file_length)
            + struct.pack("<II", line, column)
            + _told(self._memory, function, function_length)
        )


def _told(memory: Memory, pointer: int, length: int) -> bytes:
    """Return a text for the host, or the number of one of its own."""
    if length == HOSTS:
        return struct.pack("<iI", -1, pointer)
    return struct.pack("<i", length) + memory.read(pointer, length)


def _frames(library: bytes, memory: Memory) -> Frames:
    try:
        return Frames(library, PAYLOAD, memory)
    except FrameError as error:
        raise PanicError(f"an exception cannot be raised: {error}") from error
