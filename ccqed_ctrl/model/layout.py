"""Where the ensembles go: Gaussian layouts in one half-plane, kept apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks, limits
from ..errors import LayoutError, LimitError

Floats = NDArray[np.float64]

#: Proposals per site before the layout is called impossible.
ATTEMPTS = 2000
#: Proposals looked at together: most sites take one of the first.
BATCH = 20


def sample_layout(
    ensembles: int,
    width: float,
    minimum_distance: float,
    rng: np.random.Generator,
) -> Floats:
    """Draw N positions, Gaussian with standard deviation `width` per coordinate.

    The cavity cannot tell r from -r, so all sites go to x > 0 and stay
    `minimum_distance` away from each other's mirror images and their own. That
    pushes the realised width out: use `realised_width`.

    Parameters
    ----------
    ensembles : int
    width, minimum_distance : float, m

    Returns
    -------
    (N, 2) float, m

    Raises
    ------
    LayoutError
        The sites do not fit.
    """
    count = checks.integer("ensembles", ensembles, 1)
    width = checks.number("width", width, 1e-12, unit="m")
    distance = checks.number("minimum_distance", minimum_distance, 0.0, unit="m")
    placed = np.empty((count, 2))
    for index in range(count):
        proposals = rng.normal(scale=width, size=(ATTEMPTS, 2))
        proposals[:, 0] = np.abs(proposals[:, 0])
        free = _first_free(proposals, placed[:index], distance)
        if free is None:
            raise LayoutError(
                f"only {index} of {count} ensembles fit a layout of width "
                f"{width * 1e6:.3g} um with {distance * 1e6:.3g} um between sites and "
                "mirror images; widen the layout, or allow a smaller distance"
            )
        placed[index] = proposals[free]
    return placed


def _first_free(proposals: Floats, placed: Floats, distance: float) -> int | None:
    """Return the index of the first proposal with room around it, if any."""
    for start in range(0, len(proposals), BATCH):
        free = _is_free(proposals[start : start + BATCH], placed, distance)
        if free.any():
            return start + int(np.argmax(free))
    return None


def _is_free(proposals: Floats, placed: Floats, distance: float) -> NDArray[np.bool_]:
    own_mirror = 2 * np.linalg.norm(proposals, axis=1) >= distance
    if len(placed) == 0:
        return own_mirror
    both = np.concatenate([placed, -placed])
    gaps = np.linalg.norm(proposals[:, None, :] - both[None, :, :], axis=2)
    return own_mirror & (gaps.min(axis=1) >= distance)


def realised_width(positions: ArrayLike) -> float:
    """Return the rms width per coordinate of positions (N, 2), in their unit."""
    sites = checks.array("positions", positions, ("N", 2))
    return float(np.sqrt(np.mean(sites**2)))


def smallest_gap(positions: ArrayLike) -> float:
    """Return the least distance between any two of all sites and mirror images."""
    sites = checks.array("positions", positions, ("N", 2))
    both = np.concatenate([sites, -sites])
    gaps = np.linalg.norm(sites[:, None, :] - both[None, :, :], axis=2)
    gaps[np.arange(len(sites)), np.arange(len(sites))] = np.inf
    return float(gaps.min())


def enforce_reach(positions: ArrayLike, reach: float) -> None:
    """Raise if one of positions (..., 2) in m is farther out than traps reach, in m.

    Raises
    ------
    LimitError
    """
    farthest = float(np.max(np.linalg.norm(positions, axis=-1), initial=0.0))
    if farthest > reach:
        raise LimitError(
            f"tweezers reach {reach * 1e6:g} um from the cavity axis; a site is at "
            f"{farthest * 1e6:.4g} um"
        )


def enforce_spacing(positions: ArrayLike) -> None:
    """Raise if sites (N, 2) in m are too close, each other's mirror images included.

    Raises
    ------
    ShapeError
        Another shape, or infinite numbers.
    LimitError
        Two sites, a site and a mirror image, or a site and its own.
    """
    if np.size(positions):
        limits.enforce("distance of sites", smallest_gap(positions))
