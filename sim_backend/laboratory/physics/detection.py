"""From light to counts: interference with the reference, shot and read noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl.params import Imaging

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]


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
