"""Urukul's CPLD: `artiq.coredevice.urukul` on the simulated RTIO bus."""

from __future__ import annotations

from typing import Any

from artiq.language.core import at_mu, delay, delay_mu, kernel, now_mu, portable
from artiq.language.types import TBool, TFloat, TInt32
from artiq.language.units import ms, us

from ..chips.urukul import (
    CS_ATT,
    CS_CFG,
    CS_DDS_CH0,
    CS_DDS_MULTI,
    LAYOUTS,
    PROFILE,
    RF_SW,
    STA_DROVER,
    STA_IFC_MODE,
    STA_PLL_LOCK,
    STA_PROTO_REV,
    STA_RF_SW,
    STA_SMP_ERR,
    configuration,
)
from ..chips.words import bits, signed32
from ..time_manager import round_half_away
from .core import Core
from .spi2 import SPI_CS_POLARITY, SPI_END, SPI_INPUT, SPIMaster
from .ttl import TTLClockGen, TTLOut

SPI_CONFIG = SPI_CS_POLARITY

SPIT_CFG_WR, SPIT_CFG_RD = 2, 16
SPIT_ATT_WR, SPIT_ATT_RD = 6, 16
SPIT_DDS_WR, SPIT_DDS_RD = 2, 16

CFG_RF_SW, CFG_LED, CFG_PROFILE = RF_SW, 4, PROFILE
STA_PROTO_REV_8, STA_PROTO_REV_9 = LAYOUTS

CS_DDS_CH1, CS_DDS_CH2, CS_DDS_CH3 = (CS_DDS_CH0 + n for n in (1, 2, 3))

DEFAULT_PROFILE = 7


@portable
def urukul_sta_rf_sw(sta: int) -> int:
    """Return the RF switches in a status word."""
    return bits(sta, STA_RF_SW, 4)


@portable
def urukul_sta_smp_err(sta: int) -> int:
    """Return the synchronisation errors in a status word."""
    return bits(sta, STA_SMP_ERR, 4)


@portable
def urukul_sta_pll_lock(sta: int) -> int:
    """Return the PLL lock flags in a status word."""
    return bits(sta, STA_PLL_LOCK, 4)


@portable
def urukul_sta_ifc_mode(sta: int) -> int:
    """Return the interface mode in a status word."""
    return bits(sta, STA_IFC_MODE, 4)


@portable
def urukul_sta_proto_rev(sta: int) -> int:
    """Return the protocol revision in a status word."""
    return bits(sta, STA_PROTO_REV, 7)


@portable
def urukul_sta_drover(sta: int) -> int:
    """Return the digital ramp flags in a status word."""
    return bits(sta, STA_DROVER, 4)


class RegIOUpdate:
    """IO_UPDATE through the configuration register, for cards without the line."""

    def __init__(self, cpld: CPLD, chip_select: int) -> None:
        self.cpld = cpld
        self.core = cpld.core
        self.chip_select = chip_select

    @kernel
    def _raise(self) -> None:
        if self.chip_select == CS_DDS_MULTI:
            self.cpld.cfg_io_update_all(0xF)
        else:
            self.cpld.cfg_io_update(self.chip_select & 3, True)

    @kernel
    def pulse_mu(self, duration: int) -> None:
        """Pulse IO_UPDATE for machine units."""
        config = self.cpld.cfg_reg
        self._raise()
        delay_mu(duration)
        self.cpld.cfg_write(config)

    @kernel
    def pulse(self, duration: float) -> None:
        """Pulse IO_UPDATE for seconds."""
        config = self.cpld.cfg_reg
        self._raise()
        delay(duration)
        self.cpld.cfg_write(config)


class _NoSync:
    """Stands for a card whose SYNC the core device does not drive."""

    def set_mu(self, ftw: int) -> None:
        """Do nothing."""


