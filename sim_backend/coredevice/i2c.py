"""I2C bus switches: `artiq.coredevice.i2c`, by the CPU and outside RTIO."""

from __future__ import annotations

from artiq.language.core import kernel


class I2CSwitch:
    """Bus switch; remembers what is selected."""

    def __init__(self, dmgr, busno=0, address=0xE8, core_device="core"):
        self.core = dmgr.get(core_device)
        self.busno, self.address = busno, address
        self.selected = None

    @kernel
    def set(self, channel):
        """Connect one branch of the bus."""
        self.core.rtio.spend(self.core.costs.i2c)
        self.selected = channel

    @kernel
    def unset(self):
        """Connect no branch."""
        self.core.rtio.spend(self.core.costs.i2c)
        self.selected = None
