"""The frame grabber: `artiq.coredevice.grabber` on the simulated RTIO bus."""

from __future__ import annotations

from typing import Any

from artiq.coredevice.grabber import GrabberTimeoutException, OutOfSyncException
from artiq.language.core import delay, delay_mu, kernel

from ..chips.words import signed32
from .core import Core


class Grabber:
    """Sums of regions of interest, once per frame; never an image."""

    def __init__(
        self,
        dmgr: Any,
        channel_base: int,
        res_width: int = 12,
        count_shift: int = 0,
        core_device: str = "core",
    ) -> None:
        self.core: Core = dmgr.get(core_device)
        self.channel_base = channel_base
        count_width = min(31, 2 * res_width + 16 - count_shift)
        self.sentinel = signed32(1 << count_width)

    @staticmethod
    def get_rtio_channels(channel_base: int, **kwargs: Any) -> list[tuple[int, str]]:
        """Return the RTIO channels of such a device."""
        del kwargs
        return [(channel_base, "ROI coordinates"), (channel_base + 1, "ROI mask")]

    @kernel
    def setup_roi(self, n: int, x0: int, y0: int, x1: int, y1: int) -> None:
        """Set region `n`; four coarse cycles."""
        for index, value in enumerate((x0, y0, x1, y1)):
            self.core.rtio.output(self.channel_base, 4 * n + index, value)
            delay_mu(self.core.ref_multiplier)

    @kernel
    def gate_roi(self, mask: int) -> None:
        """Enable the masked regions at the cursor."""
        self.core.rtio.output(self.channel_base + 1, 0, mask)

    @kernel
    def gate_roi_pulse(self, mask: int, dt: float) -> None:
        """Enable the masked regions for `dt` seconds."""
        self.gate_roi(mask)
        delay(dt)
        self.gate_roi(0)

    @kernel
    def input_mu(self, data: list[int], timeout_mu: int = -1) -> None:
        """Fill a list with the sums of one frame, by region number.

        Raises
        ------
        GrabberTimeoutException
            Not enough sums by the timeout.
        OutOfSyncException
            The list is not as long as there are enabled regions.
        """
        rtio, channel = self.core.rtio, self.channel_base + 1
        timeout_mu = int(timeout_mu)
        time_mu, value = rtio.input_timestamped_data(channel, timeout_mu)
        if time_mu == -1:
            raise GrabberTimeoutException("Timeout before Grabber frame available")
        if value != self.sentinel:
            raise OutOfSyncException
        for i in range(len(data)):
            time_mu, value = rtio.input_timestamped_data(channel, timeout_mu)
            if time_mu == -1:
                message = (
                    "Timeout retrieving ROIs (attempting to read more ROIs than "
                    "enabled?)"
                )
                raise GrabberTimeoutException(message)
            if value == self.sentinel:
                raise OutOfSyncException
            data[i] = value
