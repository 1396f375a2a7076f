"""I2C chips: `artiq.coredevice.i2c`, by the CPU and outside RTIO."""

from __future__ import annotations

from artiq.coredevice.exceptions import I2CError
from artiq.language.core import kernel


def write_many(bus, address, place, data):
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


def read_many(bus, address, place, count):
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


def _acknowledged(yes, what):
    if not yes:
        raise I2CError(f"failed to ack {what}")


class _OnBus:
    """A chip at an address of one of the core device's buses."""

    def __init__(self, dmgr, busno, address, core_device):
        self.core = dmgr.get(core_device)
        self.busno, self.address = busno, address

    @property
    def _bus(self):
        return self.core.board.bus(self.busno)


class I2CSwitch(_OnBus):
    """Bus switch."""

    def __init__(self, dmgr, busno=0, address=0xE8, core_device="core"):
        super().__init__(dmgr, busno, address, core_device)

    @kernel
    def set(self, channel):
        """Connect one branch of the bus."""
        self._select(1 << channel)

    @kernel
    def unset(self):
        """Connect no branch."""
        self._select(0)

    def _select(self, mask):
        if not self._bus.select(self.address >> 1, mask):
            raise I2CError("failed to ack bus switch")


class PCF8574A(_OnBus):
    """Expander with eight quasi-bidirectional pins."""

    def __init__(self, dmgr, busno=0, address=0x7C, core_device="core"):
        super().__init__(dmgr, busno, address, core_device)

    @kernel
    def set(self, data):
        """Set the pins; high ones are inputs, too."""
        bus = self._bus
        bus.start()
        try:
            _acknowledged(bus.write(self.address), "address")
            _acknowledged(bus.write(data), "data")
        finally:
            bus.stop()

    @kernel
    def get(self):
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

    def __init__(self, dmgr, busno=0, address=0x44, core_device="core"):
        super().__init__(dmgr, busno, address, core_device)

    @kernel
    def set(self, outputs):
        """Make all pins outputs, at the levels of a 24-bit word."""
        write_many(self._bus, self.address, 0x8C, bytes(3))
        levels = (outputs & 0xFFFFFF).to_bytes(3, "little")
        write_many(self._bus, self.address, 0x84, levels)
