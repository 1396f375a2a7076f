"""Fastino's gateware: staged samples, frames, hold and update."""

from __future__ import annotations

from typing import Any

from ccqed_ctrl.errors import DeviceError

from .ad9910 import Emit
from .phy import Phy
from .words import bits

CHANNELS = 32
UPDATE, HOLD, CONFIG, LEDS, CONTINUOUS, CIC_STAGE, CIC_APPLY = (
    *(0x20, 0x21, 0x22, 0x23),
    *(0x25, 0x26, 0x27),
)
ZERO = 0x8000
#: Length of a frame: 14 words of 7 bits at 4 mu.
FRAME_MU = 14 * 7 * 4
#: Volts of one step.
STEP = 10 / 0x8000


class FastinoFrames(Phy):
    """RTIO channel of a Fastino; outputs change where a frame starts.

    Frames of FRAME_MU run on without pause; the twin starts them at time zero. The
    interpolators are simulated at unit rate only.
    """

    def __init__(self, key: str, width: int, emit: Emit) -> None:
        super().__init__(key)
        self._width = width
        self._emit = emit
        self._staged: dict[int, int] = {}
        self._volts = dict.fromkeys(range(CHANNELS), 0.0)
        self._held = 0
        self._cic = 0
        self._off = False

    def write(self, time_mu: int, address: int, data: Any) -> None:
        """Take samples or a setting."""
        if address < CHANNELS:
            self._stage(address, data)
            self._update(time_mu, ~self._held)
        elif address == UPDATE:
            self._update(time_mu, data)
        elif address == HOLD:
            self._held = data
        elif address == CONFIG:
            self._off = bool(bits(data, 0, 3))
            self._update(time_mu, -1, everything=True)
        elif address == CIC_STAGE:
            self._cic = data
        elif address == CIC_APPLY and data and bits(self._cic, 0, 10):
            message = f"{self.key}: interpolation by more than 1 is not simulated"
            raise DeviceError(message)

    def _stage(self, first: int, data: Any) -> None:
        words = [data] if self._width == 1 else list(data)
        for index in range(self._width):
            if self._width == 1:
                sample = words[0]
            elif index // 2 < len(words):
                sample = words[index // 2] >> 16 * (index % 2)
            else:
                sample = 0
            self._staged[first + index] = bits(sample, 0, 16)

    def _update(self, time_mu: int, mask: int, *, everything: bool = False) -> None:
        frame = -(-time_mu // FRAME_MU) * FRAME_MU
        for channel in range(CHANNELS):
            if not bits(mask, channel, 1):
                continue
            if channel in self._staged:
                code = self._staged.pop(channel)
                self._volts[channel] = (code - ZERO) * STEP
            elif not everything:
                continue
            volts = 0.0 if self._off else self._volts[channel]
            self._emit(frame, self.key, f"dac{channel}", volts)
