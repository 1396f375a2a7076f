"""The linear encoder and decoder of Eqs. 29-31: patterns <-> minima of the cavity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..errors import PatternError
from ._margins import sign

Floats = NDArray[np.float64]
Spins = NDArray[np.int8]


@dataclass(frozen=True)
class Encoder:
    """Two linear maps with a threshold.

    matrix: (N, N) from pattern space to spin space (Eq. 30); inverse: (N, N) back
    (Eq. 31). condition: of the stored patterns' Gram matrix; large means that some
    memories are nearly combinations of others and recall is unlikely.
    """

    matrix: Floats
    inverse: Floats
    condition: float

    def encode(self, patterns: ArrayLike) -> Spins:
        """Map patterns (..., N) to spin states (..., N), sgn(M x).

        Raises
        ------
        ShapeError
            Another number of pixels, or entries that are not finite.
        """
        return _thresholded("patterns", patterns, self.matrix)

    def decode(self, spins: ArrayLike) -> Spins:
        """Map spin states (..., N) back to patterns (..., N), sgn(M^-1 y).

        Undetermined spins may be given as 0: they carry no weight.

        Raises
        ------
        ShapeError
            Another number of spins, or entries that are not finite.
        """
        return _thresholded("spins", spins, self.inverse)


def fit(
    patterns: ArrayLike, minima: ArrayLike, regularization: float = 1e-9
) -> Encoder:
    """Fit the encoder that maps each pattern to its minimum (Eqs. 29-31).

    M = Phi Xi^T (lambda 1 + Xi Xi^T)^-1, solved in the P x P Gram form, which is the
    same map and well conditioned for P < N.

    Parameters
    ----------
    patterns : (P, N) spins +-1, Xi
    minima : (P, N) spins +-1, Phi, in the same order
    regularization : float > 0
        lambda, relative to N.

    Raises
    ------
    PatternError
        More memories than ensembles.
    ShapeError
        Shapes differ, or entries other than +-1.
    """
    stored = checks.spins("patterns", patterns, ("P", "N")).astype(np.float64)
    count, size = stored.shape
    targets = checks.spins("minima", minima, (count, size)).astype(np.float64)
    regularization = checks.number("regularization", regularization, 1e-15)
    if count > size:
        raise PatternError(
            f"at most N = {size} memories fit N ensembles; got P = {count}: a linear "
            "map cannot send more independent patterns to given states"
        )
    return Encoder(
        matrix=_ridge(targets, stored, regularization * size),
        inverse=_ridge(stored, targets, regularization * size),
        condition=float(np.linalg.cond(stored @ stored.T)),
    )


def _thresholded(name: str, vectors: ArrayLike, matrix: Floats) -> Spins:
    inputs = checks.array(name, vectors, (..., matrix.shape[1]))
    return sign(inputs @ matrix.T)


def _ridge(outputs: Floats, inputs: Floats, penalty: float) -> Floats:
    """Return the (N, N) map W minimising |W inputs - outputs|^2 + penalty |W|^2."""
    gram = inputs @ inputs.T + penalty * np.eye(len(inputs))
    solved: Floats = outputs.T @ np.linalg.solve(gram, inputs)
    return solved
