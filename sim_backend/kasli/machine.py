"""The kernel CPU: an RV32G in unicorn, with the memory of a Kasli.

What needs Python is a stub of three instructions: its number goes into t0, and it jumps
to `EXIT`, which ends the emulation. Python then acts with no frame of the emulator
beneath it, and starts the CPU again where the call returns, or at a landing pad. There
are no hooks.
"""

from __future__ import annotations

import ctypes
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from unicorn import UC_ARCH_RISCV, UC_MODE_RISCV32, UC_PROT_ALL, Uc, UcError
from unicorn import riscv_const as rv

from .library import Library
from .memory import (
    EXCEPTIONS,
    EXIT,
    PAGE,
    PAYLOAD,
    RAM,
    RAM_SIZE,
    RUNTIME,
    STACK,
    STUBS,
    Memory,
)

#: The register of the cursor: two words, the high one first, eight bytes apart.
NOW: Final = 0xE0002000
#: Both halves of the floating-point unit's state are on.
_FLOATS_ON: Final = 0x6000

X: Final = [rv.UC_RISCV_REG_X0 + n for n in range(32)]
F: Final = [rv.UC_RISCV_REG_F0 + n for n in range(32)]
RA, SP, T0, A0, A1 = 1, 2, 5, 10, 11
_PC: Final = rv.UC_RISCV_REG_PC
_WORD, _LONG = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF

#: What Python does for a stub: returns the address where the CPU goes on.
Handler = Callable[[], int]


class StoppedError(Exception):
    """The kernel was told to stop."""


class PanicError(Exception):
    """What firmware panics on: the kernel cannot go on."""


