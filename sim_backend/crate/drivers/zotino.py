"""The 32-channel DAC card: `artiq.coredevice.zotino` on the simulated RTIO bus."""

from __future__ import annotations

from artiq.language.core import kernel

from .ad53xx import SPI_AD53XX_CONFIG, AD53xx
from .spi2 import SPI_END

_CS_DAC, _CS_LEDS = 1, 2


class Zotino(AD53xx):
    """Zotino: an AD5372 and eight LEDs on one SPI bus."""

    def __init__(
        self,
        dmgr,
        spi_device,
        ldac_device=None,
        clr_device=None,
        div_write=4,
        div_read=16,
        vref=5.0,
        core="core",
    ):
        del vref  # ARTIQ's driver ignores it too: the reference is soldered
        super().__init__(
            dmgr,
            spi_device,
            ldac_device,
            clr_device,
            chip_select=_CS_DAC,
            div_write=div_write,
            div_read=div_read,
            core=core,
        )

    @kernel
    def set_leds(self, leds):
        """Set the eight LEDs."""
        self.bus.set_config_mu(SPI_END, 8, self.div_write, _CS_LEDS)
        self.bus.write(leds << 24)
        self.bus.set_config_mu(SPI_AD53XX_CONFIG, 24, self.div_write, self.chip_select)
