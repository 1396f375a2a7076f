"""Synchronisation of the AD9910: where its delays come from and how they are found."""

from __future__ import annotations

from typing import Any

from artiq.language.core import at_mu, delay, kernel, now_mu
from artiq.language.types import TInt32, TInt64
from artiq.language.units import us

from ..chips.ad9910 import FTW, RAMP_LIMIT, RAMP_RATE, RAMP_STEP, SYNC
from ..chips.words import signed32
from .ad9910_registers import Registers
from .core import Core
from .kasli_i2c import KasliEEPROM
from .kinds import TwoWords
from .urukul import urukul_sta_smp_err

#: Taps of SYNC_IN's delay, those searched around a seed, and settings of the window.
_TAPS, _SPAN, _WINDOWS = 32, 13, 16
#: Measurements of one alignment.
_REPEAT = 100


class FixedSync:
    """Synchronisation delays from the device_db."""

    def __init__(self, core: Core, sync_delay_seed: int, io_update_delay: int) -> None:
        self.core = core
        self.sync_delay_seed = sync_delay_seed
        self.io_update_delay = io_update_delay

    def init(self) -> None:
        """Do nothing: the delays are known."""


class EepromSync:
    """Synchronisation delays in the card's EEPROM; erased means unsynchronised."""

    def __init__(self, dmgr: Any, core: Core, address: str) -> None:
        self.core = core
        device, offset = address.split(":")
        self.eeprom_device: KasliEEPROM = dmgr.get(device)
        self.eeprom_offset = int(offset)
        self.sync_delay_seed = 0
        self.io_update_delay = 0

    @kernel
    def init(self) -> None:
        """Read the delays."""
        word = self.eeprom_device.read_i32(self.eeprom_offset) >> 16
        self.sync_delay_seed = word >> 8
        delay_taps = word & 0xFF if self.sync_delay_seed >= 0 else 0
        self.io_update_delay = 0 if delay_taps == 0xFF else delay_taps


def sync_delays(
    dmgr: Any, core: Core, sync_delay_seed: int | str, io_update_delay: int | str
) -> FixedSync | EepromSync:
    """Return the delays that a device_db entry gives, or says where to read.

    Raises
    ------
    ValueError
        One delay is in an EEPROM and the other is not, or elsewhere.
    """
    if isinstance(sync_delay_seed, int) and isinstance(io_update_delay, int):
        return FixedSync(core, sync_delay_seed, io_update_delay)
    if sync_delay_seed != io_update_delay:
        message = "When using EEPROM, sync_delay_seed must be equal to io_update_delay"
        raise ValueError(message)
    return EepromSync(dmgr, core, str(sync_delay_seed))


class SyncTuning(Registers):
    """Measuring the delays of one chip."""

    sysclk_per_mu: int

    @kernel
    def set_sync(
        self, in_delay: TInt32, window: TInt32, en_sync_gen: TInt32 = 0
    ) -> None:
        """Write the synchronisation register."""
        word = window << 28 | 1 << 27 | en_sync_gen << 26 | in_delay << 3
        self.write32(SYNC, signed32(word))

    @kernel
    def clear_smp_err(self) -> None:
        """Clear the synchronisation error flag."""
        self.set_cfr2(sync_validation_disable=1)
        self.io_update.pulse(1 * us)
        delay(10 * us)
        self.set_cfr2(sync_validation_disable=0)
        self.io_update.pulse(1 * us)

    @kernel
    def tune_sync_delay(
        self, search_seed: TInt32 = 15, dds_channel_idx: int = 0
    ) -> TwoWords:
        """Find the delay of SYNC_IN that has the widest window free of errors.

        Return it with that window less one setting as margin; 3 ms and more.

        Raises
        ------
        ValueError
            The card drives no SYNC, or no delay is free of errors.
        """
        if not self.cpld.sync_div:
            raise ValueError("parent cpld does not drive SYNC")
        index = dds_channel_idx if self.chip_select == 3 else self.chip_select - 4
        best = search_seed
        for window in range(_WINDOWS):
            found = self._error_free(best, window, index)
            if found >= 0:
                best = found
                continue
            if window == 0:
                break
            window = max(0, window - 2)  # noqa: PLW2901 - the last good one, less one
            self._try_sync(best, window)
            return best, window
        raise ValueError("no valid window/delay")

    @kernel
    def _error_free(self, seed: int, window: int, index: int) -> int:
        """Return the delay nearest to a seed without errors, -1 if there is none."""
        for place in range(_SPAN - 2 * window):
            away = -((place + 1) // 2) if place & 1 else place // 2
            if not 0 <= seed + away < _TAPS:
                continue
            self._try_sync(seed + away, window)
            errors = urukul_sta_smp_err(self.cpld.sta_read())
            delay(100 * us)
            if not errors >> index & 1:
                return seed + away
        return -1

    @kernel
    def _try_sync(self, in_delay: int, window: int) -> None:
        self.set_sync(in_delay, window)
        self.clear_smp_err()
        delay(100 * us)

    @kernel
    def measure_io_update_alignment(
        self, delay_start: TInt64, delay_stop: TInt64
    ) -> TInt32:
        """Count the cycles of SYNC_CLK between two IO_UPDATEs with the ramp generator.

        They lie `delay_start` and `delay_stop` after a coarse cycle, 4096 mu apart;
        return whether the count is odd, as without an edge between the two delays.
        """
        self.set_cfr1(drg_load_lrr=1, drg_autoclear=1)
        self.set_cfr2(drg_enable=1)
        self.write64(RAMP_LIMIT, -1, 0)
        self.write32(RAMP_RATE, 0x00010000)  # falling, a step in each cycle,
        self.write64(RAMP_STEP, -1, 0)  # of -1: upwards
        start = now_mu() + 8 & ~7
        at_mu(start + delay_start)
        self.io_update.pulse_mu(16 - delay_start)
        self.set_cfr1()
        self.write64(RAMP_STEP, 0, 0)
        at_mu(start + 0x1000 + delay_stop)
        self.io_update.pulse_mu(16 - delay_stop)
        count = self.read32(FTW)
        delay(100 * us)
        self.set_cfr2(drg_enable=0)
        self.io_update.pulse_mu(8)
        return count & 1

    @kernel
    def tune_io_update_delay(self) -> TInt32:
        """Find the delay of IO_UPDATE that is farthest from the edges of SYNC_CLK.

        Raises
        ------
        ValueError
            No edge is found.
        """
        period = self.sysclk_per_mu * 4
        for early in range(period):
            if self._odd_counts(early, early + 2) != 0:
                continue  # not always an edge between the two
            halves = (
                self._odd_counts(early, early + 1),
                self._odd_counts(early + 1, early + 2),
            )
            if halves in {(0, 0), (_REPEAT, _REPEAT)}:
                message = "no clear IO_UPDATE-SYNC_CLK alignment edge found"
                raise ValueError(message)
            return (early + 1 + period // 2) & (period - 1)
        raise ValueError("no IO_UPDATE-SYNC_CLK alignment edge found")

    @kernel
    def _odd_counts(self, start: int, stop: int) -> int:
        count = 0
        for _ in range(_REPEAT):
            count += self.measure_io_update_alignment(start, stop)
        return count
