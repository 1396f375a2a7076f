"""The camera's pixels: from expected light to counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl.params import Imaging

from .imperfections import Camera
from .physics.detection import multiplied

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pixels:
    """A sensor: how its light becomes counts, and how its pixels differ.

    offsets: ADU above `imaging.offset`. gains: relative to the mean one. Both (ny, nx),
    or one number for all pixels.
    """

    imaging: Imaging
    camera: Camera = Camera()
    offsets: Floats | float = 0.0
    gains: Floats | float = 1.0

    @classmethod
    def drawn(cls, imaging: Imaging, camera: Camera, rng: np.random.Generator) -> Self:
        """Return a sensor whose pixels differ as the camera's spreads say."""
        offsets, gains = rng.standard_normal((2, imaging.pixels, imaging.pixels))
        return cls(
            imaging, camera, camera.offset_spread * offsets,
            1 + camera.gain_spread * gains,
        )  # fmt: skip

    def expose(self, electrons: Floats, rng: np.random.Generator) -> NDArray[np.uint16]:
        """Draw one frame from the expected photo-electrons (ny, nx).

        Poisson shot noise up to the full well, multiplication, Gaussian read noise,
        gain, offset, clipping at saturation.
        """
        imaging, well = self.imaging, self.camera.full_well
        shot = rng.poisson(electrons)
        if well is not None:
            shot = np.minimum(shot, int(well))
        amplified = multiplied(shot, self.camera.em_gain, rng)
        read = amplified + rng.normal(scale=imaging.read_noise, size=electrons.shape)
        counts = read * self.gains / imaging.electrons_per_count + imaging.offset
        return np.asarray(
            np.clip(np.rint(counts + self.offsets), 0, imaging.saturation), np.uint16
        )
