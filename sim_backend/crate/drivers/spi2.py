"""SPI bus master: `artiq.coredevice.spi2` on the simulated RTIO bus."""

from __future__ import annotations

from artiq.language.core import delay_mu, kernel, portable

from ..chips.spi import CONFIG_ADDRESS

SPI_DATA_ADDR = 0
SPI_CONFIG_ADDR = CONFIG_ADDRESS

SPI_OFFLINE = 0x01
SPI_END = 0x02
SPI_INPUT = 0x04
SPI_CS_POLARITY = 0x08
SPI_CLK_POLARITY = 0x10
SPI_CLK_PHASE = 0x20
SPI_LSB_FIRST = 0x40
SPI_HALF_DUPLEX = 0x80


class SPIMaster:
    """One SPI bus. The cursor advances with each word as on the core device."""

    def __init__(self, dmgr, channel, div=0, length=0, core_device="core"):
        self.core = dmgr.get(core_device)
        self.ref_period_mu = self.core.ref_multiplier
        self.channel = channel
        self.update_xfer_duration_mu(div, length)

    @staticmethod
    def get_rtio_channels(channel, **kwargs):  # noqa: ARG004
        """Return the RTIO channels of such a device."""
        return [(channel, None)]

    @portable
    def frequency_to_div(self, f):
        """Return the clock divider closest to a frequency in Hz."""
        return int(round(1 / (f * self.core.mu_to_seconds(self.ref_period_mu))))

    @kernel
    def set_config(self, flags, length, freq, cs):
        """Configure the next transfers, with the clock in Hz."""
        self.set_config_mu(flags, length, self.frequency_to_div(freq), cs)

    @kernel
    def set_config_mu(self, flags, length, div, cs):
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
    def update_xfer_duration_mu(self, div, length):
        """Compute by how much a transfer advances the cursor."""
        self.xfer_duration_mu = ((length + 1) * div + 1) * self.ref_period_mu

    @kernel
    def write(self, data):
        """Start a transfer of the top bits of a 32-bit word."""
        self.core.rtio.output(self.channel, SPI_DATA_ADDR, data & 0xFFFFFFFF)
        delay_mu(self.xfer_duration_mu)

    @kernel
    def read(self):
        """Wait for the reply of an earlier transfer that asked for input."""
        return self.core.rtio.input_data(self.channel)
