"""Intervals that say what they should: binomial, and bootstrap over couplings.

What is measured on one set of couplings (minima, cues, trials) shares them, and is not
independent. The unit that is drawn again is the set of couplings, here a *cluster*.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm, t

from ccqed_ctrl import checks
from ccqed_ctrl.errors import ShapeError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A number with its uncertainty; all four of one shape, float.

    error: one standard error. low, high: ends of the confidence interval.
    """

    value: Floats
    error: Floats
    low: Floats
    high: Floats

    @property
    def interval(self) -> Floats:
        """Ends of the interval, (..., 2)."""
        return np.stack([self.low, self.high], axis=-1)

    @property
    def bars(self) -> Floats:
        """Distances from value to low and to high, (2, ...): Matplotlib's `yerr`."""
        return np.maximum(
            np.stack([self.value - self.low, self.high - self.value]), 0.0
        )


def binomial(
    successes: ArrayLike, trials: ArrayLike, confidence: float = 0.95
) -> Estimate:
    """Estimate the probability of success of independent trials.

    The interval is Wilson's score interval, which stays in [0, 1] and has no zero width
    at 0 or all successes:
    (p + z^2/2n -/+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n).
    `error` is half the Wilson interval of one standard error (z = 1).

    Parameters
    ----------
    successes, trials : int arrays that broadcast
        0 <= successes <= trials, trials >= 1.

    Raises
    ------
    ShapeError
        Counts that are not whole, or not in these ranges.
    ParameterError
        A confidence outside (0, 1).
    """
    n, k = np.broadcast_arrays(
        np.asarray(trials, np.float64), np.asarray(successes, np.float64)
    )
    whole = np.all(n == np.rint(n)) and np.all(k == np.rint(k))
    if not whole or np.any(n < 1) or np.any(k < 0) or np.any(k > n):
        raise ShapeError("successes and trials must be whole, 0 <= successes <= trials")
    low, high = _wilson(k, n, _two_sided(confidence))
    below, above = _wilson(k, n, 1.0)
    return Estimate(k / n, (above - below) / 2, low, high)


def _two_sided(confidence: float) -> float:
    checks.number("confidence", confidence, 1e-6, 1 - 1e-9)
    return float(norm.isf((1 - confidence) / 2))


def _wilson(k: Floats, n: Floats, z: float) -> tuple[Floats, Floats]:
    share = k / n
    centre = share + z**2 / (2 * n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    scale = 1 + z**2 / n
    # At k = 0 and k = n the ends are exactly 0 and 1 but for rounding.
    low = np.where(k == 0, 0.0, (centre - half) / scale)
    return low, np.where(k == n, 1.0, (centre + half) / scale)


def cluster_bootstrap(
    clusters: ArrayLike,
    rng: np.random.Generator,
    *,
    statistic: Callable[[Floats], ArrayLike] | None = None,
    resamples: int = 2000,
    confidence: float = 0.95,
) -> Estimate:
    """Estimate a statistic of K clusters by drawing whole clusters again.

    The interval is the percentile interval, its quantiles moved outwards as Student's t
    asks for at K clusters (the "expanded percentile" of Hesterberg 2015), which mends
    most of the percentile interval's undercoverage at small K.

    Parameters
    ----------
    clusters : (K, ...) float
        What is known of each cluster, K >= 2: its mean, or (successes, trials), ...
    statistic : callable, optional
        (K, ...) rows, in any order -> number or array. Default: the mean over clusters.
    resamples : int
        At least 100; a thousand give the ends to a few per cent of the width.

    Raises
    ------
    ShapeError
        Fewer than two clusters, or values that are not finite.
    ParameterError
        Bad `resamples` or `confidence`.
    """
    rows = np.asarray(clusters, np.float64)
    if rows.ndim == 0 or len(rows) < 2 or not np.all(np.isfinite(rows)):
        raise ShapeError(
            f"clusters must be finite, two rows or more; got shape {rows.shape}"
        )
    resamples = checks.integer("resamples", resamples, 100)
    evaluate = statistic or _mean
    count = len(rows)
    # Of few clusters the same are drawn often.
    drawn = np.sort(rng.integers(0, count, (resamples, count)), axis=1)
    picks, which = np.unique(drawn, axis=0, return_inverse=True)
    found = np.stack([np.asarray(evaluate(rows[pick]), np.float64) for pick in picks])
    again = found[which.ravel()]
    widening = np.sqrt(count / (count - 1))
    tail = norm.sf(_two_sided(confidence))
    outer = float(norm.cdf(widening * t.ppf(tail, count - 1)))
    low, high = np.quantile(again, [outer, 1 - outer], axis=0)
    value = np.asarray(evaluate(rows), np.float64)
    return Estimate(value, widening * again.std(axis=0), low, high)


def _mean(rows: Floats) -> Floats:
    return np.asarray(np.add.reduce(rows) / len(rows))  # a quarter of rows.mean's time


def ratio_of_sums(rows: Floats) -> Floats:
    """Return sum of column 0 over sum of column 1: (K, 2, ...) -> (...).

    The pooled share of clusters that hold (successes, trials) of their own numbers.
    """
    total = rows.sum(axis=0)
    return np.asarray(total[0] / total[1])


def crossing(x: ArrayLike, y: ArrayLike, level: float) -> float:
    """Return the first x at which a curve falls to a level, linear between points.

    The first or the last x where the fall is not between two points.

    Parameters
    ----------
    x, y : (K,) float
        x increases.

    Raises
    ------
    ShapeError
        No points, or as many x as y are not given, or values that are not finite.
    """
    places = checks.array("x", x, ("K",))
    heights = checks.array("y", y, (len(places),))
    if not len(places):
        raise ShapeError("a crossing needs a point at least")
    below = np.flatnonzero(heights <= level)
    after = int(below[0]) if len(below) else len(places)
    if after in (0, len(places)):
        return float(places[max(after - 1, 0)])
    high, low = heights[after - 1], heights[after]
    step = places[after] - places[after - 1]
    return float(places[after - 1] + (high - level) / (high - low) * step)


def shares(successes: ArrayLike, group: ArrayLike, groups: int) -> Estimate:
    """Estimate the probability of success in each group: (S,) bool -> (G,).

    NaN for a group without trials.
    """
    place = np.asarray(group, np.int64)
    trials = np.bincount(place, minlength=groups)
    won = np.bincount(place, np.asarray(successes, np.float64), groups)
    found = binomial(won, np.maximum(trials, 1))
    empty = trials == 0
    parts = (found.value, found.error, found.low, found.high)
    return Estimate(*(np.where(empty, np.nan, part) for part in parts))


def means(values: ArrayLike, group: ArrayLike, groups: int) -> Estimate:
    """Estimate the mean of each group: (S,) -> (G,), with an interval of Student's t.

    NaN for a group without values; the error of a single value is NaN.
    """
    place, numbers = np.asarray(group, np.int64), np.asarray(values, np.float64)
    count = np.bincount(place, minlength=groups).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(place, numbers, groups) / count
        squares = np.bincount(place, (numbers - mean[place]) ** 2, groups)
        error = np.sqrt(squares / (count - 1) / count)
    error[count < 2] = np.nan
    reach = t.ppf(0.975, np.maximum(count - 1, 1)) * error
    return Estimate(mean, error, mean - reach, mean + reach)