class Machine:
    """CPU, memory and runtime; kernels run on the calling thread.

    Parameters
    ----------
    runtime
        Library of what runs beside the kernel (`runtime.library`).
    calls
        What Python does, by the symbol that kernels know it by.
    """

    def __init__(self, runtime: bytes, calls: Sequence[str]) -> None:
        self.memory = Memory()
        self._cpu = Uc(UC_ARCH_RISCV, UC_MODE_RISCV32)
        self._cursor = bytearray(PAGE)
        self._page = (ctypes.c_char * PAGE).from_buffer(self._cursor)
        self._cpu.mem_map_ptr(NOW, PAGE, UC_PROT_ALL, ctypes.addressof(self._page))
        self._mapped: list[tuple[int, int]] = []
        self._handlers: list[Handler] = []
        self._stubs = {name: STUBS + 12 * n for n, name in enumerate(calls, 1)}
        for number, address in enumerate([STUBS, *self._stubs.values()]):
            code = number << 20 | 0x293, EXIT | 0x337, 0x30067
            self.memory.pack("<III", address, *code)
        self._symbols: Mapping[str, int] = {"now": NOW}
        self.runtime = Library(runtime, RUNTIME, self.memory, self.resolve)
        # Not its state and labels, nor what the linker adds.
        own = {n for n in self.runtime.symbols if n[0] not in "._" or n[:2] == "__"}
        own -= {"__bss_start"}
        self._symbols = {
            n: self.runtime.symbols[n] for n in sorted(own)
        } | self._symbols
        self._map(RAM + RAM_SIZE)
        self._cpu.reg_write(rv.UC_RISCV_REG_MSTATUS, _FLOATS_ON)
        self._stopping = threading.Event()
        self._running = False
        self.keep()

    def keep(self) -> None:
        """Keep the firmware as it is: each kernel finds it so."""
        self._firmware = self.memory.read(EXIT, EXCEPTIONS - EXIT)

    def attach(self, handlers: Mapping[str, Handler]) -> None:
        """Say what Python does for each call."""
        self._handlers = [handlers[name] for name in self._stubs]

    def resolve(self, name: str) -> int | None:
        """Return the address of a symbol that a kernel does not define."""
        return self._symbols.get(name, self._stubs.get(name))

    def load(self, data: bytes) -> Library:
        """Load a kernel.

        Raises
        ------
        LoadError
            The device refuses it.
        """
        self.memory.write(EXIT, self._firmware)
        library = Library(data, PAYLOAD, self.memory, self.resolve)
        self._map(library.end)
        self._cpu.ctl_flush_tb()
        return library

    def _map(self, guard: int) -> None:
        """Map the memory, but for the page that guards the stack."""
        for start, size in self._mapped:
            self._cpu.mem_unmap(start, size)
        above = min(guard + PAGE, RAM + RAM_SIZE)
        parts = (RAM, guard - RAM), (above, RAM + RAM_SIZE - above)
        self._mapped = [(start, size) for start, size in parts if size]
        for start, size in self._mapped:
            where = self.memory.pointer + start - RAM
            self._cpu.mem_map_ptr(start, size, UC_PROT_ALL, where)
        self._guard = guard

    # Registers

    def get(self, *numbers: int) -> list[int]:
        """Return integer registers, unsigned."""
        return [r & _WORD for r in self._cpu.reg_read_batch([X[n] for n in numbers])]

    def set(self, number: int, value: int) -> None:
        """Set an integer register."""
        self._cpu.reg_write(X[number], value & _WORD)

    def get_double(self, number: int) -> float:
        """Return a floating-point register."""
        value: float = struct.unpack("<d", struct.pack("<Q", self.get_bits(number)))[0]
        return value

    def set_double(self, number: int, value: float) -> None:
        """Set a floating-point register."""
        self.set_bits(number, *struct.unpack("<Q", struct.pack("<d", value)))

    def get_bits(self, number: int) -> int:
        """Return the bits of a floating-point register."""
        bits: int = self._cpu.reg_read(F[number]) & _LONG
        return bits

    def set_bits(self, number: int, bits: int) -> None:
        """Set the bits of a floating-point register."""
        self._cpu.reg_write(F[number], bits & _LONG)

    @property
    def now(self) -> int:
        """The cursor, mu."""
        high, low = struct.unpack_from("<i4xI", self._cursor)
        now: int = high << 32 | low
        return now

    @now.setter
    def now(self, value: int) -> None:
        struct.pack_into("<I4xI", self._cursor, 0, value >> 32 & _WORD, value & _WORD)

    # Running

    def run(self, entry: int, *arguments: int) -> None:
        """Run from `entry` until it returns; what handlers raise ends it.

        Raises
        ------
        PanicError
            The CPU met what it cannot go on from.
        StoppedError
            `stop` was called.
        """
        self.set(SP, STACK)
        self.set(RA, STUBS)
        for number, value in enumerate(arguments):
            self.set(A0 + number, value)
        self._stopping.clear()
        where = entry
        while where:
            where = self._until_exit(where)

    def _until_exit(self, where: int) -> int:
        """Emulate up to the next call of Python, do it; return where to go on or 0."""
        if self._stopping.is_set():
            raise StoppedError
        self._running = True
        try:
            self._cpu.emu_start(where, EXIT)
        except UcError as error:
            raise PanicError(self._trap(str(error))) from None
        finally:
            self._running = False
        reached, number = self._cpu.reg_read_batch([_PC, X[T0]])
        if reached & _WORD != EXIT:
            if self._stopping.is_set():
                raise StoppedError
            raise PanicError(self._trap("the CPU stands still"))
        if not number:
            return 0
        if not 0 < number <= len(self._handlers):
            raise PanicError(f"a jump into the firmware, to call {number}")
        return self._handlers[number - 1]()

    def stop(self) -> None:
        """Stop the CPU, from any thread; to be called until `run` has ended."""
        self._stopping.set()
        if self._running:
            self._cpu.emu_stop()

    def _trap(self, what: str) -> str:
        pc = self._cpu.reg_read(_PC) & _WORD
        (sp,) = self.get(SP)
        text = f"{what} at PC {pc:#010x} (kernel + {pc - PAYLOAD:#x}), SP {sp:#010x}"
        if self._guard - PAGE <= sp < self._guard + 2 * PAGE:
            text += "; stack overflow in user kernel code?"
        return text
