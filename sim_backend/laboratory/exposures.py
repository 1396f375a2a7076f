"""The simulated camera's sensor: armings, triggers, integrating frames."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl.controllers.frames import not_present, reply

from .controls import Setting
from .faults import FLASH, Fault, Faults
from .pixels import Pixels

Floats = NDArray[np.float64]

#: Instants at which the field is evaluated in each constant piece of an exposure.
EXPOSURE_NODES = 4


@dataclass
class Exposure:
    """One frame in the making: electrons (ny, nx) collected from start to stop, mu."""

    start_mu: int
    stop_mu: int
    sequence: int
    electrons: Floats


@dataclass
class Arming:
    """What one `arm` asked for, and what came of it."""

    arm_id: int
    frames: int
    exposure: float
    taken: list[NDArray[np.uint16]] = field(default_factory=list)
    sequence: list[int] = field(default_factory=list)
    triggers: int = 0
    kept: int = 0

    def keep(self, frame: NDArray[np.uint16], number: int, room: int | None) -> None:
        """Put a frame into the ring of `room` frames, over the oldest if it is full."""
        self.kept += 1
        self.taken.append(frame)
        self.sequence.append(number)
        if room is not None:
            del self.taken[:-room], self.sequence[:-room]


class Sensor:
    """Exposes on trigger edges; a trigger while busy or unarmed is ignored."""

    def __init__(
        self,
        pixels: Pixels,
        ref_period: float,
        rng: np.random.Generator,
        faults: Faults | None = None,
    ) -> None:
        self._faults = faults or Faults()
        self._pixels, self._imaging = pixels, pixels.imaging
        self._ref_period = ref_period
        self._rng = rng
        self._arming: Arming | None = None
        self._armings = 0
        self._ready_mu = 0
        self.open: list[Exposure] = []
        #: What the buffers held last, and the number of its trigger.
        self._left: tuple[NDArray[np.uint16], int] | None = None

    def arm(self, frames: int, exposure: float) -> int:
        """Prepare for triggers; a former arming is dropped."""
        self._armings += 1
        before, self._arming = self._arming, Arming(self._armings, frames, exposure)
        if before is not None and before.taken:
            self._left = before.taken[-1], before.sequence[-1]
        self.open.clear()
        return self._armings

    def abort(self) -> None:
        """Drop the arming."""
        self._arming = None
        self.open.clear()

    def trigger(self, time_mu: int) -> None:
        """Open an exposure at a rising edge, if armed and ready."""
        arming = self._arming
        if arming is None:
            return
        arming.triggers += 1
        full = arming.kept + len(self.open) >= arming.frames
        if full or time_mu < self._ready_mu:
            return
        stop = time_mu + round(arming.exposure / self._ref_period)
        readout = round(self._imaging.readout_time / self._ref_period)
        self._ready_mu = stop + readout
        shape = (self._imaging.pixels, self._imaging.pixels)
        frame = np.zeros(shape)
        self.open.append(Exposure(time_mu, stop, arming.triggers - 1, frame))

    def close_until(self, until_mu: int) -> None:
        """Read out the exposures that have ended."""
        for exposure in [e for e in self.open if e.stop_mu <= until_mu]:
            self.open.remove(exposure)
            if self._arming is not None:
                self._read_out(exposure, self._arming)

    def _read_out(self, exposure: Exposure, arming: Arming) -> None:
        """Put a frame into the buffer, or whatever a fault makes of that."""
        strikes, first = self._faults.now, exposure.sequence == 0
        lost = Fault.dropped_frame if first else Fault.buffer_overrun
        if first and strikes(Fault.frame_saturated):
            exposure.electrons += FLASH
        frame = self._pixels.expose(exposure.electrons, self._rng)
        if strikes(lost):
            return
        read = [(frame, exposure.sequence)]
        if first and self._left is not None and strikes(Fault.stale_frame):
            read.insert(0, self._left)
        for taken, number in read[: arming.frames - arming.kept]:
            arming.keep(taken, number, self._pixels.camera.buffer)

    def collect(self, arm_id: int, wanted: slice = slice(None)) -> dict[str, Any]:
        """Return what `ccqed_ctrl.protocols.Camera.fetch` promises of wanted frames.

        Raises
        ------
        DeviceError
            Not the present arming.
        """
        arming = self._arming
        if arming is None or arming.arm_id != arm_id:
            raise not_present(arm_id)
        shape = (0, self._imaging.pixels, self._imaging.pixels)
        taken = arming.taken[wanted]
        frames = np.stack(taken) if taken else np.empty(shape, np.uint16)
        return reply(
            frames, arming.sequence[wanted], recorded=len(arming.taken),
            wanted=arming.frames, exposure=arming.exposure,
            full_scale=self._imaging.saturation,
        )  # fmt: skip


def samples(
    edges: NDArray[np.int64],
    settings: list[Setting],
    opened: list[Exposure],
    ref_period: float,
) -> Iterable[tuple[float, float, Setting, Exposure]]:
    """Yield (instant mu, duration s, setting, exposure) that sample the exposures."""
    for exposure in opened:
        for (start, stop), setting in zip(pairwise(edges), settings, strict=True):
            begin, end = max(start, exposure.start_mu), min(stop, exposure.stop_mu)
            if end <= begin:
                continue
            width = (end - begin) / EXPOSURE_NODES
            for node in range(EXPOSURE_NODES):
                instant = begin + (node + 0.5) * width
                yield instant, width * ref_period, setting, exposure
