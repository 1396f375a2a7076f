"""DDS channels of Urukul: `artiq.coredevice.ad9910` on the simulated RTIO bus."""

from __future__ import annotations

from typing import Any

from artiq.language.core import at_mu, delay, delay_mu, kernel, now_mu
from artiq.language.types import TBool, TFloat, TInt32, TInt64
from artiq.language.units import ms, us

from ..chips.ad9910 import AUX_DAC, CFR3, PROFILE0
from ..chips.words import bits, signed32
from .ad9910_registers import (
    _DEFAULT_PROFILE_RAM,
    _PHASE_MODE_DEFAULT,
    PHASE_MODE_ABSOLUTE,
    PHASE_MODE_CONTINUOUS,
    PHASE_MODE_TRACKING,
    RAM_DEST_ASF,
    RAM_DEST_FTW,
    RAM_DEST_POW,
    RAM_DEST_POWASF,
    RAM_MODE_BIDIR_RAMP,
    RAM_MODE_CONT_BIDIR_RAMP,
    RAM_MODE_CONT_RAMPUP,
    RAM_MODE_DIRECTSWITCH,
    RAM_MODE_RAMPUP,
)
from .ad9910_sync import SyncTuning, sync_delays
from .core import Core
from .kinds import ThreeNumbers, ThreeWords
from .spi2 import SPIMaster
from .ttl import TTLOut
from .urukul import CPLD, DEFAULT_PROFILE, RegIOUpdate, urukul_sta_pll_lock

__all__ = [
    "AD9910",
    "PHASE_MODE_ABSOLUTE",
    "PHASE_MODE_CONTINUOUS",
    "PHASE_MODE_TRACKING",
    "RAM_DEST_ASF",
    "RAM_DEST_FTW",
    "RAM_DEST_POW",
    "RAM_DEST_POWASF",
    "RAM_MODE_BIDIR_RAMP",
    "RAM_MODE_CONT_BIDIR_RAMP",
    "RAM_MODE_CONT_RAMPUP",
    "RAM_MODE_DIRECTSWITCH",
    "RAM_MODE_RAMPUP",
]


