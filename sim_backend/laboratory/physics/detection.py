"""What a camera detects: interference with the reference, multiplied electrons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]


def hologram_rate(signal: Complex, reference: Complex) -> Floats:
    """Return |signal + reference|^2, photo-electrons per pixel and second.

    Parameters
    ----------
    signal, reference : (ny, nx) complex, sqrt(electrons / s) per pixel
    """
    return np.abs(signal + reference) ** 2


def multiplied(
    electrons: NDArray[np.int64], gain: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return what comes out of a multiplying register of many stages.

    Each electron leaves as a geometric number of mean g, whose variance is g (g - 1):
    Poisson light gets the excess noise factor F^2 = 2 - 1/g, the limit of many stages
    of Robbins and Hadwen, IEEE Trans. Electron Devices 50, 1227 (2003).
    """
    if gain == 1:
        return electrons
    # n geometric numbers are n and a negative binomial: Poisson of a gamma variable.
    more = rng.poisson((gain - 1) * rng.standard_gamma(electrons))
    return np.asarray(electrons + more, np.int64)
