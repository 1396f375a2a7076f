"""Registers of the AD9910 over Urukul's SPI bus, and its units."""

from __future__ import annotations

from artiq.language.core import kernel, portable
from artiq.language.types import TFloat, TInt32, TInt64

from ..chips.ad9910 import TO_AMPLITUDE, TO_FREQUENCY, TO_PHASE, TO_PHASE_AMPLITUDE
from ..chips.words import signed32
from ..time_manager import round_half_away
from .core import Core
from .kinds import Numbers, Words
from .spi2 import SPI_END, SPI_INPUT, SPIMaster
from .ttl import TTLOut
from .urukul import CPLD, SPI_CONFIG, SPIT_DDS_RD, SPIT_DDS_WR, RegIOUpdate

_PHASE_MODE_DEFAULT = -1
PHASE_MODE_CONTINUOUS, PHASE_MODE_ABSOLUTE, PHASE_MODE_TRACKING = range(3)

(
    _AD9910_REG_CFR1,
    _AD9910_REG_CFR2,
    _AD9910_REG_CFR3,
    _AD9910_REG_AUX_DAC,
    _AD9910_REG_IO_UPDATE,
) = range(0x05)
(
    _AD9910_REG_FTW,
    _AD9910_REG_POW,
    _AD9910_REG_ASF,
    _AD9910_REG_SYNC,
    _AD9910_REG_RAMP_LIMIT,
    _AD9910_REG_RAMP_STEP,
    _AD9910_REG_RAMP_RATE,
    _AD9910_REG_PROFILE0,
    _AD9910_REG_PROFILE1,
    _AD9910_REG_PROFILE2,
    _AD9910_REG_PROFILE3,
    _AD9910_REG_PROFILE4,
    _AD9910_REG_PROFILE5,
    _AD9910_REG_PROFILE6,
    _AD9910_REG_PROFILE7,
    _AD9910_REG_RAM,
) = range(0x07, 0x17)

RAM_DEST_FTW, RAM_DEST_POW = TO_FREQUENCY, TO_PHASE
RAM_DEST_ASF, RAM_DEST_POWASF = TO_AMPLITUDE, TO_PHASE_AMPLITUDE
(
    RAM_MODE_DIRECTSWITCH,
    RAM_MODE_RAMPUP,
    RAM_MODE_BIDIR_RAMP,
    RAM_MODE_CONT_BIDIR_RAMP,
    RAM_MODE_CONT_RAMPUP,
) = range(5)

_DEFAULT_PROFILE_RAM = 0

#: RAM words the SPI core can hold unread.
_PRELOAD = 8


