"""Synchronisation of the AD9910: delays known, or measured on hardware only."""

from __future__ import annotations

from artiq.language.core import delay, kernel
from artiq.language.types import TInt32, TInt64
from artiq.language.units import us

from ccqed_ctrl.errors import DeviceError


class FixedSync:
    """Synchronisation delays from the device_db."""

    def __init__(self, core, sync_delay_seed, io_update_delay):
        self.core = core
        self.sync_delay_seed = sync_delay_seed
        self.io_update_delay = io_update_delay

    def init(self):
        """Do nothing: the delays are known."""


class EepromSync:
    """Synchronisation delays in the card's EEPROM; erased means unsynchronised."""

    def __init__(self, dmgr, core, address):
        self.core = core
        device, offset = address.split(":")
        self.eeprom_device = dmgr.get(device)
        self.eeprom_offset = int(offset)
        self.sync_delay_seed = 0
        self.io_update_delay = 0

    @kernel
    def init(self):
        """Read the delays."""
        word = self.eeprom_device.read_i32(self.eeprom_offset) >> 16
        self.sync_delay_seed = word >> 8
        delay_taps = word & 0xFF if self.sync_delay_seed >= 0 else 0
        self.io_update_delay = 0 if delay_taps == 0xFF else delay_taps


def sync_delays(dmgr, core, sync_delay_seed, io_update_delay):
    """Return the delays that a device_db entry gives, or says where to read.

    Raises
    ------
    ValueError
        One delay is in an EEPROM and the other is not, or elsewhere.
    """
    if not isinstance(sync_delay_seed, str) and not isinstance(io_update_delay, str):
        return FixedSync(core, sync_delay_seed, io_update_delay)
    if sync_delay_seed != io_update_delay:
        message = "When using EEPROM, sync_delay_seed must be equal to io_update_delay"
        raise ValueError(message)
    return EepromSync(dmgr, core, sync_delay_seed)


class SyncTuning:
    """Calibrations that have no meaning where clocks have no delays."""

    @kernel
    def clear_smp_err(self):
        """Clear the synchronisation error flag."""
        self.set_cfr2(sync_validation_disable=1)
        self.io_update.pulse(1 * us)
        delay(10 * us)
        self.set_cfr2(sync_validation_disable=0)
        self.io_update.pulse(1 * us)

    @kernel
    def tune_sync_delay(
        self,
        search_seed: TInt32 = 15,  # noqa: ARG002
        dds_channel_idx=0,  # noqa: ARG002
    ):
        """Refuse: the twin's clocks have no delays to be found.

        Raises
        ------
        DeviceError
            Always.
        """
        raise DeviceError("AD9910.tune_sync_delay is a hardware calibration")

    @kernel
    def measure_io_update_alignment(
        self,
        delay_start: TInt64,  # noqa: ARG002
        delay_stop: TInt64,  # noqa: ARG002
    ):
        """Refuse: see `tune_sync_delay`.

        Raises
        ------
        DeviceError
            Always.
        """
        message = "AD9910.measure_io_update_alignment is a hardware calibration"
        raise DeviceError(message)

    @kernel
    def tune_io_update_delay(self) -> TInt32:
        """Refuse: see `tune_sync_delay`.

        Raises
        ------
        DeviceError
            Always.
        """
        raise DeviceError("AD9910.tune_io_update_delay is a hardware calibration")
