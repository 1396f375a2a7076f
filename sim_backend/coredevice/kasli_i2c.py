"""Memories of the cards: `artiq.coredevice.kasli_i2c`, fresh from the factory."""

from __future__ import annotations

from artiq.language.core import kernel

from .bus.words import signed32

#: Branch of the two bus switches for each connector of a Kasli.
port_mapping = {
    f"EEM{number}": branch
    for number, branch in enumerate((7, 5, 4, 3, 2, 1, 0, 6, 12, 13, 15, 14))
} | {"SFP0": 8, "SFP1": 9, "SFP2": 10, "LOC0": 11}

_ERASED = 0xFF


class KasliEEPROM:
    """EEPROM of a card; reads as erased where nothing was written."""

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
        self._contents = {}

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
        self.core.rtio.spend(self.core.costs.i2c)
        for index, byte in enumerate(signed32(value).to_bytes(4, signed=True)):
            self._contents[addr + index] = byte
        self.deselect()

    @kernel
    def read_i32(self, addr):
        """Return a 32-bit word."""
        self.select()
        self.core.rtio.spend(self.core.costs.i2c)
        stored = [self._contents.get(addr + index, _ERASED) for index in range(4)]
        self.deselect()
        return int.from_bytes(stored, signed=True)