class Registers:
    """Reading and writing one chip, and unit conversions."""

    core: Core
    cpld: CPLD
    bus: SPIMaster
    io_update: TTLOut | RegIOUpdate
    chip_select: int
    ftw_per_hz: float

    @kernel
    def _write_words(self, addr: int, words: list[int]) -> None:
        """Send the instruction byte, then 32-bit words, the last of which ends it."""
        self.bus.set_config_mu(SPI_CONFIG, 8, SPIT_DDS_WR, self.chip_select)
        self.bus.write(addr << 24)
        if len(words) > 1:
            self.bus.set_config_mu(SPI_CONFIG, 32, SPIT_DDS_WR, self.chip_select)
            for word in words[:-1]:
                self.bus.write(word)
        flags = SPI_CONFIG | SPI_END
        self.bus.set_config_mu(flags, 32, SPIT_DDS_WR, self.chip_select)
        self.bus.write(words[-1])

    @kernel
    def _ask(self, addr: int, length: int, flags: int) -> None:
        """Send a read instruction, then clock `length` bits out."""
        self.bus.set_config_mu(SPI_CONFIG, 8, SPIT_DDS_WR, self.chip_select)
        self.bus.write((addr | 0x80) << 24)
        flags |= SPI_CONFIG | SPI_INPUT
        self.bus.set_config_mu(flags, length, SPIT_DDS_RD, self.chip_select)
        self.bus.write(0)

    @kernel
    def write16(self, addr: TInt32, data: TInt32) -> None:
        """Write a 16-bit register."""
        flags = SPI_CONFIG | SPI_END
        self.bus.set_config_mu(flags, 24, SPIT_DDS_WR, self.chip_select)
        self.bus.write(addr << 24 | (data & 0xFFFF) << 8)

    @kernel
    def write32(self, addr: TInt32, data: TInt32) -> None:
        """Write a 32-bit register."""
        self._write_words(addr, [data])

    @kernel
    def write64(self, addr: TInt32, data_high: TInt32, data_low: TInt32) -> None:
        """Write a 64-bit register."""
        self._write_words(addr, [data_high, data_low])

    @kernel
    def read16(self, addr: TInt32) -> TInt32:
        """Read a 16-bit register."""
        self._ask(addr, 16, SPI_END)
        return self.bus.read()

    @kernel
    def read32(self, addr: TInt32) -> TInt32:
        """Read a 32-bit register."""
        self._ask(addr, 32, SPI_END)
        return self.bus.read()

    @kernel
    def read64(self, addr: TInt32) -> TInt64:
        """Read a 64-bit register."""
        self._ask(addr, 32, 0)
        flags = SPI_CONFIG | SPI_END | SPI_INPUT
        self.bus.set_config_mu(flags, 32, SPIT_DDS_RD, self.chip_select)
        self.bus.write(0)
        high, low = self.bus.read(), self.bus.read()
        return high << 32 | low & 0xFFFFFFFF

    @kernel
    def write_ram(self, data: Words) -> None:
        """Write RAM from the end address of the selected profile down."""
        self.bus.set_config_mu(SPI_CONFIG, 8, SPIT_DDS_WR, self.chip_select)
        self.bus.write(_AD9910_REG_RAM << 24)
        self.bus.set_config_mu(SPI_CONFIG, 32, SPIT_DDS_WR, self.chip_select)
        for word in data[:-1]:
            self.bus.write(word)
        flags = SPI_CONFIG | SPI_END
        self.bus.set_config_mu(flags, 32, SPIT_DDS_WR, self.chip_select)
        self.bus.write(data[-1])

    @kernel
    def read_ram(self, data: Words) -> None:
        """Fill a list with RAM from the end address of the selected profile down."""
        self.bus.set_config_mu(SPI_CONFIG, 8, SPIT_DDS_WR, self.chip_select)
        self.bus.write((_AD9910_REG_RAM | 0x80) << 24)
        n = len(data) - 1
        flags = SPI_CONFIG | SPI_INPUT
        if n > 0:
            self.bus.set_config_mu(flags, 32, SPIT_DDS_RD, self.chip_select)
        preload = min(n, _PRELOAD)
        for i in range(n):
            self.bus.write(0)
            if i >= preload:
                data[i - preload] = self.bus.read()
        self.bus.set_config_mu(flags | SPI_END, 32, SPIT_DDS_RD, self.chip_select)
        self.bus.write(0)
        for i in range(preload + 1):
            data[n - preload + i] = self.bus.read()

    @kernel
    def set_cfr1(
        self,
        power_down: TInt32 = 0b0000,
        phase_autoclear: TInt32 = 0,
        drg_load_lrr: TInt32 = 0,
        drg_autoclear: TInt32 = 0,
        phase_clear: TInt32 = 0,
        internal_profile: TInt32 = 0,
        ram_destination: TInt32 = 0,
        ram_enable: TInt32 = 0,
        manual_osk_external: TInt32 = 0,
        osk_enable: TInt32 = 0,
        select_auto_osk: TInt32 = 0,
    ) -> None:
        """Write control register 1; acts at the next IO_UPDATE."""
        word = (
            ram_enable << 31
            | ram_destination << 29
            | manual_osk_external << 23
            | internal_profile << 17
            | drg_load_lrr << 15
            | drg_autoclear << 14
            | phase_autoclear << 13
            | phase_clear << 11
            | osk_enable << 9
            | select_auto_osk << 8
            | power_down << 4
            | 2
        )
        self.write32(_AD9910_REG_CFR1, signed32(word))

    @kernel
    def set_cfr2(
        self,
        asf_profile_enable: TInt32 = 1,
        drg_destination: TInt32 = 0,
        drg_enable: TInt32 = 0,
        drg_nodwell_high: TInt32 = 0,
        drg_nodwell_low: TInt32 = 0,
        effective_ftw: TInt32 = 1,
        sync_validation_disable: TInt32 = 0,
        matched_latency_enable: TInt32 = 0,
    ) -> None:
        """Write control register 2; acts at the next IO_UPDATE."""
        word = (
            asf_profile_enable << 24
            | drg_destination << 20
            | drg_enable << 19
            | drg_nodwell_high << 18
            | drg_nodwell_low << 17
            | effective_ftw << 16
            | matched_latency_enable << 7
            | sync_validation_disable << 5
        )
        self.write32(_AD9910_REG_CFR2, word)

    @kernel
    def set_ftw(self, ftw: TInt32) -> None:
        """Write the frequency tuning word register."""
        self.write32(_AD9910_REG_FTW, ftw)

    @kernel
    def set_asf(self, asf: TInt32) -> None:
        """Write the amplitude scale register."""
        self.write32(_AD9910_REG_ASF, asf << 2)

    @kernel
    def set_pow(self, pow_: TInt32) -> None:
        """Write the phase offset register."""
        self.write16(_AD9910_REG_POW, pow_)

    @kernel
    def get_ftw(self) -> TInt32:
        """Read the frequency tuning word register."""
        return self.read32(_AD9910_REG_FTW)

    @kernel
    def get_asf(self) -> TInt32:
        """Read the amplitude scale register."""
        return self.read32(_AD9910_REG_ASF) >> 2

    @kernel
    def get_pow(self) -> TInt32:
        """Read the phase offset register."""
        return self.read16(_AD9910_REG_POW)

    @kernel
    def set_frequency(self, frequency: TFloat) -> None:
        """Write the frequency register, in Hz."""
        self.set_ftw(self.frequency_to_ftw(frequency))

    @kernel
    def set_amplitude(self, amplitude: TFloat) -> None:
        """Write the amplitude register, as a fraction of full scale."""
        self.set_asf(self.amplitude_to_asf(amplitude))

    @kernel
    def set_phase(self, turns: TFloat) -> None:
        """Write the phase register, in turns."""
        self.set_pow(self.turns_to_pow(turns))

    @kernel
    def get_frequency(self) -> TFloat:
        """Read the frequency register, in Hz."""
        return self.ftw_to_frequency(self.get_ftw())

    @kernel
    def get_amplitude(self) -> TFloat:
        """Read the amplitude register, as a fraction of full scale."""
        return self.asf_to_amplitude(self.get_asf())

    @kernel
    def get_phase(self) -> TFloat:
        """Read the phase register, in turns."""
        return self.pow_to_turns(self.get_pow())

    @portable(flags={"fast-math"})
    def frequency_to_ftw(self, frequency: TFloat) -> TInt32:
        """Return the tuning word of a frequency in Hz."""
        return signed32(round_half_away(self.ftw_per_hz * frequency))

    @portable(flags={"fast-math"})
    def ftw_to_frequency(self, ftw: TInt32) -> TFloat:
        """Return the frequency in Hz of a tuning word, signed as on the device."""
        return ftw / self.ftw_per_hz

    @portable(flags={"fast-math"})
    def turns_to_pow(self, turns: TFloat) -> TInt32:
        """Return the offset word of a phase in turns."""
        return round_half_away(turns * 0x10000) & 0xFFFF

    @portable(flags={"fast-math"})
    def pow_to_turns(self, pow_: TInt32) -> TFloat:
        """Return the phase in turns of an offset word."""
        return pow_ / 0x10000

    @portable(flags={"fast-math"})
    def amplitude_to_asf(self, amplitude: TFloat) -> TInt32:
        """Return the scale word of an amplitude in 0..1.

        Raises
        ------
        ValueError
            Outside full scale.
        """
        code = round_half_away(amplitude * 0x3FFF)
        if not 0 <= code <= 0x3FFF:
            raise ValueError("Invalid AD9910 fractional amplitude!")
        return code

    @portable(flags={"fast-math"})
    def asf_to_amplitude(self, asf: TInt32) -> TFloat:
        """Return the amplitude of a scale word."""
        return asf / 0x3FFF

    @portable(flags={"fast-math"})
    def frequency_to_ram(self, frequency: Numbers, ram: Words) -> None:
        """Fill RAM words for RAM_DEST_FTW from frequencies in Hz."""
        for i in range(len(ram)):
            ram[i] = self.frequency_to_ftw(frequency[i])

    @portable(flags={"fast-math"})
    def turns_to_ram(self, turns: Numbers, ram: Words) -> None:
        """Fill RAM words for RAM_DEST_POW from phases in turns."""
        for i in range(len(ram)):
            ram[i] = signed32(self.turns_to_pow(turns[i]) << 16)

    @portable(flags={"fast-math"})
    def amplitude_to_ram(self, amplitude: Numbers, ram: Words) -> None:
        """Fill RAM words for RAM_DEST_ASF from amplitudes."""
        for i in range(len(ram)):
            ram[i] = signed32(self.amplitude_to_asf(amplitude[i]) << 18)

    @portable(flags={"fast-math"})
    def turns_amplitude_to_ram(
        self, turns: Numbers, amplitude: Numbers, ram: Words
    ) -> None:
        """Fill RAM words for RAM_DEST_POWASF from phases and amplitudes."""
        for i in range(len(ram)):
            scale = self.amplitude_to_asf(amplitude[i]) << 2
            ram[i] = signed32(self.turns_to_pow(turns[i]) << 16 | scale)
