"""The simulated camera's sensor: armings, triggers, integrating frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl.errors import DeviceError
from ccqed_ctrl.params import Imaging

from .physics.detection import expose

Floats = NDArray[np.float64]


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


class Sensor:
    """Exposes on trigger edges; a trigger while busy or unarmed is ignored."""

    def __init__(
        self, imaging: Imaging, ref_period: float, rng: np.random.Generator
    ) -> None:
        self._imaging = imaging
        self._ref_period = ref_period
        self._rng = rng
        self._arming: Arming | None = None
        self._armings = 0
        self._ready_mu = 0
        self.open: list[Exposure] = []

    def arm(self, frames: int, exposure: float) -> int:
        """Prepare for triggers; a former arming is dropped."""
        self._armings += 1
        self._arming = Arming(self._armings, frames, exposure)
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
        full = len(arming.taken) + len(self.open) >= arming.frames
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
                frame = expose(exposure.electrons, self._imaging, self._rng)
                self._arming.taken.append(frame)
                self._arming.sequence.append(exposure.sequence)

    def collect(self, arm_id: int, wanted: slice = slice(None)) -> dict[str, Any]:
        """Return what `ccqed_ctrl.protocols.Camera.fetch` promises of wanted frames.

        Raises
        ------
        DeviceError
            Not the present arming.
        """
        arming = self._arming
        if arming is None or arming.arm_id != arm_id:
            raise DeviceError(
                f"camera: arming {arm_id} is not the present one; it was aborted or "
                "armed again"
            )
        shape = (0, self._imaging.pixels, self._imaging.pixels)
        taken = arming.taken[wanted]
        frames = np.stack(taken) if taken else np.empty(shape, np.uint16)
        clipped = np.count_nonzero(frames >= self._imaging.saturation, axis=(1, 2))
        return {
            "frames": frames,
            "sequence": np.array(arming.sequence[wanted], np.int64),
            "recorded": len(arming.taken),
            "exposure": arming.exposure,
            "missing": arming.frames - len(arming.taken),
            "saturated": clipped.astype(np.int64),
        }
