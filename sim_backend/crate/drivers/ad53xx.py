"""Multi-channel DACs: `artiq.coredevice.ad53xx` on the simulated RTIO bus."""

from __future__ import annotations

from typing import Any

from artiq.language.core import at_mu, delay, delay_mu, kernel, now_mu, portable
from artiq.language.units import ns, us

from ..time_manager import round_half_away
from .core import Core
from .spi2 import SPI_CLK_PHASE, SPI_END, SPI_INPUT, SPIMaster
from .ttl import TTLOut

SPI_AD53XX_CONFIG = SPI_END | SPI_CLK_PHASE

AD53XX_CMD_DATA = 3 << 22
AD53XX_CMD_OFFSET = 2 << 22
AD53XX_CMD_GAIN = 1 << 22
AD53XX_CMD_SPECIAL = 0 << 22

AD53XX_SPECIAL_NOP = 0 << 16
AD53XX_SPECIAL_CONTROL = 1 << 16
AD53XX_SPECIAL_OFS0 = 2 << 16
AD53XX_SPECIAL_OFS1 = 3 << 16
AD53XX_SPECIAL_READ = 5 << 16

AD53XX_READ_X1A = 0x008 << 7
AD53XX_READ_OFFSET = 0x088 << 7
AD53XX_READ_GAIN = 0x0C8 << 7
AD53XX_READ_CONTROL = 0x101 << 7
AD53XX_READ_OFS0 = 0x102 << 7
AD53XX_READ_OFS1 = 0x103 << 7


@portable
def ad53xx_cmd_write_ch(channel: int, value: int, op: int) -> int:
    """Return the word that writes a channel's register."""
    return op | (channel + 8) << 16 | value & 0xFFFF


@portable
def ad53xx_cmd_read_ch(channel: int, op: int) -> int:
    """Return the word that asks for a channel's register."""
    return AD53XX_CMD_SPECIAL | AD53XX_SPECIAL_READ | (op + (channel << 7))


@portable
def voltage_to_mu(voltage: float, offset_dacs: int = 0x2000, vref: float = 5.0) -> int:
    """Return the data word of a voltage.

    Raises
    ------
    ValueError
        Outside the DAC's range.
    """
    code = round_half_away(0x10000 * (voltage / (4.0 * vref)) + offset_dacs * 4)
    if not 0 <= code <= 0xFFFF:
        raise ValueError("Invalid DAC voltage!")
    return code


class _NoLine:
    """Stands for a line that the card ties; high or low does not matter."""

    def on(self) -> None:
        """Do nothing."""

    def off(self) -> None:
        """Do nothing."""


