"""I2C chips: `artiq.coredevice.i2c`, by the CPU and outside RTIO."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from artiq.coredevice.exceptions import I2CError
from artiq.language.core import kernel

from ..chips.i2c import I2cBus
from .core import Core


def write_many(bus: I2cBus, address: int, place: int, data: Iterable[int]) -> None:
    """Send bytes to a place in a chip.

    Raises
    ------
    I2CError
        The chip does not acknowledge.
    """
    bus.start()
    try:
        _acknowledged(bus.write(address), "bus address")
        _acknowledged(bus.write(place), "data address")
        for byte in data:
            _acknowledged(bus.write(byte), "write data")
    finally:
        bus.stop()


def read_many(bus: I2cBus, address: int, place: int, count: int) -> bytes:
    """Return bytes from a place in a chip.

    Raises
    ------
    I2CError
        The chip does not acknowledge.
    """
    bus.start()
    try:
        _acknowledged(bus.write(address), "bus address")
        _acknowledged(bus.write(place), "data address")
        bus.start()
        _acknowledged(bus.write(address | 1), "bus read address")
        return bytes(bus.read() for _ in range(count))
    finally:
        bus.stop()


def _acknowledged(yes: bool, what: str) -> None:
    if not yes:
        raise I2CError(f"failed to ack {what}")


class _OnBus:
    """A chip at an address of one of the core device's buses."""

    def __init__(self, dmgr: Any, busno: int, address: int, core_device: str) -> None:
        self.core: Core = dmgr.get(core_device)
        self.busno, self.address = busno, address

    @property
    def _bus(self) -> I2cBus:
        return self.core.board.bus(self.busno)


class I2CSwitch(_OnBus):
    """Bus switch."""

    def __init__(
        self,
        dmgr: Any,
        busno: int = 0,
        address: int = 0xE8,
        core_device: str = "core",
    ) -> None:
        super().__init__(dmgr, busno, address, core_device)

    @kernel
    def set(self, channel: int) -> None:
        """Connect one branch of the bus."""
        self._select(1 << channel)

    @kernel
    def unset(self) -> None:
        """Connect no branch."""
        self._select(0)

    def _select(self, mask: int) -> None:
        if not self._bus.select(self.address >> 1, mask):
            raise I2CError("failed to ack bus switch")


class PCF8574A(_OnBus):
    """Expander with eight quasi-bidirectional pins."""

    def __init__(
        self,
        dmgr: Any,
        busno: int = 0,
        address: int = 0x7C,
        core_device: str = "core",
    ) -> None:
        super().__init__(dmgr, busno, address, core_device)

    @kernel
    def set(self, data: int) -> None:
        """Set the pins; high ones are inputs, too."""
        bus = self._bus
        bus.start()
        try:
            _acknowledged(bus.write(self.address), "address")
            _acknowledged(bus.write(data), "data")
        finally:
            bus.stop()

    @kernel
    def get(self) -> int:
        """Return the pins."""
        bus = self._bus
        bus.start()
        try:
            _acknowledged(bus.write(self.address | 1), "address")
            return bus.read()
        finally:
            bus.stop()


class TCA6424A(_OnBus):
    """Expander with twenty-four pins."""

    def __init__(
        self,
        dmgr: Any,
        busno: int = 0,
        address: int = 0x44,
        core_device: str = "core",
    ) -> None:
        super().__init__(dmgr, busno, address, core_device)

    @kernel
    def set(self, outputs: int) -> None:
        """Make all pins outputs, at the levels of a 24-bit word."""
        write_many(self._bus, self.address, 0x8C, bytes(3))
        levels = (outputs & 0xFFFFFF).to_bytes(3, "little")
        write_many(self._bus, self.address, 0x84, levels)
