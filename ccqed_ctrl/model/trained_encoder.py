"""A better encoder within the same optics: two linear maps with a threshold each.

Eqs. 29-31 take the first minima that are found, pair them with the patterns as they
come, and interpolate. Here

1. the minima are distinct, and chosen for their stability;
2. patterns and minima are paired so that one rotation nearly maps the one onto the
   other: then the fitted map has less to correct;
3. the maps have wide margins (a linear support vector machine per output) instead of
   exact fields, so that corrupted cues stay on the right side of the threshold;
4. the encoder anticipates the cavity: M becomes (1 - a J/l) M, l the rms local field.
   Relaxation draws every state along the large eigenvectors of J, errors most of all;
   taking a part of that away beforehand widens the basins at every loading;
5. where examples of each memory are known (handwriting), the maps are fitted to them,
   and the minima are chosen by how many the cavity recalls.

Axes: P patterns, N spins, K candidates, B examples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from .. import checks
from ..errors import PatternError, ShapeError
from . import relaxation
from ._example_choice import Examples, exchange
from ._margins import sign, widest
from .encoder import Encoder, fit
from .ising import distinct

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
#: The same of an encoder that is fitted to examples.
EXAMPLE_PENALTIES = (0.75,)
#: Weights of a stored pattern among examples, tried until all patterns are exact.
PATTERN_WEIGHTS = (30.0, 300.0, 3e3, 3e4)
#: How much of the cavity's pull is taken away beforehand: basins are largest from 0.3
#: to 0.5 at all loadings, and gone at 1 (Fig. 13 of the reproduction).
ANTICIPATION = 0.4
#: Parts of it tried where patterns would be lost.
RETREAT = (1.0, 0.75, 0.5, 0.25, 0.0)


@dataclass(frozen=True)
class TrainedEncoder:
    """What `fit_trained` returns.

    minima: (P, N) int8, in the order of the patterns. anticipation: what was asked for,
    or what patterns survive. recalled: share of the examples that came back as their
    own memory when the minima were chosen, by maps that had not seen them; of the
    patterns, where there are no examples.
    """

    minima: Spins
    encoder: Encoder
    anticipation: float
    recalled: float


def fit_trained(
    couplings: ArrayLike,
    patterns: ArrayLike,
    *,
    examples: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    states: int | None = None,
    anticipation: float = ANTICIPATION,
    rng: np.random.Generator,
) -> TrainedEncoder:
    """Choose minima for the patterns and fit wide-margin maps between them.

    The same arguments and generator state give the same encoder. Every linearly
    independent pattern relaxes to its minimum and is decoded from it, save for a few
    where P approaches N (the gradient descent ends after a fixed number of steps).

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
    anticipation : float in [0, 1]
        a of point 4 above; less is taken where patterns would be lost.
    rng : numpy.random.Generator

    Raises
    ------
    ShapeError
        Shapes that do not fit, or entries other than -1 and +1.
    PatternError
        More patterns than spins, no patterns, fewer minima than patterns, or, with
        examples, patterns that depend on each other linearly.
    ParameterError
        A number out of range.
    """
    checks.number("anticipation", anticipation, 0.0, 1.0)
    fixed = relaxation.prepare(couplings)
    stored = checks.spins("patterns", patterns, ("P", fixed.size))
    count = len(stored)
    if not 0 < count <= fixed.size:
        raise PatternError(f"patterns must number 1 to {fixed.size}; got {count}")
    known = None
    if examples is not None or labels is not None:
        known = _check_examples(examples, labels, stored)
    tried = STATES_PER_MEMORY * count if states is None else states
    found = candidates(fixed, checks.integer("states", tried, 1), rng)
    if len(found) < count:
        raise PatternError(
            f"{tried} random states relax to only {len(found)} distinct minima, fewer "
            f"than the {count} memories"
        )
    pull = anticipation * _off_diagonal(fixed) / _typical_field(fixed, found)
    recalled = None
    if known is None:
        minima = pair(stored, found[: CANDIDATES_PER_MEMORY * count])
        matrix = widest(minima, stored, ENCODER_PENALTIES)
        inverse = widest(stored, minima, DECODER_PENALTIES)
    else:
        found = found[: CANDIDATES_WITH_EXAMPLES * count]
        start, before = pair(stored, found), np.eye(fixed.size) - pull
        minima, recalled = exchange(fixed, known, start, found, before, rng)
        matrix, inverse = _example_map(known, minima), fit(stored, minima).inverse
    before, part, exact = _anticipate(fixed, stored, minima, matrix, pull)
    encoder = Encoder(before, inverse, fit(stored, minima).condition)
    share = exact if recalled is None else recalled
    return TrainedEncoder(minima, encoder, part * anticipation, share)


def candidates(
    couplings: ArrayLike | relaxation.FixedPoint, states: int, rng: np.random.Generator
) -> Spins:
    """Return the distinct minima (K, N) of so many random states, most stable first.

    Fragility is sum_i exp(-s_i l_i / (0.1 l_rms)): it counts the spins that a small
    error of the others turns over.
    """
    fixed = relaxation.prepare(couplings)
    reached = relaxation.sample_minima(fixed, states, dynamics="sd", rng=rng)
    found = (reached * reached[:, :1])[distinct(reached)]
    fields = found * (found @ _off_diagonal(fixed))
    fragility = np.exp(-fields / (FRAGILE * _typical_field(fixed, found))).sum(axis=1)
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


def _off_diagonal(fixed: relaxation.FixedPoint) -> Floats:
    return np.asarray(fixed.couplings - np.diag(np.diagonal(fixed.couplings)))


def _typical_field(fixed: relaxation.FixedPoint, found: Spins) -> float:
    """Return the rms local field of minima; 1 where nothing is coupled."""
    fields = found @ _off_diagonal(fixed)
    return float(np.sqrt(np.mean(fields**2))) or 1.0


def _anticipate(
    fixed: relaxation.FixedPoint, stored: Spins, minima: Spins, matrix: Floats,
    pull: Floats,
) -> tuple[Floats, float, float]:  # fmt: skip
    """Return (1 - k pull) matrix, k, and the share of patterns that find their minimum.

    k: the largest of `RETREAT` with which no fewer do than without.
    """

    def shared(part: float) -> tuple[Floats, float]:
        before = matrix - part * (pull @ matrix)
        encoder = Encoder(before, before, 1.0)
        ends = relaxation.relax(fixed, encoder.encode(stored), dynamics="sd").spins
        return before, float(np.mean(np.all(ends == minima, axis=1)))

    _, least = shared(0.0)
    for part in RETREAT:
        before, share = shared(part)
        if share >= least:
            break
    return before, part, share


def _check_examples(
    examples: ArrayLike | None, labels: ArrayLike | None, stored: Spins
) -> Examples:
    if examples is None or labels is None:
        raise ShapeError("examples and labels come together; one is missing")
    seen = checks.spins("examples", examples, ("B", stored.shape[1]))
    belongs = checks.array("labels", labels, (len(seen),))
    if not len(seen) or not np.all(np.isin(belongs, np.arange(len(stored)))):
        raise ShapeError(f"labels must be whole, in [0, {len(stored)}), one or more")
    return Examples(stored, seen, belongs.astype(np.int64))


def _example_map(known: Examples, minima: Spins) -> Floats:
    """Return the encoder (N, N) fitted to examples, exact for the patterns."""
    states, cues = np.vstack([minima[known.belongs], minima]), known.with_patterns
    weights = np.ones(len(cues))
    for weight in PATTERN_WEIGHTS:
        weights[len(known.seen) :] = weight
        matrix = widest(states, cues, EXAMPLE_PENALTIES, weights)
        if np.array_equal(sign(known.stored @ matrix.T), minima):
            break
    return matrix
