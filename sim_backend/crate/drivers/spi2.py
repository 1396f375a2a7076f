"""SPI bus master: `artiq.coredevice.spi2` on the simulated RTIO bus."""

from __future__ import annotations

from typing import Any

from artiq.language.core import delay_mu, kernel, portable

from ..chips import spi
from .channel import OneChannel
from .core import Core

SPI_DATA_ADDR = 0
SPI_CONFIG_ADDR = spi.CONFIG_ADDRESS

SPI_OFFLINE = 0x01
SPI_END = spi.END
SPI_INPUT = spi.INPUT
SPI_CS_POLARITY = 0x08
SPI_CLK_POLARITY = 0x10
SPI_CLK_PHASE = spi.CLOCK_PHASE
SPI_LSB_FIRST = spi.LSB_FIRST
SPI_HALF_DUPLEX = 0x80


class SPIMaster(OneChannel):
    """One SPI bus. The cursor advances with each word as on the core device."""

    def __init__(
        self,
        dmgr: Any,
        channel: int,
        div: int = 0,
        length: int = 0,
        core_device: str = "core",
    ) -> None:
        self.core: Core = dmgr.get(core_device)
        self.ref_period_mu = self.core.ref_multiplier
        self.channel = channel
        self.update_xfer_duration_mu(div, length)

    @portable
    def frequency_to_div(self, f: float) -> int:
        """Return the clock divider closest to a frequency in Hz."""
        return int(round(1 / (f * self.core.mu_to_seconds(self.ref_period_mu))))

    @kernel
    def set_config(self, flags: int, length: int, freq: float, cs: int) -> None:
        """Configure the next transfers, with the clock in Hz."""
        self.set_config_mu(flags, length, self.frequency_to_div(freq), cs)

    @kernel
    def set_config_mu(self, flags: int, length: int, div: int, cs: int) -> None:
        """Configure the next transfers; advances by one coarse cycle.

        Raises
        ------
        ValueError
            Length outside 1..32 or divider outside 2..257, as on the core device.
        """
        if not 1 <= length <= 32:
            raise ValueError("Invalid SPI transfer length")
        if not 2 <= div <= 257:
            raise ValueError("Invalid SPI clock divider")
        word = flags | (length - 1) << 8 | (div - 2) << 16 | cs << 24
        self.core.rtio.output(self.channel, SPI_CONFIG_ADDR, word)
        self.update_xfer_duration_mu(div, length)
        delay_mu(self.ref_period_mu)

    @portable
    def update_xfer_duration_mu(self, div: int, length: int) -> None:
        """Compute by how much a transfer advances the cursor."""
        self.xfer_duration_mu = ((length + 1) * div + 1) * self.ref_period_mu

    @kernel
    def write(self, data: int) -> None:
        """Start a transfer of the top bits of a 32-bit word."""
        self.core.rtio.output(self.channel, SPI_DATA_ADDR, data & 0xFFFFFFFF)
        delay_mu(self.xfer_duration_mu)

    @kernel
    def read(self) -> int:
        """Wait for the reply of an earlier transfer that asked for input."""
        return self.core.rtio.input_data(self.channel)
