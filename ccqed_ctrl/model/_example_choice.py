"""Choosing minima for memories by how many examples the cavity recalls.

Axes: P patterns, N spins, K candidates, B examples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import PatternError
from . import relaxation
from ._margins import sign
from .ising import distinct

Floats = NDArray[np.float64]
Spins = NDArray[np.int8]

#: Penalty of the scores, relative to the number of examples.
SCORE_PENALTY = 0.01
#: Exchanges of one minimum tried.
EXCHANGES = 1000
#: Blocks of examples, each scored by a map that is fitted to the others.
FOLDS = 5


@dataclass(frozen=True)
class Examples:
    """stored: (P, N). seen: (B, N) examples. belongs: (B,) int, the memory of each."""

    stored: Spins
    seen: Spins
    belongs: NDArray[np.int64]

    @property
    def with_patterns(self) -> Spins:
        """Examples, then the patterns themselves: (B + P, N)."""
        return np.vstack([self.seen, self.stored])


def exchange(
    fixed: relaxation.FixedPoint,
    known: Examples,
    minima: Spins,
    found: Spins,
    anticipating: Floats,
    rng: np.random.Generator,
) -> tuple[Spins, float]:
    """Exchange single minima as long as the cavity recalls no fewer examples.

    minima: (P, N) to start from. found: (K, N) to choose from. anticipating: (N, N),
    applied to every state before it relaxes.

    Returns
    -------
    minima (P, N), share of the examples recalled
    """
    scores = cross_scores(known)
    stored = known.stored.astype(np.float64)
    tiny = 1e-9 * fixed.size * np.eye(len(stored))

    def recalled(chosen: Spins) -> float:
        phi = chosen.astype(np.float64)
        cues = sign(scores @ (phi @ anticipating))
        relaxed = relaxation.relax(fixed, cues, dynamics="sd", threads=1).spins
        # Eq. 31 in its P x P form: a thousand choices are decoded.
        images = (relaxed @ phi.T) @ np.linalg.solve(phi @ phi.T + tiny, stored)
        nearest = np.argmax(sign(images) @ stored.T, axis=1)
        return float(np.mean(nearest == known.belongs))

    chosen, best = minima, recalled(minima)
    for _ in range(EXCHANGES):
        trial = chosen.copy()
        new = found[rng.integers(len(found))]
        trial[rng.integers(len(trial))] = new * (2 * rng.integers(2) - 1)
        if len(distinct(trial)) < len(trial):
            continue
        share = recalled(trial)
        if share >= best:
            chosen, best = trial, share
    return chosen, best


def cross_scores(known: Examples) -> Floats:
    """Return scores (B, P) of examples by maps that have not seen them.

    Blocks are contiguous: neighbours in a data set are often by one hand, and a choice
    on examples that the map knows would favour what does not carry over.
    """
    count = len(known.seen)
    block = np.arange(count) * FOLDS // count
    scores = np.zeros((count, len(known.stored)))
    for fold in np.unique(block):
        inside = block == fold
        others = Examples(known.stored, known.seen[~inside], known.belongs[~inside])
        scores[inside] = known.seen[inside] @ score_map(others)
    return scores


def score_map(known: Examples) -> Floats:
    """Return the linear scores (N, P) of the memories, fitted to examples.

    Ridge regression on the memory's index. The stored patterns enter with a weight
    that is doubled until each one's own score exceeds the sum of the others': then any
    minima are exact.

    Raises
    ------
    PatternError
        Patterns that no linear map tells apart.
    """
    count, size = known.stored.shape
    x, xi = known.seen.astype(np.float64), known.stored.astype(np.float64)
    wanted = np.eye(count)
    penalty = SCORE_PENALTY * max(len(x), 1) * np.eye(size)
    weight = max(len(x) / count / 4, 1.0)
    for _ in range(60):
        gram = x.T @ x + weight * xi.T @ xi + penalty
        scores = np.linalg.solve(gram, x.T @ wanted[known.belongs] + weight * xi.T)
        own = xi @ scores
        if np.all(2 * np.diagonal(own) > np.abs(own).sum(axis=1)):
            return np.asarray(scores)
        weight *= 2
    raise PatternError("patterns must be linearly independent to be told apart")
