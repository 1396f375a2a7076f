"""Basins of attraction: how much corruption a minimum undoes (Sec. VI, Figs. 10 to 13).

A trial flips d distinct random spins of a minimum, relaxes, and counts as a recall if
the minimum comes back exactly. The basin size is the largest d up to which the recall
probability stays at or above 0.95.

The estimator: Wald's sequential probability-ratio test (Ann. Math. Stat. 16, 117
(1945)) at each d, inside a doubling search and a bisection, on the premise that recall
does not improve with d. A fixed number of trials per d with early exit, as is often
used, is biased low: every d is one more chance to fail by luck.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..errors import ParameterError
from ._fixed_point import FixedPoint, prepare
from ._recall import recall, recall_at_random
from ._streams import draw_seed
from ._threads import in_slices

#: Dynamics that end in a minimum, and their recall trials.
DESCENTS: dict[str, Callable[..., Any]] = {"sd": recall, "0tmh": recall_at_random}

#: Trials between two looks of a sequential test.
BATCH = 64


@dataclass(frozen=True)
class Basin:
    """Size of a basin of attraction, in spins.

    Attributes
    ----------
    size : int
        Largest distance at which the recall probability is at least the threshold.
    low, high : int
        Confidence interval of `size`; 0 and the limit where none was asked for.
    trials : int
        Relaxations used.
    """

    size: int
    low: int
    high: int
    trials: int


def recall_curve(
    couplings: ArrayLike | FixedPoint,
    minimum: ArrayLike,
    flips: ArrayLike,
    *,
    trials: int = 1000,
    dynamics: str = "sd",
    rng: np.random.Generator,
    threads: int | None = None,
) -> NDArray[np.float64]:
    """Return the fraction of exact recalls after flipping d random spins.

    Parameters
    ----------
    couplings : (N, N) float or FixedPoint
        Symmetric; the diagonal is ignored.
    minimum : (N,) of -1 and +1
    flips : (D,) int in [0, N]
        The distances d.
    trials : int >= 1
        Per distance.
    dynamics : {"sd", "0tmh"}
    rng : numpy.random.Generator
        Gives one seed; the results do not depend on `threads`.
    threads : int, optional
        Default: as many as Numba may use.

    Returns
    -------
    (D,) float64

    Raises
    ------
    ShapeError
        Couplings or spins that do not fit.
    ParameterError
        Not a minimum, a distance or number out of range, unknown dynamics, no rng.
    """
    memory = _Memory(couplings, minimum, dynamics, rng)
    many = checks.integer("trials", trials, 1)
    distances = checks.array("flips", flips, ("D",))
    size = memory.fixed.size
    curve = [
        memory.recalls(checks.integer("flips", d, 0, size), many, threads) / many
        for d in distances
    ]
    return np.array(curve, np.float64)


def basin_size(
    couplings: ArrayLike | FixedPoint,
    minimum: ArrayLike,
    *,
    dynamics: str = "sd",
    threshold: float = 0.95,
    width: float = 0.02,
    error: float = 0.01,
    interval: bool = True,
    rng: np.random.Generator,
) -> Basin:
    """Measure the basin of a minimum by sequential tests.

    `size` rests on tests of threshold + width/2 against threshold - width/2: where the
    true recall probability is between, either answer is right. `low` rests on tests of
    threshold + width against threshold, `high` on threshold against threshold - width,
    so that each end is wrong with probability `error` per distance tested.

    Parameters
    ----------
    couplings : (N, N) float or FixedPoint
        Symmetric; the diagonal is ignored.
    minimum : (N,) of -1 and +1
    dynamics : {"sd", "0tmh"}
    threshold : float
        Recall probability that ends the basin; the paper uses 0.95.
    width : float
        Resolution in recall probability; trials grow as 1/width^2 in the worst case.
    error : float in [1e-6, 0.4]
        Of each test, either way.
    interval : bool
        Whether to measure `low` and `high`: about two thirds of the trials. `size` is
        the same with and without.
    rng : numpy.random.Generator

    Returns
    -------
    Basin
        Sizes in [0, N // 2]: beyond, a state is closer to the inverted minimum.

    Raises
    ------
    ShapeError
        Couplings or spins that do not fit.
    ParameterError
        Not a minimum, a number out of range, unknown dynamics, no rng.
    """
    memory = _Memory(couplings, minimum, dynamics, rng)
    limit = memory.fixed.size // 2
    return measure_basin(
        memory.recalls, limit, threshold=threshold, width=width, error=error,
        interval=interval,
    )  # fmt: skip


def measure_basin(
    recalls: Callable[[int, int], int],
    limit: int,
    *,
    threshold: float = 0.95,
    width: float = 0.02,
    error: float = 0.01,
    interval: bool = True,
) -> Basin:
    """Measure the basin of anything that can be recalled; see `basin_size`.

    Parameters
    ----------
    recalls : callable
        (distance, trials) -> how many of so many new, independent trials succeed.
    limit : int >= 0
        Largest distance of interest.
    threshold, width, error, interval
        As in `basin_size`.

    Raises
    ------
    ParameterError
        A number out of range.
    """
    centre = checks.number("threshold", threshold, 1e-3, 1 - 1e-3)
    room = 0.99 * min(centre, 1 - centre)
    spread = checks.number("width", width, 1e-4, room)
    risk = checks.number("error", error, 1e-6, 0.4)
    largest = checks.integer("limit", limit, 0)
    tests = _Tests(recalls)

    def passes(distance: int, offset: float) -> bool:
        good = centre + (offset + 0.5) * spread
        return tests.test(distance, good, good - spread, risk)

    size = _last(lambda d: passes(d, 0.0), 0, largest)
    if not interval:
        return Basin(size, 0, largest, tests.trials)
    low = _last(lambda d: passes(d, 0.5), 0, size)
    high = _last(lambda d: passes(d, -0.5), size, largest)
    return Basin(size, low, high, tests.trials)


class _Tests:
    """Sequential tests, and the trials they used."""

    def __init__(self, recalls: Callable[[int, int], int]) -> None:
        self._recalls = recalls
        self.trials = 0

    def test(self, distance: int, good: float, bad: float, error: float) -> bool:
        """Decide between recall probabilities `good` and `bad` at a distance.

        Wald's test, looked at once per batch: each answer is wrong with probability
        `error` if the other hypothesis holds.
        """
        gain = math.log(good / bad)
        loss = math.log((1 - bad) / (1 - good))
        bound = math.log((1 - error) / error)
        evidence = 0.0
        while abs(evidence) < bound:
            recalled = self._recalls(distance, BATCH)
            self.trials += BATCH
            evidence += gain * recalled - loss * (BATCH - recalled)
        return evidence > 0


class _Memory:
    """A minimum and its known fields, from which all trials start."""

    def __init__(
        self,
        couplings: ArrayLike | FixedPoint,
        minimum: ArrayLike,
        dynamics: str,
        rng: np.random.Generator,
    ) -> None:
        self.fixed = prepare(couplings)
        self.trials = 0
        spins = checks.spins("minimum", minimum, (self.fixed.size,))
        if dynamics not in DESCENTS:
            allowed = " or ".join(DESCENTS)
            message = f"dynamics must be {allowed} for recall; got {dynamics!r}"
            raise ParameterError(message)
        self._recall = DESCENTS[dynamics]
        self._seed = draw_seed(rng, "recall trials")
        self._problem = self.fixed.gauged(spins)
        if not self._is_minimum(spins):
            message = "minimum must be stable against every single flip; relax it first"
            raise ParameterError(message)

    def _is_minimum(self, spins: NDArray[np.int8]) -> bool:
        """Decide by the integer fields, or in float64 where these cannot."""
        fields = self._problem[1].reshape(-1)[: self.fixed.size]
        if fields.min() >= self.fixed.margin:
            return True
        stabilities = spins * (self.fixed.couplings @ spins)
        return bool(stabilities.min() >= -self.fixed.tolerance)

    def recalls(self, distance: int, trials: int, threads: int | None = 1) -> int:
        """Return how many of so many new trials are recalls."""
        counts: list[int] = []
        used = self.trials

        def work(piece: slice) -> None:
            span = piece.stop - piece.start, self._seed, used + piece.start
            counts.append(self._recall(*self._problem, distance, *span))

        in_slices(work, trials, threads)
        self.trials += trials
        return sum(counts)


def _last(passes: Callable[[int], bool], low: int, limit: int) -> int:
    """Return the last of (low, limit] that passes, or low: doubling, then bisection."""
    step = 1
    while low < limit:
        middle = min(low + step, limit)
        if not passes(middle):
            limit = middle - 1
            break
        low, step = middle, 2 * step
    while low < limit:
        middle = (low + limit + 1) // 2
        if passes(middle):
            low = middle
        else:
            limit = middle - 1
    return low
