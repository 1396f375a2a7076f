"""From places about the cavity axis to those that traps, DMD and camera know.

The model of the memory has its origin on the axis; devices have theirs elsewhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..params import Axis, Traps

Floats = NDArray[np.float64]


def seen(places: ArrayLike, axis: Axis) -> Floats:
    """Return places (N, 2) m about the axis in the coordinates of camera and DMD."""
    about = checks.array("places", places, ("N", 2))
    return np.asarray(about + axis.place, np.float64)


def commanded(places: ArrayLike, axis: Axis, traps: Traps) -> Floats:
    """Return the commands (N, 2) m that bring traps to places (N, 2) m about the axis.

    The inverse of r = A c + (x, y), of which `params.Traps` tells A.
    """
    shift = np.array([traps.x, traps.y])
    found = np.linalg.solve(np.array(traps.matrix), (seen(places, axis) - shift).T)
    return np.asarray(found.T, np.float64)
