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


def sample_grid(
    ensembles: int,
    columns: int,
    width: float,
    minimum_distance: float,
    rng: np.random.Generator,
) -> Floats:
    """Draw a product grid: `columns` at x > 0, and rows, Gaussian as `sample_layout`.

    Distances hold for columns, rows and mirror images. It is what crossed deflectors
    light at once (`deflectors`).

    Returns
    -------
    (N, 2) float, m, row by row

    Raises
    ------
    LayoutError
        N is no multiple of the columns, or they or the rows do not fit.
    """
    count = checks.integer("ensembles", ensembles, 1)
    across = checks.integer("columns", columns, 1)
    if count % across:
        raise LayoutError(
            f"{count} ensembles are no product grid of {across} columns; give a "
            "number of columns that divides them, or none"
        )
    width = checks.number("width", width, 1e-12, unit="m")
    distance = checks.number("minimum_distance", minimum_distance, 0.0, unit="m")
    x = np.abs(rng.normal(scale=width, size=ATTEMPTS))
    y = rng.normal(scale=width, size=ATTEMPTS)
    right = _apart(x[2 * x >= distance], across, distance, "columns")
    up = _apart(y, count // across, distance, "rows")
    return np.stack(np.meshgrid(right, up), axis=-1).reshape(-1, 2)


def _apart(proposals: Floats, count: int, distance: float, kind: str) -> Floats:
    """Return the first of proposals that keep their distance from those before."""
    placed: list[float] = []
    for proposal in proposals:
        if all(abs(proposal - other) >= distance for other in placed):
            placed.append(proposal)
        if len(placed) == count:
            return np.array(placed)
    raise LayoutError(
        f"only {len(placed)} of {count} {kind} fit a product grid with "
        f"{distance * 1e6:.3g} um between them; widen the layout, allow a smaller "
        "distance, or share the ensembles out otherwise among columns and rows"
    )


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
