"""Geometry of the hologram: where the pixels are, how the reference is tilted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError
from ..params import Imaging
from ..quantities import Parameters, quantity


@dataclass(frozen=True)
class Region(Parameters):
    """Where on the sensor the square frame of `Imaging.pixels` is.

    What is said of the camera's coordinates is about the middle of the frame.
    """

    left: int = quantity(
        -1, "first column of the frame; -1: as the camera's driver was set up",
        minimum=-1, maximum=65535,
    )  # fmt: skip
    top: int = quantity(
        -1, "first row of the frame; -1, as the first column", minimum=-1,
        maximum=65535,
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.left, self.top) < 0 <= max(self.left, self.top):
            raise ParameterError(
                "Region.left and Region.top must both be -1, or both be columns and "
                f"rows of the sensor; got {self.left} and {self.top}"
            )

    def of(self, imaging: Imaging) -> list[int]:
        """Return what `protocols.Camera.arm` takes as a region."""
        side = imaging.pixels
        return [self.left, self.top, side, side] if self.left >= 0 else []


def pixel_axis(imaging: Imaging) -> NDArray[np.float64]:
    """Return the pixel centres along one axis, (pixels,) m, centred on the cavity."""
    index = np.arange(imaging.pixels) - (imaging.pixels - 1) / 2
    return np.asarray(index * imaging.pixel_size, np.float64)


def reference_wave(imaging: Imaging) -> NDArray[np.complex128]:
    """Return the unit tilted reference exp(i k.r), (ny, nx)."""
    axis = pixel_axis(imaging)
    phase = imaging.carrier_y * axis[:, None] + imaging.carrier_x * axis[None, :]
    return np.exp(1j * phase)
