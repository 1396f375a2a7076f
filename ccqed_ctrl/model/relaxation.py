"""Relaxation of an associative memory: from a state to a minimum (Secs. III, VI, VII).

Energy E = -sum_{i != j} J_ij s_i s_j, local field l_i = sum_j J_ij s_j; a minimum has
s_i l_i >= 0 for all i, and flipping spin i costs 4 s_i l_i. Couplings may come in any
unit, as a matrix or, if used many times, as `prepare` returns them.

Axes: B states, N spins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..errors import ParameterError
from ._descent import descend
from ._fixed_point import FixedPoint, prepare
from ._random_descent import descend_at_random
from ._streams import draw_seed
from ._thermal import equilibrate
from ._threads import in_slices
from .basins import DESCENTS, Basin, basin_size, recall_curve

__all__ = [
    "DESCENTS",
    "THERMAL",
    "Basin",
    "FixedPoint",
    "Minima",
    "Relaxed",
    "basin_size",
    "count_minima",
    "prepare",
    "recall_curve",
    "relax",
    "sample_minima",
]

#: Dynamics at a temperature, Eqs. 23 and 24; they end nowhere in particular.
THERMAL = ("glauber", "metropolis")


#: Random states relaxed between two looks at the coverage.
BATCH = 1024


@dataclass(frozen=True)
class Relaxed:
    """What a relaxation ends in.

    Attributes
    ----------
    spins : (B, N) int8
    flips : (B,) int64
        Flips made on the way.
    energies : (B,) float64
        -sum J s s, in the unit of the couplings; from the fixed-point fields, hence to
        1e-8 of the largest energy (exact for couplings with a common quantum).
    """

    spins: NDArray[np.int8]
    flips: NDArray[np.int64]
    energies: NDArray[np.float64]


@dataclass(frozen=True)
class Minima:
    """Distinct minima found, up to a global sign.

    Attributes
    ----------
    spins : (K, N) int8
        With first spin +1, most often found first.
    hits : (K,) int64
        How often each was found.
    coverage : float
        Estimated probability that one more state would relax to a known minimum
        (Good and Turing: 1 - singles / trials).
    estimate : float
        Lower bound on the number of minima, those unseen included (Chao 1984, bias
        corrected): K + f1 (f1 - 1) / (2 (f2 + 1)), f1 found once and f2 found twice.
    trials : int
        States relaxed.
    """

    spins: NDArray[np.int8]
    hits: NDArray[np.int64]
    coverage: float
    estimate: float
    trials: int

    @property
    def count(self) -> int:
        """Number of distinct minima found, K."""
        return len(self.spins)


def relax(
    couplings: ArrayLike | FixedPoint,
    spins: ArrayLike,
    *,
    dynamics: str = "sd",
    temperature: float | None = None,
    sweeps: int | None = None,
    rng: np.random.Generator | None = None,
    threads: int | None = None,
) -> Relaxed:
    """Relax every state under one of four dynamics.

    - `sd`: flip the spin with the most negative s_i l_i (lowest index if tied) until
      none is negative. Row b of the result depends on row b of `spins` only.
    - `0tmh`: flip a uniformly random one of the spins with s_i l_i < 0 until there is
      none.
    - `glauber`, `metropolis`: `sweeps` times N random single-spin proposals, accepted
      with the probabilities of Eqs. 23 and 24 at `temperature`.

    One seed is drawn from `rng`; row b then draws from its own stream, given by that
    seed and b alone. So results do not depend on `threads`, nor on the other rows.
    Final states of `sd` and `0tmh` are minima in float64 (`ising.is_minimum`).

    Parameters
    ----------
    couplings : (N, N) float or FixedPoint
        Symmetric; the diagonal is ignored.
    spins : (B, N) of -1 and +1
        Not changed.
    dynamics : {"sd", "0tmh", "glauber", "metropolis"}
    temperature : float > 0
        In the unit of the energies; for the thermal dynamics only.
    sweeps : int >= 0
        For the thermal dynamics only.
    rng : numpy.random.Generator
        Required by all but `sd`.
    threads : int, optional
        Default: as many as Numba may use.

    Raises
    ------
    ShapeError
        Couplings that are not square, symmetric and finite, or spins that do not fit.
    ParameterError
        Unknown dynamics; `rng`, `temperature` or `sweeps` missing or out of range.
    """
    fixed = prepare(couplings)
    checks.choice("dynamics", dynamics, (*DESCENTS, *THERMAL))
    states = np.ascontiguousarray(checks.spins("spins", spins, ("B", fixed.size)))
    count = len(states)
    result = Relaxed(states, np.zeros(count, np.int64), np.zeros(count))
    if dynamics in THERMAL:
        _simmer(fixed, result, dynamics, temperature, sweeps, rng, threads)
    else:
        _descend(fixed, result, dynamics, rng, threads)
    return result


def sample_minima(
    couplings: ArrayLike | FixedPoint,
    count: int,
    *,
    dynamics: str = "sd",
    rng: np.random.Generator,
    threads: int | None = None,
) -> NDArray[np.int8]:
    """Return the minima that `count` uniformly random states relax to.

    A minimum is found with the probability of its basin, so deep ones more often, and
    differently by `sd` and `0tmh`: state which one was used with any average.

    Returns
    -------
    (count, N) int8, repetitions included.

    Raises
    ------
    ShapeError
        Couplings that are not square, symmetric and finite.
    ParameterError
        A negative count, dynamics other than `sd` and `0tmh`, or no generator.
    """
    fixed = prepare(couplings)
    if dynamics not in DESCENTS:
        allowed = " or ".join(DESCENTS)
        message = f"dynamics must be {allowed} to find minima; got {dynamics!r}"
        raise ParameterError(message)
    draw_seed(rng, "random states")
    shape = (checks.integer("count", count, 0), fixed.size)
    states = 2 * rng.integers(0, 2, shape, dtype=np.int8) - 1
    return relax(fixed, states, dynamics=dynamics, rng=rng, threads=threads).spins


def count_minima(
    couplings: ArrayLike | FixedPoint,
    *,
    dynamics: str = "sd",
    coverage: float = 0.99,
    max_trials: int = 100_000,
    rng: np.random.Generator,
    threads: int | None = None,
) -> Minima:
    """Collect distinct minima until few states would lead to a new one.

    Relaxes random states, a batch at a time, until the estimated coverage reaches
    `coverage` or `max_trials` are used. Minima with tiny basins may remain: compare
    `estimate`, itself a lower bound.

    Raises
    ------
    ShapeError
        Couplings that are not square, symmetric and finite.
    ParameterError
        A number out of range, dynamics other than `sd` and `0tmh`, or no generator.
    """
    fixed = prepare(couplings)
    wanted = checks.number("coverage", coverage, 0.0, 1.0)
    allowed = checks.integer("max_trials", max_trials, 1)
    found = np.zeros((0, fixed.size), np.int8)
    hits = np.zeros(0, np.int64)
    trials, reached = 0, -1.0
    while trials < allowed and reached < wanted:
        batch = min(BATCH, allowed - trials)
        states = sample_minima(
            fixed, batch, dynamics=dynamics, rng=rng, threads=threads
        )
        states *= states[:, :1]
        found, index = np.unique(
            np.concatenate([found, states]), axis=0, return_inverse=True
        )
        hits = np.bincount(index.ravel(), np.append(hits, np.ones(batch, np.int64)))
        trials += batch
        reached = 1 - np.count_nonzero(hits == 1) / trials
    once, twice = (np.count_nonzero(hits == times) for times in (1, 2))
    estimate = len(found) + once * (once - 1) / (2 * (twice + 1))
    order = np.argsort(-hits, kind="stable")
    counts = hits[order].astype(np.int64)
    return Minima(found[order], counts, float(reached), float(estimate), trials)


def _descend(
    fixed: FixedPoint,
    result: Relaxed,
    dynamics: str,
    rng: np.random.Generator | None,
    threads: int | None,
) -> None:
    """Relax `result` in place to minima, in float64 too."""
    weakest = np.zeros(len(result.spins), np.int32)
    at_random = dynamics == "0tmh"
    seed = draw_seed(rng, f"{dynamics} dynamics") if at_random else np.uint64(0)

    def work(piece: slice) -> None:
        states, flips = result.spins[piece], result.flips[piece]
        outputs = flips, result.energies[piece], weakest[piece]
        if at_random:
            first = piece.start
            descend_at_random(*fixed.arrays, states, seed, first, *outputs)
        else:
            descend(*fixed.arrays, states, *outputs)

    in_slices(work, len(result.spins), threads)
    result.energies[:] *= fixed.quantum
    for row in np.flatnonzero(weakest < fixed.margin):
        _settle(fixed, result, int(row))


def _settle(fixed: FixedPoint, result: Relaxed, row: int) -> None:
    """Finish one relaxation in float64, where rounded couplings cannot decide."""
    spins = result.spins[row]
    stabilities = spins * (fixed.couplings @ spins)
    while stabilities.min() < -fixed.tolerance:
        spins[np.argmin(stabilities)] *= -1
        result.flips[row] += 1
        stabilities = spins * (fixed.couplings @ spins)
    result.energies[row] = -stabilities.sum()


def _simmer(
    fixed: FixedPoint,
    result: Relaxed,
    dynamics: str,
    temperature: float | None,
    sweeps: int | None,
    rng: np.random.Generator | None,
    threads: int | None,
) -> None:
    """Run a thermal dynamics on `result` in place."""
    heat = checks.number("temperature", temperature, 0.0)
    steps = checks.integer("sweeps", sweeps, 0) * fixed.size
    seed = draw_seed(rng, f"{dynamics} dynamics")
    if heat == 0.0:
        raise ParameterError("temperature must be above 0; for T = 0 use 0tmh")
    exponent = 4 * fixed.quantum / heat

    def work(piece: slice) -> None:
        states, flips = result.spins[piece], result.flips[piece]
        settings = seed, piece.start, exponent, steps, dynamics == "glauber"
        outputs = flips, result.energies[piece]
        equilibrate(*fixed.arrays, states, *settings, *outputs)

    in_slices(work, len(result.spins), threads)
    result.energies[:] *= fixed.quantum
