"""The 32-channel DAC card: `artiq.coredevice.zotino` on the simulated RTIO bus."""

from __future__ import annotations

from typing import Any

from artiq.language.core import kernel

from ..chips.ad53xx import CS_DAC
from .ad53xx import SPI_AD53XX_CONFIG, AD53xx
from .spi2 import SPI_END

_CS_LEDS = 2


class Zotino(AD53xx):
    """Zotino: an AD5372 and eight LEDs on one SPI bus."""

    def __init__(
        self,
        dmgr: Any,
        spi_device: str,
        ldac_device: str | None = None,
        clr_device: str | None = None,
        div_write: int = 4,
        div_read: int = 16,
        vref: float = 5.0,
        core: str = "core",
    ) -> None:
        del vref  # ARTIQ's driver ignores it too: the reference is soldered
        super().__init__(
            dmgr,
            spi_device,
            ldac_device,
            clr_device,
            chip_select=CS_DAC,
            div_write=div_write,
            div_read=div_read,
            core=core,
        )

    @kernel
    def set_leds(self, leds: int) -> None:
        """Set the eight LEDs."""
        self.bus.set_config_mu(SPI_END, 8, self.div_write, _CS_LEDS)
        self.bus.write(leds << 24)
        self.bus.set_config_mu(SPI_AD53XX_CONFIG, 24, self.div_write, self.chip_select)
