"""Memories of the cards: `artiq.coredevice.kasli_i2c`."""

from __future__ import annotations

from artiq.language.core import kernel

from ..cards import PORTS as port_mapping  # noqa: N811 - ARTIQ's name
from ..chips.words import signed32
from .i2c import read_many, write_many


class KasliEEPROM:
    """EEPROM of a card."""

    def __init__(
        self,
        dmgr,
        port,
        address=0xA0,
        busno=0,
        core_device="core",
        sw0_device="i2c_switch0",
        sw1_device="i2c_switch1",
    ):
        self.core = dmgr.get(core_device)
        self.sw0, self.sw1 = dmgr.get(sw0_device), dmgr.get(sw1_device)
        self.busno, self.address = busno, address
        self.port = port_mapping[port]

    @kernel
    def select(self):
        """Connect the bus to this card."""
        if self.port < 8:
            self.sw0.set(self.port)
            self.sw1.unset()
        else:
            self.sw0.unset()
            self.sw1.set(self.port - 8)

    @kernel
    def deselect(self):
        """Disconnect the bus."""
        self.sw0.unset()
        self.sw1.unset()

    @kernel
    def write_i32(self, addr, value):
        """Store a 32-bit word, most significant byte first."""
        self.select()
        try:
            data = signed32(value).to_bytes(4, signed=True)
            write_many(self.core.board.bus(self.busno), self.address, addr, data)
        finally:
            self.deselect()

    @kernel
    def read_i32(self, addr):
        """Return a 32-bit word."""
        self.select()
        try:
            bus = self.core.board.bus(self.busno)
            return int.from_bytes(read_many(bus, self.address, addr, 4), signed=True)
        finally:
            self.deselect()
