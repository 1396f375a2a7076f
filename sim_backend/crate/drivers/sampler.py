"""The 8-channel ADC card: `artiq.coredevice.sampler` on the simulated RTIO bus."""

from __future__ import annotations

from typing import Any

from artiq.language.core import delay, kernel, portable
from artiq.language.units import ns

from ..chips.sampler import SPAN, SPAN_V21
from ..chips.words import bits
from .core import Core
from .spi2 import SPI_END, SPI_INPUT, SPIMaster
from .ttl import TTLOut

SPI_CONFIG = 0
SPI_CS_ADC, SPI_CS_PGIA = 0, 1


@portable
def adc_mu_to_volt(data: int, gain: int = 0, corrected_fs: bool = True) -> float:
    """Return the voltage of a sample at gain 10**`gain`.

    Raises
    ------
    ValueError
        A gain outside 0..3.
    """
    if gain not in (0, 1, 2, 3):
        raise ValueError("invalid gain")
    span = SPAN if corrected_fs else SPAN_V21
    step: float = span / 10**gain / (1 << 16)
    return data * step


class Sampler:
    """Sampler: a converter and gain-switched amplifiers."""

    def __init__(
        self,
        dmgr: Any,
        spi_adc_device: str,
        spi_pgia_device: str,
        cnv_device: str,
        div: int = 8,
        gains: int = 0x0000,
        hw_rev: str = "v2.2",
        core_device: str = "core",
    ) -> None:
        self.core: Core = dmgr.get(core_device)
        self.bus_adc: SPIMaster = dmgr.get(spi_adc_device)
        self.bus_adc.update_xfer_duration_mu(div, 32)
        self.bus_pgia: SPIMaster = dmgr.get(spi_pgia_device)
        self.bus_pgia.update_xfer_duration_mu(div, 16)
        self.cnv: TTLOut = dmgr.get(cnv_device)
        self.div, self.gains = div, gains
        self.corrected_fs = self.use_corrected_fs(hw_rev)

    @staticmethod
    def use_corrected_fs(hw_rev: str) -> bool:
        """Return whether a hardware revision has the corrected full scale."""
        return hw_rev != "v2.1"

    @kernel
    def init(self) -> None:
        """Configure both SPI buses."""
        flags = SPI_CONFIG | SPI_INPUT | SPI_END
        self.bus_adc.set_config_mu(flags, 32, self.div, SPI_CS_ADC)
        self.bus_pgia.set_config_mu(SPI_CONFIG | SPI_END, 16, self.div, SPI_CS_PGIA)

    @kernel
    def set_gain_mu(self, channel: int, gain: int) -> None:
        """Set a channel's gain to 10**`gain`."""
        others = self.gains & ~(0b11 << (channel * 2))
        gains = others | gain << (channel * 2)
        self.bus_pgia.write(gains << 16)
        self.gains = gains

    @kernel
    def get_gains_mu(self) -> int:
        """Read the gains of all channels back."""
        flags = SPI_CONFIG | SPI_END
        self.bus_pgia.set_config_mu(flags | SPI_INPUT, 16, self.div, SPI_CS_PGIA)
        self.bus_pgia.write(self.gains << 16)
        self.bus_pgia.set_config_mu(flags, 16, self.div, SPI_CS_PGIA)
        self.gains = self.bus_pgia.read() & 0xFFFF
        return self.gains

    @kernel
    def sample_mu(self, data: list[int]) -> None:
        """Convert, and fill a list of even length; its last item is channel 7."""
        self.cnv.pulse(30 * ns)
        delay(450 * ns)
        for _ in range(len(data) // 2):
            self.bus_adc.write(0)
        for i in range(len(data) - 1, -1, -2):
            word = self.bus_adc.read()
            data[i] = word >> 16
            low = word & 0xFFFF
            data[i - 1] = low - 0x10000 if low & 0x8000 else low

    @kernel
    def sample(self, data: list[float]) -> None:
        """Convert, and fill a list with volts; its last item is channel 7."""
        n = len(data)
        codes = [0] * n
        self.sample_mu(codes)
        for i in range(n):
            gain = bits(self.gains, (i + 8 - n) * 2, 2)
            data[i] = adc_mu_to_volt(codes[i], gain, self.corrected_fs)
