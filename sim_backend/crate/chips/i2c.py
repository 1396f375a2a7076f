"""A Kasli's I2C bus, byte by byte: bus switches, memories of cards, expanders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from .words import bits

#: (address of the switch as 7 bits, its port), None for the trunk.
Branch = tuple[int, int] | None

ERASED = 0xFF
#: Bytes of a 24AA02, and of its write buffer, which wraps.
SIZE, PAGE = 256, 8


class I2cChip(Protocol):
    """One chip on the bus, addressed by its 8-bit address without the last bit."""

    address: int
    branch: Branch

    def begin(self, *, reading: bool) -> None:
        """Start a transfer to or from this chip."""

    def write(self, byte: int) -> bool:
        """Take a byte; return whether it is acknowledged."""

    def read(self) -> int:
        """Return the next byte."""


class I2cBus:
    """One bus with its switches; `spend` is called once per transfer."""

    def __init__(self, spend: Callable[[], None]) -> None:
        self._spend = spend
        self._switches: dict[int, BusSwitch] = {}
        self._chips: list[I2cChip] = []
        self._addressed: list[I2cChip] = []
        self._fresh = False

    def add_switch(self, address: int) -> None:
        """Put a bus switch at a 7-bit address, nothing connected."""
        if address not in self._switches:
            self._switches[address] = BusSwitch(address << 1)
            self.add(self._switches[address])

    def add(self, chip: I2cChip) -> None:
        """Put a chip on its branch."""
        self._chips.append(chip)

    def select(self, address: int, mask: int) -> bool:
        """Connect ports of a switch by 7-bit address; False if there is none."""
        self._spend()
        return address in self._switches and self._switches[address].write(mask & 0xFF)

    def start(self) -> None:
        """Begin a transfer, or begin it again."""
        self._fresh = True
        self._addressed = []

    def stop(self) -> None:
        """End a transfer."""
        self._spend()
        self._fresh = False
        self._addressed = []

    def write(self, byte: int) -> bool:
        """Take a byte; return whether someone acknowledges it."""
        byte &= 0xFF
        if not self._fresh:
            answers = [chip.write(byte) for chip in self._addressed]
            return True in answers
        self._fresh = False
        self._addressed = [
            chip
            for chip in self._chips
            if chip.address == byte & 0xFE and self._connected(chip.branch)
        ]
        for chip in self._addressed:
            chip.begin(reading=bool(byte & 1))
        return bool(self._addressed)

    def read(self) -> int:
        """Return the next byte; lines that nobody pulls are high."""
        byte = 0xFF
        for chip in self._addressed:
            byte &= chip.read()
        return byte

    def _connected(self, branch: Branch) -> bool:
        if branch is None:
            return True
        address, port = branch
        switch = self._switches.get(address)
        return switch is not None and bool(bits(switch.mask, port, 1))


class BusSwitch:
    """A PCA9548: what is written connects its eight ports, and reads back."""

    branch: Branch = None

    def __init__(self, address: int) -> None:
        self.address = address
        self.mask = 0

    def begin(self, *, reading: bool) -> None:
        """Do nothing: there is one register."""

    def write(self, byte: int) -> bool:
        """Connect ports."""
        self.mask = byte
        return True

    def read(self) -> int:
        """Return which ports are connected."""
        return self.mask


class Eeprom:
    """A 24AA02 of a card; reads as erased where nothing was written."""

    def __init__(self, address: int, branch: Branch) -> None:
        self.address, self.branch = address, branch
        self._contents = bytearray([ERASED] * SIZE)
        self._pointer, self._pointed = 0, False

    def begin(self, *, reading: bool) -> None:
        """Start a transfer; one that writes names the place first."""
        self._pointed = reading

    def write(self, byte: int) -> bool:
        """Take the place, then contents."""
        if self._pointed:
            self._contents[self._pointer] = byte
            page = self._pointer & ~(PAGE - 1)
            self._pointer = page | (self._pointer + 1) & (PAGE - 1)
        else:
            self._pointer, self._pointed = byte, True
        return True

    def read(self) -> int:
        """Return the next byte of the contents."""
        byte = self._contents[self._pointer]
        self._pointer = (self._pointer + 1) % SIZE
        return byte


class Pcf8574a:
    """Eight quasi-bidirectional pins; `changed(pins)` when they are set."""

    branch: Branch = None

    def __init__(self, address: int, changed: Callable[[int], None]) -> None:
        self.address = address
        self._changed = changed
        self._pins = 0xFF

    def begin(self, *, reading: bool) -> None:
        """Do nothing: there are no registers to choose from."""

    def write(self, byte: int) -> bool:
        """Set the pins."""
        self._pins = byte
        self._changed(byte)
        return True

    def read(self) -> int:
        """Return the pins; nothing outside pulls them."""
        return self._pins


class Tca6424a:
    """Twenty-four pins behind registers; `changed(outputs)` when they are set.

    Pins whose direction is input read as high, and are high in `outputs`.
    """

    branch: Branch = None
    _OUTPUT, _DIRECTION = 0x04, 0x0C

    def __init__(self, address: int, changed: Callable[[int], None]) -> None:
        self.address = address
        self._changed = changed
        self._registers = {
            **dict.fromkeys(range(self._OUTPUT, self._OUTPUT + 3), 0xFF),
            **dict.fromkeys(range(self._DIRECTION, self._DIRECTION + 3), 0xFF),
        }
        self._pointer, self._stepping, self._pointed = 0, False, False

    def begin(self, *, reading: bool) -> None:
        """Start a transfer; one that writes names the register first."""
        self._pointed = reading

    def write(self, byte: int) -> bool:
        """Take the register, then its value and those of the next ones."""
        if not self._pointed:
            self._pointer, self._stepping = bits(byte, 0, 7), bool(byte >> 7)
            self._pointed = True
            return True
        self._registers[self._pointer] = byte
        self._advance()
        self._changed(self._levels())
        return True

    def read(self) -> int:
        """Return a register, or the levels of the pins."""
        if self._pointer < 3:
            value = self._levels() >> 8 * self._pointer & 0xFF
        else:
            value = self._registers.get(self._pointer, 0)
        self._advance()
        return value

    def _advance(self) -> None:
        if self._stepping:
            bank = self._pointer & ~3
            self._pointer = bank | (self._pointer - bank + 1) % 3

    def _levels(self) -> int:
        levels = 0
        for port in range(3):
            output = self._registers[self._OUTPUT + port]
            inputs = self._registers[self._DIRECTION + port]
            levels |= ((output | inputs) & 0xFF) << 8 * port
        return levels
