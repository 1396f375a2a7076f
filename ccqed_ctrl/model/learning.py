"""Learning rules that write patterns into couplings directly (Eqs. 5 and 6).

The confocal cavity cannot do this: they are the yardsticks its memory is held against.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..errors import PatternError

#: Least singular value of the patterns over the largest: below they are dependent.
DEPENDENT = 1e-12


def hebbian(patterns: ArrayLike) -> NDArray[np.float64]:
    """Return Hebb's couplings J = (1/N) sum_mu xi^mu (xi^mu)^T (Eq. 5).

    Any number of patterns is allowed; beyond P/N of about 0.138 they cease to be
    minima.

    Parameters
    ----------
    patterns : (P, N) of -1 and +1

    Returns
    -------
    (N, N) float64, symmetric, zero diagonal.

    Raises
    ------
    ShapeError
        Not a two-dimensional array of -1 and +1.
    PatternError
        No patterns, or no spins.
    """
    xi = _patterns(patterns)
    couplings = xi.T @ xi / xi.shape[1]
    np.fill_diagonal(couplings, 0.0)
    return couplings


def pseudo_inverse(patterns: ArrayLike) -> NDArray[np.float64]:
    """Return J = (1/N) sum_{mu nu} xi^mu (C^-1)_{mu nu} (xi^nu)^T (Eq. 6).

    C_{mu nu} = xi^mu . xi^nu / N. With its diagonal, J projects on the patterns;
    without it, as returned, every pattern is still a minimum, and its local fields are
    (1 - J_ii) xi_i.

    Parameters
    ----------
    patterns : (P, N) of -1 and +1, linearly independent

    Returns
    -------
    (N, N) float64, symmetric, zero diagonal.

    Raises
    ------
    ShapeError
        Not a two-dimensional array of -1 and +1.
    PatternError
        No patterns, no spins, more patterns than spins, or dependent patterns.
    """
    xi = _patterns(patterns)
    count, size = xi.shape
    if count > size:
        message = (
            f"patterns must number at most N = {size} for the pseudo-inverse rule; "
            f"got P = {count}"
        )
        raise PatternError(message)
    # The patterns' own basis: at P near N, C is nearly singular and they are not.
    _, scales, basis = np.linalg.svd(xi, full_matrices=False)
    if not scales[-1] > DEPENDENT * scales[0]:
        message = (
            "patterns must be linearly independent for the pseudo-inverse rule; the "
            f"condition of their matrix is {scales[0] / max(scales[-1], 1e-300):.3g}; "
            "is one repeated or inverted?"
        )
        raise PatternError(message)
    couplings: NDArray[np.float64] = basis.T @ basis
    couplings = (couplings + couplings.T) / 2
    np.fill_diagonal(couplings, 0.0)
    return couplings


def _patterns(patterns: ArrayLike) -> NDArray[np.float64]:
    xi = checks.spins("patterns", patterns, ("P", "N")).astype(np.float64)
    if not xi.size:
        raise PatternError(f"patterns must hold at least one spin; got {xi.shape}")
    return xi
