"""The normalised Ising problem of an associative memory (Eqs. 1 and 3).

Spins are -1 and +1, couplings J (N, N) symmetric; the diagonal is ignored, because a
self coupling adds the same energy to every state. Any unit: energies come back in the
unit of the couplings.

Axes: B states, N spins.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..errors import ShapeError


def distinct(spins: NDArray[np.int8]) -> NDArray[np.intp]:
    """Return where each state (B, N) is first, a state and its negative being one.

    They are ordered by their spins, relative to the first one's.
    """
    bits = np.packbits(spins == spins[:, :1], axis=1)
    # Rows as plain bytes: ten times as fast as along an axis.
    rows = bits.view(f"V{bits.shape[1]}").ravel()
    return np.unique(rows, return_index=True)[1]


def local_fields(couplings: ArrayLike, spins: ArrayLike) -> NDArray[np.float64]:
    """Return the local fields l_i = sum_{j != i} J_ij s_j.

    Parameters
    ----------
    couplings : (N, N) float
        Symmetric; the diagonal is ignored.
    spins : (B, N) or (N,) of -1 and +1

    Returns
    -------
    (B, N) or (N,) float64, in the unit of the couplings.

    Raises
    ------
    ShapeError
        Couplings that are not square, symmetric and finite, or spins that are not
        -1 and +1 of matching size.
    """
    matrix, states = _checked(couplings, spins)
    fields = states @ matrix - states * np.diagonal(matrix)
    return fields.reshape(np.shape(spins))


def energy(couplings: ArrayLike, spins: ArrayLike) -> NDArray[np.float64]:
    """Return E = -sum_{i != j} J_ij s_i s_j (Eq. 1 without field, ordered pairs).

    Flipping spin i costs 4 s_i l_i.

    Parameters
    ----------
    couplings : (N, N) float
        Symmetric; the diagonal is ignored.
    spins : (B, N) or (N,) of -1 and +1

    Returns
    -------
    (B,) or () float64, in the unit of the couplings.

    Raises
    ------
    ShapeError
        As in `local_fields`.
    """
    states = np.asarray(spins)
    return -np.sum(states * local_fields(couplings, states), axis=-1)


def is_minimum(couplings: ArrayLike, spins: ArrayLike) -> NDArray[np.bool_]:
    """Say which states no single flip improves: s_i l_i >= 0 for all i.

    A field within rounding of zero (N eps times the largest row sum) counts as zero,
    and a spin without field is stable.

    Parameters
    ----------
    couplings : (N, N) float
        Symmetric; the diagonal is ignored.
    spins : (B, N) or (N,) of -1 and +1

    Returns
    -------
    (B,) or () bool.

    Raises
    ------
    ShapeError
        As in `local_fields`.
    """
    states = np.asarray(spins)
    stabilities = states * local_fields(couplings, states)
    return np.all(stabilities >= -rounding(np.asarray(couplings)), axis=-1)


def rounding(couplings: NDArray[np.float64]) -> float:
    """Return the float64 rounding to expect of a local field, N eps max_i sum_j |J|."""
    largest = float(np.max(np.sum(np.abs(couplings), axis=-1), initial=0.0))
    return len(couplings) * float(np.finfo(np.float64).eps) * largest


def overlap(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Return the overlaps (1/N) a.b, between -1 and 1.

    Parameters
    ----------
    a, b : (..., N) of -1 and +1
        Leading axes broadcast: `overlap(states[:, None], patterns)` is (B, P).

    Raises
    ------
    ShapeError
        Not spins, no spins, or shapes that do not broadcast.
    """
    left, right = np.asarray(a), np.asarray(b)
    left = checks.spins("a", left, left.shape)
    right = checks.spins("b", right, right.shape)
    if not left.ndim or not right.ndim or not left.shape[-1] == right.shape[-1] > 0:
        message = f"a and b must hold the same spins; got {left.shape}, {right.shape}"
        raise ShapeError(message)
    try:
        return np.mean(left * right, axis=-1, dtype=np.float64)
    except ValueError:
        message = f"a and b must broadcast; got {left.shape}, {right.shape}"
        raise ShapeError(message) from None


def _checked(
    couplings: ArrayLike, spins: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Return couplings (N, N) and spins (B, N), one state becoming one row."""
    matrix = checks.symmetric("couplings", couplings)
    states = np.atleast_2d(np.asarray(spins))
    return matrix, checks.spins("spins", states, ("B", len(matrix)))