class AD9910(SyncTuning):
    """One DDS channel, with its attenuator and RF switch (`sw`)."""

    def __init__(
        self,
        dmgr: Any,
        chip_select: int,
        cpld_device: str,
        sw_device: str | None = None,
        pll_n: int = 40,
        pll_cp: int = 7,
        pll_vco: int = 5,
        sync_delay_seed: int | str = -1,
        io_update_delay: int | str = 0,
        pll_en: int = 1,
    ) -> None:
        self.cpld: CPLD = dmgr.get(cpld_device)
        self.core: Core = self.cpld.core
        self.bus: SPIMaster = self.cpld.bus
        self.chip_select = chip_select
        self.pll_n, self.pll_cp, self.pll_vco = pll_n, pll_cp, pll_vco
        self.pll_en = pll_en
        clock = self.cpld.refclk / [4, 1, 2, 4][self.cpld.clk_div]
        self.sysclk = clock * pll_n if pll_en else clock
        self.ftw_per_hz = 2**32 / self.sysclk
        self.sysclk_per_mu = round(self.sysclk * self.core.ref_period)
        self.io_update = self.cpld.io_update or RegIOUpdate(self.cpld, chip_select)
        self.sync_data = sync_delays(dmgr, self.core, sync_delay_seed, io_update_delay)
        self.phase_mode = PHASE_MODE_CONTINUOUS
        if sw_device:
            self.sw: TTLOut = dmgr.get(sw_device)

    @kernel
    def init(self, blind: TBool = False, dds_channel_idx: TInt32 = 0) -> None:
        """Configure chip, PLL and synchronisation; takes about 60 ms of timeline.

        Raises
        ------
        ValueError
            The chip does not answer or its PLL does not lock, as on the core device.
        """
        self.sync_data.init()
        if self.sync_data.sync_delay_seed >= 0 and not self.cpld.sync_div:
            raise ValueError("parent CPLD does not drive SYNC")
        delay(50 * ms)
        self.set_cfr1()
        self.io_update.pulse(1 * ms)
        delay(1 * ms)
        if not blind:
            if self.read32(AUX_DAC) & 0xFF != 0x7F:
                raise ValueError("Urukul AD9910 AUX_DAC mismatch")
            delay(50 * us)
        self.set_cfr2(sync_validation_disable=1)
        self.io_update.pulse(1 * ms)
        self._start_pll(blind, dds_channel_idx)
        delay(10 * us)
        tuned = self.sync_data.sync_delay_seed >= 0 and not blind
        if tuned and self.chip_select != 3:
            self.tune_sync_delay(self.sync_data.sync_delay_seed)
        delay(1 * ms)
        self.cpld.cfg_write(self.cpld.cfg_reg)

    @kernel
    def _start_pll(self, blind: bool, dds_channel_idx: int) -> None:
        cfr3 = (
            0x0807C000
            | self.pll_vco << 24
            | self.pll_cp << 19
            | self.pll_en << 8
            | self.pll_n << 1
        )
        self.write32(CFR3, cfr3 | 0x400)
        self.io_update.pulse(1 * us)
        if not self.pll_en:
            return
        self.write32(CFR3, cfr3)
        self.io_update.pulse(1 * ms)
        if blind:
            delay(100 * ms)
            return
        index = dds_channel_idx if self.chip_select == 3 else self.chip_select - 4
        for _ in range(100):
            locked = urukul_sta_pll_lock(self.cpld.sta_read())
            delay(1 * ms)
            if locked >> index & 1:
                return
        raise ValueError("PLL lock timeout")

    @kernel
    def set_phase_mode(self, phase_mode: TInt32) -> None:
        """Set the phase mode of calls that name none."""
        self.phase_mode = phase_mode

    @kernel
    def set_mu(
        self,
        ftw: TInt32 = 0,
        pow_: TInt32 = 0,
        asf: TInt32 = 0x3FFF,
        phase_mode: TInt32 = _PHASE_MODE_DEFAULT,
        ref_time_mu: TInt64 = -1,
        profile: TInt32 = DEFAULT_PROFILE,
        ram_destination: TInt32 = -1,
    ) -> TInt32:
        """Set tone and phase; return the offset word after phase tracking.

        The cursor goes down to the last coarse cycle, over the SPI words, and over the
        8 mu of IO_UPDATE, which acts on every channel of the card.
        """
        if phase_mode == _PHASE_MODE_DEFAULT:
            phase_mode = self.phase_mode
        at_mu(now_mu() & ~7)
        if phase_mode != PHASE_MODE_CONTINUOUS:
            self.set_cfr1(phase_autoclear=1)
            if phase_mode == PHASE_MODE_TRACKING and ref_time_mu < 0:
                ref_time_mu = 0
            if ref_time_mu >= 0:
                # The device's 32-bit arithmetic: products wrap, the shift keeps sign.
                turned = signed32(signed32(now_mu()) - signed32(ref_time_mu))
                turned = signed32(turned * ftw * self.sysclk_per_mu)
                pow_ = signed32(pow_ + (turned >> 16))
        if ram_destination == -1:
            high = asf << 16 | pow_ & 0xFFFF
            self.write64(PROFILE0 + profile, high, ftw)
        else:
            self._set_free_registers(ftw, pow_, asf, ram_destination)
        delay_mu(self.sync_data.io_update_delay)
        self.io_update.pulse_mu(8)
        at_mu(now_mu() & ~7)
        if phase_mode != PHASE_MODE_CONTINUOUS:
            self.set_cfr1()
        return pow_

    @kernel
    def _set_free_registers(
        self, ftw: int, pow_: int, asf: int, ram_destination: int
    ) -> None:
        """Write the parameters that the RAM does not supply."""
        if ram_destination != RAM_DEST_FTW:
            self.set_ftw(ftw)
        if ram_destination != RAM_DEST_POWASF:
            if ram_destination != RAM_DEST_ASF:
                self.set_asf(asf)
            if ram_destination != RAM_DEST_POW:
                self.set_pow(pow_)

    @kernel
    def set(
        self,
        frequency: TFloat = 0.0,
        phase: TFloat = 0.0,
        amplitude: TFloat = 1.0,
        phase_mode: TInt32 = _PHASE_MODE_DEFAULT,
        ref_time_mu: TInt64 = -1,
        profile: TInt32 = DEFAULT_PROFILE,
        ram_destination: TInt32 = -1,
    ) -> TFloat:
        """Set frequency in Hz, phase in turns, amplitude; return the phase offset."""
        return self.pow_to_turns(
            self.set_mu(
                self.frequency_to_ftw(frequency),
                self.turns_to_pow(phase),
                self.amplitude_to_asf(amplitude),
                phase_mode,
                ref_time_mu,
                profile,
                ram_destination,
            )
        )

    @kernel
    def get_mu(self, profile: TInt32 = DEFAULT_PROFILE) -> ThreeWords:
        """Read tuning, offset and amplitude words of a profile back."""
        word = self.read64(PROFILE0 + profile)
        return signed32(bits(word, 0, 32)), bits(word, 32, 16), bits(word, 48, 14)

    @kernel
    def get(self, profile: TInt32 = DEFAULT_PROFILE) -> ThreeNumbers:
        """Read frequency in Hz, phase in turns and amplitude of a profile back."""
        ftw, pow_, asf = self.get_mu(profile)
        return (
            self.ftw_to_frequency(ftw),
            self.pow_to_turns(pow_),
            self.asf_to_amplitude(asf),
        )

    @kernel
    def set_profile_ram(
        self,
        start: TInt32,
        end: TInt32,
        step: TInt32 = 1,
        profile: TInt32 = _DEFAULT_PROFILE_RAM,
        nodwell_high: TInt32 = 0,
        zero_crossing: TInt32 = 0,
        mode: TInt32 = 1,
    ) -> None:
        """Configure a profile for RAM playback of addresses `start` to `end`."""
        high = step << 8 | end >> 2
        low = end << 30 | start << 14 | nodwell_high << 5 | zero_crossing << 3 | mode
        self.write64(PROFILE0 + profile, high, signed32(low))

    @kernel
    def power_down(self, bits: TInt32 = 0b1111) -> None:
        """Power parts of the chip down."""
        self.set_cfr1(power_down=bits)
        self.io_update.pulse(1 * us)

    @kernel
    def set_att_mu(self, att: TInt32) -> None:
        """Set this channel's attenuator by code."""
        self.cpld.set_att_mu(self.chip_select - 4, att)

    @kernel
    def set_att(self, att: TFloat) -> None:
        """Set this channel's attenuator in dB."""
        self.cpld.set_att(self.chip_select - 4, att)

    @kernel
    def get_att_mu(self) -> TInt32:
        """Read this channel's attenuator code back."""
        return self.cpld.get_channel_att_mu(self.chip_select - 4)

    @kernel
    def get_att(self) -> TFloat:
        """Read this channel's attenuator back in dB."""
        return self.cpld.get_channel_att(self.chip_select - 4)

    @kernel
    def cfg_sw(self, state: TBool) -> None:
        """Set the RF switch through the card; OR-ed with the TTL line."""
        self.cpld.cfg_sw(self.chip_select - 4, state)

    @kernel
    def cfg_osk(self, state: TBool) -> None:
        """Set the keying pin."""
        self.cpld.cfg_osk(self.chip_select - 4, state)

    @kernel
    def cfg_drctl(self, state: TBool) -> None:
        """Set the ramp control pin."""
        self.cpld.cfg_drctl(self.chip_select - 4, state)

    @kernel
    def cfg_drhold(self, state: TBool) -> None:
        """Set the ramp hold pin."""
        self.cpld.cfg_drhold(self.chip_select - 4, state)

    @kernel
    def cfg_mask_nu(self, state: TBool) -> None:
        """Give IO_UPDATE to the configuration register."""
        self.cpld.cfg_mask_nu(self.chip_select - 4, state)

    @kernel
    def cfg_att_en(self, state: TBool) -> None:
        """Let the attenuator follow the shift register."""
        self.cpld.cfg_att_en(self.chip_select - 4, state)

    @kernel
    def set_profile(self, profile: TInt32) -> None:
        """Set the profile pins; with protocol 8 those of the whole card."""
        self.cpld.set_profile(self.chip_select - 4, profile)
