"""The light of a DMD's mirrors in the modes of the cavity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from ccqed_ctrl.model.dmd_pixels import Mirrors, midplane_field
from ccqed_ctrl.units import TWO_PI

from .physics.cavity import ModeImager
from .scenario import Scenario

Floats = NDArray[np.float64]


def mirror_modes(pattern: NDArray[np.bool_], truth: Scenario) -> Floats:
    """Return what spots of amplitudes f would, sum_k <u_m>_k f_k (K, 1), of mirrors.

    Only the part in phase with the spots: the rest is noise of the binary pattern.

    Parameters
    ----------
    pattern : (rows, columns) bool
    """
    mirrors = truth.mirrors
    x, y, step = _midplane(mirrors)
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    column, row = mirrors.places(grid).T
    light = midplane_field(pattern, mirrors).real
    field = map_coordinates(light, [row, column], order=3).reshape(len(y), len(x))
    axis, blur = truth.alignment, truth.resolution.dmd
    imager = ModeImager.on_grid(
        x - axis.axis_x, y - axis.axis_y, truth.cavity.waist, truth.modes, blur=blur
    )
    table = imager.rows @ field @ imager.columns.T
    l, m = truth.modes.orders()  # noqa: E741
    found: Floats = table[m, l] * step**2 / (TWO_PI * mirrors.spot**2)
    return found[:, None]


def _midplane(mirrors: Mirrors) -> tuple[Floats, Floats, float]:
    """Return x and y of a grid that holds every mirror's image, and its step, m."""
    step = max(mirrors.pitch, np.pi / (4 * mirrors.aperture))
    half = np.hypot(mirrors.columns, mirrors.rows) / 2 * mirrors.pitch
    along = np.arange(-half, half + step, step)
    return mirrors.centre_x + along, mirrors.centre_y + along, step
