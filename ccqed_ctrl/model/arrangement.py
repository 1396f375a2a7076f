"""From traps that were loaded by chance to ensembles where they belong.

Every trap that is needed moves in a straight line, all at once and alike in time. With
the assignment that makes the sum of squared distances least, no two of them come closer
than 1/sqrt(2) of the least distance of starts and of ends: exchanging two ends would
shorten the sum unless (a_i - a_j).(b_i - b_j) >= 0, so that at a part t of the way
|d|^2 >= (1 - t)^2 |a_i - a_j|^2 + t^2 |b_i - b_j|^2.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from .. import checks, limits
from ..errors import LayoutError, ParameterError
from .layout import enforce_reach

Floats = NDArray[np.float64]

#: Least distance of traps between which atoms are moved, m; a little for rounding.
PITCH: Final = 1.001 * math.sqrt(2) * limits.ENVELOPE["distance of sites"].minimum
#: By how much a path may begin beside its trap, m: rounding.
JUMP: Final = 1e-9
#: Positions of a trajectory, its ends included.
STEPS: Final = 33


def with_reservoir(sites: ArrayLike, count: int) -> Floats:
    """Return sites (N, 2) in m and, after them, `count` more traps, (N + count, 2).

    The others are of a hexagonal lattice, nearest to the middle of the sites, with room
    about them: also where their mirror images are, since what is left over is switched
    off before there is light.

    Raises
    ------
    LayoutError
        Sites closer than `PITCH`: atoms could not pass each other.
    """
    placed = checks.array("sites", sites, ("N", 2))
    more = checks.integer("reservoir", count, 0)
    if not more or not len(placed):
        return placed
    gap = closest_approach(placed[None])
    if gap < PITCH:
        raise LayoutError(
            f"with a reservoir, sites keep {PITCH * 1e6:.3g} um apart, so that moved "
            f"atoms do; here two are {gap * 1e6:.3g} um apart: raise minimum_distance, "
            "or set reservoir=0"
        )
    return np.concatenate([placed, _free(placed, more)])


def _free(placed: Floats, count: int) -> Floats:
    """Return the `count` points of the lattice nearest to the middle of the sites."""
    middle = placed.mean(axis=0)
    # Each site takes away a few points.
    rings = 2 + math.isqrt(count + 4 * len(placed))
    while True:
        points = _lattice(rings) + middle
        gaps = np.linalg.norm(points[:, None] - placed, axis=2).min(axis=1)
        points = points[gaps >= PITCH]
        if len(points) >= count:
            order = np.argsort(np.linalg.norm(points - middle, axis=1), kind="stable")
            return points[order[:count]]
        rings *= 2


def _lattice(rings: int) -> Floats:
    """Return the points of a hexagonal lattice of `PITCH` about the origin."""
    n = np.arange(-rings, rings + 1)
    a, b = (grid.ravel() for grid in np.meshgrid(n, n))
    return PITCH * np.stack([a + b / 2, math.sqrt(0.75) * b], axis=1)


def assign(traps: ArrayLike, loaded: ArrayLike, targets: ArrayLike) -> NDArray[np.intp]:
    """Return which trap goes to each target, (N,): loaded ones, on the shortest ways.

    traps: (M, 2) m. loaded: (M,) bool. targets: (N, 2) m, N up to M. Empty traps go
    where there are not enough atoms. The sum of squared distances is the least for the
    traps that are taken.
    """
    starts = checks.array("traps", traps, ("M", 2))
    ends = checks.array("targets", targets, ("N", 2))
    empty = ~np.asarray(loaded, np.bool_)
    ways = np.sum((ends[:, None] - starts) ** 2, axis=2)
    # One empty trap costs more than the worst ways of all others.
    ways += empty * (1.0 + len(ends)) * max(float(ways.max(initial=0.0)), PITCH**2)
    return np.asarray(linear_sum_assignment(ways)[1])


def trajectories(
    starts: ArrayLike, ends: ArrayLike, speed: float
) -> tuple[Floats, Floats]:
    """Return times (T,) s and positions (T, N, 2) m of straight moves, least in jerk.

    Parameters
    ----------
    starts, ends : (N, 2) float, m
    speed : float, m/s
        Of the fastest, at its fastest: 15/8 of its mean.

    Returns
    -------
    times, positions
        From 0 on; one time where nothing moves.
    """
    first = checks.array("starts", starts, ("N", 2))
    last = checks.array("ends", ends, ("N", 2))
    fastest = checks.number("speed", speed, 1e-6, unit="m/s")
    farthest = float(np.linalg.norm(last - first, axis=1).max(initial=0.0))
    if farthest == 0.0:
        return np.zeros(1), first[None].copy()
    t = np.linspace(0.0, 1.0, STEPS)
    done = (10 * t**3 - 15 * t**4 + 6 * t**5)[:, None, None]
    return t * 15 / 8 * farthest / fastest, (1 - done) * first + done * last


def checked_moves(
    traps: ArrayLike,
    times: ArrayLike,
    positions: ArrayLike,
    present: Floats,
    reach: float,
) -> tuple[NDArray[np.intp], Floats, Floats]:
    """Return traps (N,), times (T,) s and positions (T, N, 2) m as arrays of their own.

    They are what `protocols.TweezerArray.program` takes, for traps that are at
    `present` (M, 2) m now and can be up to `reach` m out.

    Raises
    ------
    ShapeError, ParameterError, LimitError
        As said there.
    """
    numbers = checks.array("traps", traps, ("N",))
    instants = checks.array("times of traps", times, ("T",))
    path = checks.array("paths of traps", positions, (len(instants), len(numbers), 2))
    if not set(numbers) <= set(range(len(present))):
        raise ParameterError(
            f"traps must be numbers from 0 to {len(present) - 1}; got "
            f"{numbers.tolist()}"
        )
    if len(set(numbers)) < len(numbers):
        raise ParameterError(f"traps are named twice in {numbers.tolist()}")
    if not len(instants) or instants[0] != 0 or np.any(np.diff(instants) <= 0):
        raise ParameterError(f"times of traps must rise from 0 s; got {instants}")
    chosen = numbers.astype(np.intp)
    jump = np.abs(path[0] - present[chosen]).max(initial=0.0)
    if jump > JUMP:
        raise ParameterError(
            f"paths must begin where the traps are; one begins {jump * 1e6:.3g} um "
            "away: was set_positions called since?"
        )
    enforce_reach(path, reach)
    enforce_apart(path)
    return chosen, instants.copy(), path.copy()


def enforce_apart(positions: ArrayLike) -> None:
    """Raise if traps come too close to each other on positions (T, N, 2) m.

    Raises
    ------
    ShapeError
        Another shape, or infinite numbers.
    LimitError
    """
    nearest = closest_approach(positions)
    if math.isfinite(nearest):
        limits.enforce("distance of sites", nearest)


def closest_approach(positions: ArrayLike) -> float:
    """Return how close traps come, in m: exact for lines between positions (T, N, 2).

    Infinite for fewer than two traps. Mirror images do not count (`enforce_spacing` of
    the layout): tweezers know of no cavity axis.
    """
    path = checks.array("positions", positions, ("T", "N", 2))
    one, other = np.triu_indices(path.shape[1], 1)
    if not one.size:
        return math.inf
    apart = path[:, one] - path[:, other]
    least = np.linalg.norm(apart, axis=2).min()
    start, step = apart[:-1], np.diff(apart, axis=0)
    length = np.sum(step**2, axis=2)
    along = -np.sum(start * step, axis=2) / np.where(length > 0, length, 1.0)
    nearest = start + np.clip(along, 0.0, 1.0)[..., None] * step
    return float(min(least, np.linalg.norm(nearest, axis=2).min(initial=math.inf)))


def top_speed(times: ArrayLike, positions: ArrayLike) -> Floats:
    """Return top speeds (N,) m/s along positions (T, N, 2) m at times (T,) s."""
    path = checks.array("positions", positions, ("T", "N", 2))
    instants = checks.array("times", times, (len(path),))
    steps = np.linalg.norm(np.diff(path, axis=0), axis=2)
    speeds: Floats = (steps / np.diff(instants)[:, None]).max(axis=0, initial=0.0)
    return speeds
