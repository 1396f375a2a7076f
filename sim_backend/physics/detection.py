"""From light to counts: interference with the reference, shot and read noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl.params import Imaging

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]


def pixel_axis(imaging: Imaging) -> Floats:
    """Return the pixel centres along one axis, (pixels,) m, centred on the cavity."""
    index = np.arange(imaging.pixels) - (imaging.pixels - 1) / 2
    return np.asarray(index * imaging.pixel_size, np.float64)


def reference_wave(imaging: Imaging) -> Complex:
    """Return the unit tilted reference exp(i k.r), (ny, nx)."""
    axis = pixel_axis(imaging)
    phase = imaging.carrier_y * axis[:, None] + imaging.carrier_x * axis[None, :]
    return np.exp(1j * phase)


def hologram_rate(signal: Complex, reference: Complex) -> Floats:
    """Return |signal + reference|^2, photo-electrons per pixel and second.

    Parameters
    ----------
    signal, reference : (ny, nx) complex, sqrt(electrons / s) per pixel
    """
    return np.abs(signal + reference) ** 2


def expose(
    electrons: Floats, imaging: Imaging, rng: np.random.Generator
) -> NDArray[np.uint16]:
    """Draw one frame from the expected photo-electrons (ny, nx).

    Poisson shot noise, Gaussian read noise, gain, offset, clipping at saturation.
    """
    drawn = rng.poisson(electrons) + rng.normal(
        scale=imaging.read_noise, size=electrons.shape
    )
    counts = np.rint(drawn / imaging.electrons_per_count + imaging.offset)
    return np.clip(counts, 0, imaging.saturation).astype(np.uint16)
