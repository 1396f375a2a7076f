"""The simulated camera's sensor: armings, triggers, integrating frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl.controllers.frames import checked_region, not_present, reply

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


class Taken(NamedTuple):
    """A frame that was read out: counts (ny, nx), its trigger, when it began, mu."""

    counts: NDArray[np.uint16]
    sequence: int
    start_mu: int


@dataclass
class Arming:
    """What one `arm` asked for, and what came of it."""

    arm_id: int
    frames: int
    exposure: float
    #: Rows and columns of the sensor.
    region: tuple[slice, slice]
    taken: list[Taken] = field(default_factory=list)
    triggers: int = 0
    kept: int = 0

    def keep(self, frame: Taken, room: int | None) -> None:
        """Put a frame into the ring of `room` frames, over the oldest if it is full."""
        self.kept += 1
        self.taken.append(frame)
        if room is not None:
            del self.taken[:-room]


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
        #: What the buffers held last.
        self._left: Taken | None = None

    def arm(self, frames: int, exposure: float, region: Sequence[int] = ()) -> int:
        """Prepare for triggers; a former arming is dropped.

        Raises
        ------
        ParameterError
            A region beyond the sensor, see `ccqed_ctrl.protocols.Camera`.
        """
        side = self._imaging.pixels
        whole = (0, 0, side, side)
        cut = checked_region(region, side, side) if len(region) else whole
        left, top, columns, rows = cut
        part = slice(top, top + rows), slice(left, left + columns)
        self._armings += 1
        before = self._arming
        self._arming = Arming(self._armings, frames, exposure, part)
        if before is not None and before.taken:
            self._left = before.taken[-1]
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
        counts = self._pixels.expose(exposure.electrons, self._rng)[arming.region]
        if strikes(lost):
            return
        read = [Taken(counts, exposure.sequence, exposure.start_mu)]
        left = self._left
        # A buffer of another size is a new one.
        fits = left is not None and left.counts.shape == counts.shape
        if first and left is not None and fits and strikes(Fault.stale_frame):
            read.insert(0, left)
        for taken in read[: arming.frames - arming.kept]:
            arming.keep(taken, self._pixels.camera.buffer)

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
        taken = arming.taken[wanted]
        shape = [part.stop - part.start for part in arming.region]
        frames = np.empty((len(taken), *shape), np.uint16)
        for frame, one in zip(frames, taken, strict=True):
            frame[:] = one.counts
        return reply(
            frames, [one.sequence for one in taken],
            [one.start_mu * self._ref_period for one in taken],
            recorded=len(arming.taken), wanted=arming.frames,
            exposure=arming.exposure, full_scale=self._imaging.saturation,
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