class CPLD:
    """SPI router and configuration of one Urukul card."""

    def __init__(
        self,
        dmgr: Any,
        spi_device: str,
        io_update_device: str | None = None,
        dds_reset_device: str | None = None,
        sync_device: str | None = None,
        sync_sel: int = 0,
        clk_sel: int = 0,
        clk_div: int = 0,
        rf_sw: int = 0,
        refclk: float = 125e6,
        att: int = 0x00000000,
        sync_div: int | None = None,
        proto_rev: int = 0x09,
        core_device: str = "core",
    ) -> None:
        self.core: Core = dmgr.get(core_device)
        self.bus: SPIMaster = dmgr.get(spi_device)
        self.refclk, self.clk_div, self.proto_rev = refclk, clk_div, proto_rev
        if proto_rev not in LAYOUTS:
            raise ValueError(f"Urukul unsupported proto_rev: {proto_rev}")
        self.layout = LAYOUTS[proto_rev]
        self.cfg_reg = configuration(proto_rev, rf_sw, clk_sel, sync_sel, clk_div)
        self.att_reg = signed32(att)
        self.io_update: TTLOut | None = None
        if io_update_device:
            self.io_update = dmgr.get(io_update_device)
        if dds_reset_device is not None:
            self.dds_reset = dmgr.get(dds_reset_device)
        self.sync: TTLClockGen | _NoSync = _NoSync()
        if sync_device is not None:
            self.sync = dmgr.get(sync_device)
        if sync_div is None:
            sync_div = 0 if sync_device is None else 2
        self.sync_div = sync_div

    def _send(self, config: int, flags: int, divider: int) -> None:
        """Shift the configuration register in, in as many words as it takes."""
        *first, last = self.layout.words
        left = sum(self.layout.words)
        for length in first:
            left -= length
            self.bus.set_config_mu(SPI_CONFIG, length, SPIT_CFG_WR, CS_CFG)
            self.bus.write(bits(config, left, length) << (32 - length))
        self.bus.set_config_mu(SPI_CONFIG | SPI_END | flags, last, divider, CS_CFG)
        self.bus.write(bits(config, 0, last) << (32 - last))

    @kernel
    def cfg_write(self, cfg: int) -> None:
        """Write the configuration register."""
        self._send(int(cfg), 0, SPIT_CFG_WR)
        self.cfg_reg = int(cfg)

    @kernel
    def sta_read(self) -> TInt32:
        """Read the status register."""
        self._send(self.cfg_reg, SPI_INPUT, SPIT_CFG_RD)
        return self.bus.read()

    @kernel
    def init(self, blind: bool = False) -> None:
        """Reset the DDS serial ports and start the synchronisation clock.

        Raises
        ------
        ValueError
            The card speaks another protocol than the device_db says.
        """
        config = self.cfg_reg
        self.cfg_reg = config | 1 << self.layout.io_rst
        self.bus.set_config_mu(SPI_CONFIG, 24, SPIT_CFG_WR, CS_CFG)
        delay(1 * us)
        if blind:
            self.cfg_write(self.cfg_reg)
        elif urukul_sta_proto_rev(self.sta_read()) != self.proto_rev:
            raise ValueError("Urukul proto_rev mismatch")
        delay(100 * us)
        self.cfg_write(config)
        if self.sync_div:
            at_mu(now_mu() & ~0xF)
            self.set_sync_div(self.sync_div)
        delay(1 * ms)

    @kernel
    def io_rst(self) -> None:
        """Pulse IO_RST."""
        self.cfg_write(self.cfg_reg | 1 << self.layout.io_rst)
        self.cfg_write(self.cfg_reg & ~(1 << self.layout.io_rst))

    @kernel
    def set_profile(self, channel: TInt32, profile: TInt32) -> None:
        """Set the profile pins; with protocol 8 those of all four channels."""
        offset = CFG_PROFILE + (0 if self.layout.shared else 3 * channel)
        config = self.cfg_reg & ~(7 << offset)
        self.cfg_write(config | (profile & 7) << offset)

    @kernel
    def _configure_bit(
        self, bit_offset: int | None, channel: TInt32, on: TBool
    ) -> None:
        place = self._present(bit_offset) + channel
        self.cfg_write(self.cfg_reg & ~(1 << place) | bool(on) << place)

    @kernel
    def _configure_all_bits(self, bit_offset: int | None, state: TInt32) -> None:
        place = self._present(bit_offset)
        self.cfg_write(self.cfg_reg & ~(0xF << place) | int(state) << place)

    @staticmethod
    def _present(bit_offset: int | None) -> int:
        if bit_offset is None:
            message = "This function is not implemented for this Urukul version."
            raise NotImplementedError(message)
        return bit_offset

    @kernel
    def cfg_mask_nu(self, channel: TInt32, on: TBool) -> None:
        """Give one channel's IO_UPDATE to the configuration register."""
        self._configure_bit(self.layout.mask_nu, channel, on)

    @kernel
    def cfg_mask_nu_all(self, state: TInt32) -> None:
        """Set MASK_NU of all channels."""
        self._configure_all_bits(self.layout.mask_nu, state)

    @kernel
    def cfg_att_en(self, channel: TInt32, on: TBool) -> None:
        """Let one channel's attenuator follow the shift register."""
        self._configure_bit(self.layout.att_en, channel, on)

    @kernel
    def cfg_att_en_all(self, state: TInt32) -> None:
        """Set ATT_EN of all channels."""
        self._configure_all_bits(self.layout.att_en, state)

    @kernel
    def cfg_osk(self, channel: TInt32, on: TBool) -> None:
        """Set one channel's keying pin."""
        self._configure_bit(self.layout.osk, channel, on)

    @kernel
    def cfg_osk_all(self, state: TInt32) -> None:
        """Set the keying pins of all channels."""
        self._configure_all_bits(self.layout.osk, state)

    @kernel
    def cfg_drctl(self, channel: TInt32, on: TBool) -> None:
        """Set one channel's ramp control pin."""
        self._configure_bit(self.layout.drctl, channel, on)

    @kernel
    def cfg_drctl_all(self, state: TInt32) -> None:
        """Set the ramp control pins of all channels."""
        self._configure_all_bits(self.layout.drctl, state)

    @kernel
    def cfg_drhold(self, channel: TInt32, on: TBool) -> None:
        """Set one channel's ramp hold pin."""
        self._configure_bit(self.layout.drhold, channel, on)

    @kernel
    def cfg_drhold_all(self, state: TInt32) -> None:
        """Set the ramp hold pins of all channels."""
        self._configure_all_bits(self.layout.drhold, state)

    @kernel
    def cfg_io_update(self, channel: TInt32, on: TBool) -> None:
        """Set one channel's IO_UPDATE bit; with protocol 8 the shared one."""
        channel = 0 if self.layout.shared else channel
        self._configure_bit(self.layout.io_update, channel, on)

    @kernel
    def cfg_io_update_all(self, state: TInt32) -> None:
        """Set IO_UPDATE of all channels."""
        if self.layout.shared:
            self.cfg_io_update(0, state & 0xF != 0)
        else:
            self._configure_all_bits(self.layout.io_update, state)

    @kernel
    def cfg_sw(self, channel: TInt32, on: TBool) -> None:
        """Set one RF switch; OR-ed with its TTL line."""
        self._configure_bit(CFG_RF_SW, channel, on)

    @kernel
    def cfg_switches(self, state: TInt32) -> None:
        """Set all four RF switches."""
        self.cfg_write((self.cfg_reg & ~0xF) | state)

    @portable(flags={"fast-math"})
    def mu_to_att(self, att_mu: TInt32) -> TFloat:
        """Return the attenuation in dB of a code."""
        return (255 - (att_mu & 0xFF)) / 8

    @portable(flags={"fast-math"})
    def att_to_mu(self, att: TFloat) -> TInt32:
        """Return the code of an attenuation in dB.

        Raises
        ------
        ValueError
            Outside 0 to 31.875 dB.
        """
        code = 255 - round_half_away(att * 8)
        if not 0 <= code <= 255:
            raise ValueError("Invalid urukul.CPLD attenuation!")
        return code

    @kernel
    def set_att_mu(self, channel: TInt32, att: TInt32) -> None:
        """Set one attenuator by code; all four are written."""
        others = self.att_reg & ~(0xFF << (channel * 8))
        self.set_all_att_mu(signed32(others | att << (channel * 8)))

    @kernel
    def set_all_att_mu(self, att_reg: TInt32) -> None:
        """Write the four attenuator codes."""
        self.bus.set_config_mu(SPI_CONFIG | SPI_END, 32, SPIT_ATT_WR, CS_ATT)
        self.bus.write(att_reg)
        self.att_reg = signed32(att_reg)

    @kernel
    def set_att(self, channel: TInt32, att: TFloat) -> None:
        """Set one attenuator in dB."""
        self.set_att_mu(channel, self.att_to_mu(att))

    @kernel
    def get_att_mu(self) -> TInt32:
        """Read the four attenuator codes back."""
        self.bus.set_config_mu(SPI_CONFIG | SPI_INPUT, 32, SPIT_ATT_RD, CS_ATT)
        self.bus.write(0)
        self.bus.set_config_mu(SPI_CONFIG | SPI_END, 32, SPIT_ATT_WR, CS_ATT)
        delay(10 * us)
        self.att_reg = self.bus.read()
        self.bus.write(self.att_reg)
        return self.att_reg

    @kernel
    def get_channel_att_mu(self, channel: TInt32) -> TInt32:
        """Read one attenuator's code back."""
        return bits(self.get_att_mu(), channel * 8, 8)

    @kernel
    def get_channel_att(self, channel: TInt32) -> TFloat:
        """Read one attenuator back in dB."""
        return self.mu_to_att(self.get_channel_att_mu(channel))

    @kernel
    def set_sync_div(self, div: TInt32) -> None:
        """Set the synchronisation clock to the coarse clock over `div`."""
        self.sync.set_mu((1 << 4) // div)