class AD53xx:
    """A DAC on an SPI bus, with optional LDAC and CLR lines."""

    def __init__(
        self,
        dmgr: Any,
        spi_device: str,
        ldac_device: str | None = None,
        clr_device: str | None = None,
        chip_select: int = 1,
        div_write: int = 4,
        div_read: int = 16,
        vref: float = 5.0,
        offset_dacs: int = 8192,
        core: str = "core",
    ) -> None:
        self.core: Core = dmgr.get(core)
        self.bus: SPIMaster = dmgr.get(spi_device)
        self.bus.update_xfer_duration_mu(div_write, 24)
        self.ldac: TTLOut | _NoLine = (
            dmgr.get(ldac_device) if ldac_device else _NoLine()
        )
        self.clr: TTLOut | _NoLine = dmgr.get(clr_device) if clr_device else _NoLine()
        self.chip_select = chip_select
        self.div_write, self.div_read = div_write, div_read
        self.vref, self.offset_dacs = vref, offset_dacs

    @kernel
    def init(self, blind: bool = False) -> None:
        """Configure bus and chip; read the chip back unless `blind`.

        Raises
        ------
        ValueError
            The chip does not answer as it should.
        """
        self.ldac.on()
        self.clr.on()
        self.bus.set_config_mu(SPI_AD53XX_CONFIG, 24, self.div_write, self.chip_select)
        self.write_offset_dacs_mu(self.offset_dacs)
        if not blind:
            control = self.read_reg(channel=0, op=AD53XX_READ_CONTROL)
            if control == 0xFFFF:
                raise ValueError("DAC not found")
            if control & 0b10000:
                raise ValueError("DAC over temperature")
            delay(25 * us)
        self.bus.write((AD53XX_CMD_SPECIAL | AD53XX_SPECIAL_CONTROL | 0b0010) << 8)
        if not blind:
            control = self.read_reg(channel=0, op=AD53XX_READ_CONTROL)
            if control & 0b10111 != 0b00010:
                raise ValueError("DAC CONTROL readback mismatch")
            delay(15 * us)

    @kernel
    def read_reg(self, channel: int = 0, op: int = AD53XX_READ_X1A) -> int:
        """Read a register; two transfers and 270 ns, and all slack."""
        self.bus.write(ad53xx_cmd_read_ch(channel, op) << 8)
        flags = SPI_AD53XX_CONFIG | SPI_INPUT
        self.bus.set_config_mu(flags, 24, self.div_read, self.chip_select)
        delay(270 * ns)
        self.bus.write((AD53XX_CMD_SPECIAL | AD53XX_SPECIAL_NOP) << 8)
        self.bus.set_config_mu(SPI_AD53XX_CONFIG, 24, self.div_write, self.chip_select)
        word: int = self.bus.read()
        return word & 0xFFFF

    @kernel
    def write_offset_dacs_mu(self, value: int) -> None:
        """Set the offset DACs of both groups."""
        value &= 0x3FFF
        self.offset_dacs = value
        self.bus.write((AD53XX_CMD_SPECIAL | AD53XX_SPECIAL_OFS0 | value) << 8)
        self.bus.write((AD53XX_CMD_SPECIAL | AD53XX_SPECIAL_OFS1 | value) << 8)

    @kernel
    def write_gain_mu(self, channel: int, gain: int = 0xFFFF) -> None:
        """Write a channel's gain; acts at the next `load`."""
        self.bus.write(ad53xx_cmd_write_ch(channel, gain, AD53XX_CMD_GAIN) << 8)

    @kernel
    def write_offset_mu(self, channel: int, offset: int = 0x8000) -> None:
        """Write a channel's offset; acts at the next `load`."""
        self.bus.write(ad53xx_cmd_write_ch(channel, offset, AD53XX_CMD_OFFSET) << 8)

    @kernel
    def write_offset(self, channel: int, voltage: float) -> None:
        """Write a channel's offset in volts; acts at the next `load`."""
        code = voltage_to_mu(voltage, self.offset_dacs, self.vref)
        self.write_offset_mu(channel, code)

    @kernel
    def write_dac_mu(self, channel: int, value: int) -> None:
        """Write a channel's data word; acts at the next `load`."""
        self.bus.write(ad53xx_cmd_write_ch(channel, value, AD53XX_CMD_DATA) << 8)

    @kernel
    def write_dac(self, channel: int, voltage: float) -> None:
        """Write a channel's voltage; acts at the next `load`."""
        code = voltage_to_mu(voltage, self.offset_dacs, self.vref)
        self.write_dac_mu(channel, code)

    @kernel
    def load(self) -> None:
        """Pulse LDAC; two coarse cycles. Outputs change up to 1.5 us after a write."""
        self.ldac.off()
        delay_mu(2 * self.bus.ref_period_mu)
        self.ldac.on()

    @kernel
    def set_dac_mu(
        self,
        values: list[int],
        channels: list[int] = list(range(40)),  # noqa: B006, B008
    ) -> None:
        """Set channels at the cursor, which does not move; writes lie before it."""
        start = now_mu()
        busy = int(self.core.seconds_to_mu(1500 * ns))
        delay_mu(-busy - len(values) * self.bus.xfer_duration_mu)
        for index, value in enumerate(values):
            self.write_dac_mu(channels[index], value)
        delay_mu(busy)
        self.load()
        at_mu(start)

    @kernel
    def set_dac(
        self,
        voltages: list[float],
        channels: list[int] = list(range(40)),  # noqa: B006, B008
    ) -> None:
        """Set channels in volts at the cursor, which does not move."""
        codes = [
            voltage_to_mu(voltage, self.offset_dacs, self.vref) for voltage in voltages
        ]
        self.set_dac_mu(codes, channels)

    @kernel
    def calibrate(self, channel: int, vzs: float, vfs: float) -> None:
        """Trim a channel from its voltages at zero and full scale.

        Raises
        ------
        ValueError
            The trim would need a negative gain error or a positive offset error.
        """
        offset_error = voltage_to_mu(vzs, self.offset_dacs, self.vref)
        full = voltage_to_mu(vfs, self.offset_dacs, self.vref)
        gain_error = full - (offset_error + 0xFFFF)
        if offset_error > 0 or gain_error < 0:
            message = (
                "only negative offsets and too high gains can be trimmed; got errors "
                f"{offset_error} and {gain_error}"
            )
            raise ValueError(message)
        self.core.break_realtime()
        self.write_offset_mu(channel, 0x8000 - offset_error)
        self.write_gain_mu(channel, 0xFFFF - gain_error)

    @portable
    def voltage_to_mu(self, voltage: float) -> int:
        """Return the data word of a voltage."""
        code: int = voltage_to_mu(voltage, self.offset_dacs, self.vref)
        return code
