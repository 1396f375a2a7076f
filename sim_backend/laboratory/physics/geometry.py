"""Where sites are in the cavity, and how much of the pump they see."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ccqed_ctrl import checks

from .system import Floats


def turned(positions: ArrayLike, magnification: float, rotation: float) -> Floats:
    """Return positions (N, 2) m magnified and turned about the origin.

    rotation: rad, counterclockwise from x to y.
    """
    sites = checks.array("positions", positions, ("N", 2))
    x, y = sites.T
    c, s = magnification * np.cos(rotation), magnification * np.sin(rotation)
    return np.column_stack([c * x - s * y, s * x + c * y])


def gaussian_profile(positions: ArrayLike, waist: float | None) -> Floats:
    """Return exp(-r^2 / waist^2) (N,) at positions (N, 2) m; ones without a waist.

    A field of this profile weighs the coupling of site i, so J_ij with the product of
    two, h_i and the emission with one.
    """
    sites = checks.array("positions", positions, ("N", 2))
    if waist is None:
        return np.ones(len(sites))
    return np.asarray(np.exp(-np.sum(sites**2, axis=1) / waist**2), np.float64)
