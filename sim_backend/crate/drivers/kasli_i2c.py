"""Memories of the cards: `artiq.coredevice.kasli_i2c`."""

from __future__ import annotations

from typing import Any

from artiq.language.core import kernel

from ..cards import PORTS as port_mapping  # noqa: N811 - ARTIQ's name
from ..chips.words import signed32
from .core import Core
from .i2c import I2CSwitch, read_many, write_many


class KasliEEPROM:
    """EEPROM of a card."""

    def __init__(
        self,
        dmgr: Any,
        port: str,
        address: int = 0xA0,
        busno: int = 0,
        core_device: str = "core",
        sw0_device: str = "i2c_switch0",
        sw1_device: str = "i2c_switch1",
    ) -> None:
        self.core: Core = dmgr.get(core_device)
        self.sw0: I2CSwitch = dmgr.get(sw0_device)
        self.sw1: I2CSwitch = dmgr.get(sw1_device)
        self.busno, self.address = busno, address
        self.port = port_mapping[port]

    @kernel
    def select(self) -> None:
        """Connect the bus to this card."""
        if self.port < 8:
            self.sw0.set(self.port)
            self.sw1.unset()
        else:
            self.sw0.unset()
            self.sw1.set(self.port - 8)

    @kernel
    def deselect(self) -> None:
        """Disconnect the bus."""
        self.sw0.unset()
        self.sw1.unset()

    @kernel
    def write_i32(self, addr: int, value: int) -> None:
        """Store a 32-bit word, most significant byte first."""
        self.select()
        try:
            data = signed32(value).to_bytes(4, signed=True)
            write_many(self.core.board.bus(self.busno), self.address, addr, data)
        finally:
            self.deselect()

    @kernel
    def read_i32(self, addr: int) -> int:
        """Return a 32-bit word."""
        self.select()
        try:
            bus = self.core.board.bus(self.busno)
            return int.from_bytes(read_many(bus, self.address, addr, 4), signed=True)
        finally:
            self.deselect()
