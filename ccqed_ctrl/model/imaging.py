"""Geometry of the hologram: where the pixels are, how the reference is tilted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..params import Imaging


def pixel_axis(imaging: Imaging) -> NDArray[np.float64]:
    """Return the pixel centres along one axis, (pixels,) m, centred on the cavity."""
    index = np.arange(imaging.pixels) - (imaging.pixels - 1) / 2
    return np.asarray(index * imaging.pixel_size, np.float64)


def reference_wave(imaging: Imaging) -> NDArray[np.complex128]:
    """Return the unit tilted reference exp(i k.r), (ny, nx)."""
    axis = pixel_axis(imaging)
    phase = imaging.carrier_y * axis[:, None] + imaging.carrier_x * axis[None, :]
    return np.exp(1j * phase)
