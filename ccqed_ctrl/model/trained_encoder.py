"""A better encoder within the same optics: two linear maps with a threshold each.

Eqs. 29-31 take the first minima that are found, pair them with the patterns as they
come, and interpolate. Here

1. the minima are distinct, and chosen for their stability;
2. patterns and minima are paired so that one rotation nearly maps the one onto the
   other: then the fitted map has less to correct;
3. the maps have wide margins (a linear support vector machine per output) instead of
   exact fields, so that corrupted cues stay on the right side of the threshold;
4. where examples of each memory are known (handwriting), the map is fitted to them,
   and the minima are chosen by how many the cavity recalls.

Axes: P patterns, N spins, K candidates, B examples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from .. import checks
from ..errors import PatternError, ShapeError
from . import relaxation
from .encoder import Encoder, fit, sign

Floats = NDArray[np.float64]
Spins = NDArray[np.int8]

#: Random states relaxed per memory to find candidates.
STATES_PER_MEMORY = 200
#: Candidates kept per memory: more pair better, fewer are more stable.
CANDIDATES_PER_MEMORY, CANDIDATES_WITH_EXAMPLES = 3, 10
#: Rounds of pairing and rotating; later ones change little.
PAIRINGS = 5
#: Local field, over its rms, at which a spin counts as fragile.
FRAGILE = 0.1
#: Penalties of the two maps relative to N, tried until all that is stored is exact.
ENCODER_PENALTIES = (1e-1, 1e-2, 1e-3)
DECODER_PENALTIES = (1e-2, 1e-3, 1e-4)
#: Steps of accelerated gradient descent per penalty.
STEPS = 250
#: Penalty of the map that is fitted to examples, relative to their number.
EXAMPLE_PENALTY = 0.01
#: Exchanges of one minimum tried on the examples.
EXCHANGES = 400
#: Blocks of examples, each scored by a map that is fitted to the others.
FOLDS = 5


@dataclass(frozen=True)
class TrainedEncoder:
    """The chosen minima (P, N) int8, in the order of the patterns, and the encoder."""

    minima: Spins
    encoder: Encoder


def fit_trained(
    couplings: ArrayLike,
    patterns: ArrayLike,
    *,
    examples: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    states: int | None = None,
    rng: np.random.Generator,
) -> TrainedEncoder:
    """Choose minima for the patterns and fit wide-margin maps between them.

    The same arguments and generator state give the same encoder. Every linearly
    independent pattern is mapped onto its minimum and back, save for a few pixels where
    P approaches N (the gradient descent ends after a fixed number of steps).

    Parameters
    ----------
    couplings : (N, N) float
        Symmetric, any unit; the diagonal is ignored.
    patterns : (P, N) of -1 and +1
    examples : (B, N) of -1 and +1, optional
        Corrupted patterns as they will come; none of them may be a cue of a later
        test.
    labels : (B,) int in [0, P)
        The pattern that each example belongs to; with `examples` only.
    states : int, optional
        Random states relaxed by steepest descent to find minima; default 200 P.
    rng : numpy.random.Generator

    Raises
    ------
    ShapeError
        Shapes that do not fit, or entries other than -1 and +1.
    PatternError
        More patterns than spins, no patterns, or fewer minima than patterns.
    """
    fixed = relaxation.prepare(couplings)
    stored = checks.spins("patterns", patterns, ("P", fixed.size))
    count = len(stored)
    if not 0 < count <= fixed.size:
        raise PatternError(f"patterns must number 1 to {fixed.size}; got {count}")
    tried = STATES_PER_MEMORY * count if states is None else states
    found = candidates(fixed, checks.integer("states", tried, 1), rng)
    if len(found) < count:
        raise PatternError(
            f"{tried} random states relax to only {len(found)} distinct minima, fewer "
            f"than the {count} memories"
        )
    if examples is None and labels is None:
        minima = pair(stored, found[: CANDIDATES_PER_MEMORY * count])
        interpolated = fit(stored, minima)
        matrix = _margins(minima, stored, ENCODER_PENALTIES)
        inverse = _margins(stored, minima, DECODER_PENALTIES)
    else:
        seen, belongs = _check_examples(examples, labels, stored)
        found = found[: CANDIDATES_WITH_EXAMPLES * count]
        scores = _cross_scores(stored, seen, belongs)
        minima = pair(stored, found)
        minima = _exchange(fixed, stored, scores, belongs, minima, found, rng)
        interpolated = fit(stored, minima)
        matrix = minima.T @ _score_map(stored, seen, belongs).T
        inverse = interpolated.inverse
    return TrainedEncoder(minima, Encoder(matrix, inverse, interpolated.condition))


def candidates(
    couplings: ArrayLike | relaxation.FixedPoint, states: int, rng: np.random.Generator
) -> Spins:
    """Return the distinct minima (K, N) of so many random states, most stable first.

    Fragility is sum_i exp(-s_i l_i / (0.1 l_rms)): it counts the spins that a small
    error of the others turns over.
    """
    fixed = relaxation.prepare(couplings)
    reached = relaxation.sample_minima(fixed, states, dynamics="sd", rng=rng)
    found = np.unique(reached * reached[:, :1], axis=0)
    off_diagonal = fixed.couplings - np.diag(np.diagonal(fixed.couplings))
    fields = found * (found @ off_diagonal)
    typical = float(np.sqrt(np.mean(fields**2))) or 1.0
    fragility = np.exp(-fields / (FRAGILE * typical)).sum(axis=1)
    return np.ascontiguousarray(found[np.argsort(fragility, kind="stable")])


def pair(patterns: Spins, found: Spins) -> Spins:
    """Return a minimum, or its negative, for each pattern: (P, N).

    Alternates the best one-to-one pairing under a rotation Q (linear assignment of
    |phi . Q xi|) and the best rotation of the pairing (Procrustes).
    """
    xi, phi = patterns.astype(np.float64), found.astype(np.float64)
    rotation = np.eye(xi.shape[1])
    chosen = phi[: len(xi)]
    for _ in range(PAIRINGS):
        overlaps = xi @ rotation.T @ phi.T
        rows, columns = linear_sum_assignment(-np.abs(overlaps))
        turned = np.where(overlaps[rows, columns] < 0, -1.0, 1.0)
        chosen = phi[columns] * turned[:, None]
        left, _, right = np.linalg.svd(chosen.T @ xi)
        rotation = left @ right
    return chosen.astype(np.int8)


def _margins(outputs: Spins, inputs: Spins, penalties: tuple[float, ...]) -> Floats:
    """Return the widest map that is exact, or the one with the fewest errors."""
    x, t = inputs.astype(np.float64), outputs.astype(np.float64)
    best, fewest = np.zeros((t.shape[1], x.shape[1])), t.size + 1
    for matrix in _wide(t, x, penalties):
        wrong = int(np.count_nonzero(sign(x @ matrix.T) != outputs))
        if wrong < fewest:
            best, fewest = matrix, wrong
        if not wrong:
            break
    return best


def _wide(t: Floats, x: Floats, penalties: tuple[float, ...]) -> Iterator[Floats]:
    """Minimise penalty N |m|^2 + sum_p max(0, 1 - t_p m.x_p)^2 for each output.

    Accelerated gradient descent on all outputs at once, each penalty from the last
    one's solution.
    """
    size = x.shape[1]
    steepest = float(np.linalg.norm(x @ x.T, 2))
    # Interpolation of nearly dependent patterns has huge entries: start from a ridge.
    matrix = t.T @ np.linalg.solve(x @ x.T + 1e-3 * size * np.eye(len(x)), x)
    for relative in penalties:
        penalty = relative * size
        ahead, momentum = matrix, 1.0
        for _ in range(STEPS):
            short = np.maximum(0.0, 1 - t * (x @ ahead.T))
            slope = penalty * ahead - (t * short).T @ x
            after = ahead - slope / (steepest + penalty)
            faster = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
            ahead = after + (momentum - 1) / faster * (after - matrix)
            matrix, momentum = after, faster
        yield matrix


def _check_examples(
    examples: ArrayLike | None, labels: ArrayLike | None, stored: Spins
) -> tuple[Spins, NDArray[np.int64]]:
    if examples is None or labels is None:
        raise ShapeError("examples and labels come together; one is missing")
    seen = checks.spins("examples", examples, ("B", stored.shape[1]))
    belongs = checks.array("labels", labels, (len(seen),))
    if not len(seen) or not np.all(np.isin(belongs, np.arange(len(stored)))):
        raise ShapeError(f"labels must be whole, in [0, {len(stored)}), one or more")
    return seen, belongs.astype(np.int64)


def _score_map(stored: Spins, seen: Spins, belongs: NDArray[np.int64]) -> Floats:
    """Return the linear scores (N, P) of the memories, fitted to examples.

    Ridge regression on the memory's index. The stored patterns enter with a weight
    that is doubled until each one's own score exceeds the sum of the others': then any
    minima are exact.
    """
    count, size = stored.shape
    x, xi = seen.astype(np.float64), stored.astype(np.float64)
    wanted = np.eye(count)
    penalty = EXAMPLE_PENALTY * len(x) * np.eye(size)
    weight = max(len(x) / count / 4, 1.0)
    for _ in range(60):
        gram = x.T @ x + weight * xi.T @ xi + penalty
        scores = np.linalg.solve(gram, x.T @ wanted[belongs] + weight * xi.T)
        own = xi @ scores
        if np.all(2 * np.diagonal(own) > np.abs(own).sum(axis=1)):
            return np.asarray(scores)
        weight *= 2
    raise PatternError("patterns must be linearly independent to be told apart")


def _cross_scores(stored: Spins, seen: Spins, belongs: NDArray[np.int64]) -> Floats:
    """Return scores (B, P) of examples by maps that have not seen them.

    Blocks are contiguous: neighbours in a data set are often by one hand, and a choice
    on examples that the map knows would favour what does not carry over.
    """
    block = np.arange(len(seen)) * FOLDS // len(seen)
    scores = np.zeros((len(seen), len(stored)))
    for fold in np.unique(block):
        inside = block == fold
        known = _score_map(stored, seen[~inside], belongs[~inside])
        scores[inside] = seen[inside] @ known
    return scores


def _exchange(
    fixed: relaxation.FixedPoint,
    stored: Spins,
    scores: Floats,
    belongs: NDArray[np.int64],
    minima: Spins,
    found: Spins,
    rng: np.random.Generator,
) -> Spins:
    """Exchange single minima as long as the cavity recalls no fewer examples."""
    best, chosen = _recalled(fixed, stored, scores, belongs, minima), minima
    for _ in range(EXCHANGES):
        trial = chosen.copy()
        new = found[rng.integers(len(found))]
        trial[rng.integers(len(trial))] = new * (2 * rng.integers(2) - 1)
        if len(np.unique(trial * trial[:, :1], axis=0)) < len(trial):
            continue
        share = _recalled(fixed, stored, scores, belongs, trial)
        if share >= best:
            best, chosen = share, trial
    return chosen


def _recalled(
    fixed: relaxation.FixedPoint,
    stored: Spins,
    scores: Floats,
    belongs: NDArray[np.int64],
    minima: Spins,
) -> float:
    """Return the share of examples, as scores (B, P), recalled nearest to their own."""
    cues = sign(scores @ minima)
    relaxed = relaxation.relax(fixed, cues, dynamics="sd").spins
    images = fit(stored, minima).decode(relaxed).astype(np.float64)
    return float(np.mean(np.argmax(images @ stored.T, axis=1) == belongs))
