"""Geometry fitted to many shots: a place that all share, and the map of the traps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg, stats

from ccqed_ctrl import checks
from ccqed_ctrl.errors import FitError

Floats = NDArray[np.float64]

#: A right model fits its data this badly, or worse, only this often.
CHANCE: Final = 1e-4
#: Shots that tell a scatter.
FEWEST: Final = 3
#: Scatter of a place from shot to shot beyond which it is none, m.
RESTLESS: Final = 2e-6


@dataclass(frozen=True)
class Place:
    """A place, m: value and standard error (2,) each."""

    value: Floats
    error: Floats


def common_place(places: ArrayLike, common: float = 0.0, what: str = "place") -> Place:
    """Return the mean of places, or sizes (S, 2) m, NaN where a shot shows none.

    The error is by the scatter of the shots, and by what is `common` to all, m.

    Raises
    ------
    FitError
        Too few shots, or they do not agree.
    """
    all_shots = np.asarray(places, np.float64)
    seen = all_shots[np.isfinite(all_shots).all(axis=1)]
    if len(seen) < FEWEST:
        raise FitError(
            f"{len(seen)} of {len(all_shots)} shots show a {what}, and {FEWEST} are "
            "needed: are the ensembles bright enough?"
        )
    scatter = seen.std(axis=0, ddof=1)
    if scatter.max() > RESTLESS:
        raise FitError(
            f"the {what} scatters by {scatter.max() * 1e6:.2g} um from shot to shot: "
            "does the cavity or the camera move?"
        )
    return Place(seen.mean(axis=0), np.hypot(scatter / np.sqrt(len(seen)), common))


@dataclass(frozen=True)
class AffineFit:
    """Seen = matrix commanded + shift, with standard errors by the scatter.

    matrix, matrix_error: (2, 2). shift, shift_error: (2,) m. scatter: rms of seen
    places about the map, per coordinate, m. chance: that an affine map leaves so much
    for a quadratic one.
    """

    matrix: Floats
    matrix_error: Floats
    shift: Floats
    shift_error: Floats
    scatter: float
    chance: float


def fit_affine(commanded: ArrayLike, seen: ArrayLike) -> AffineFit:
    """Fit the map of the traps by least squares.

    Parameters
    ----------
    commanded, seen : (P, 2) m
        Seen ones are NaN where a trap shows no light.

    Raises
    ------
    FitError
        Too few places, or a map that is not affine.
    """
    sent = checks.array("commanded", commanded, ("P", 2))
    shown = np.asarray(seen, np.float64)
    lit = np.asarray(np.isfinite(shown).all(axis=1), np.bool_)
    sent, shown = sent[lit], shown[lit]
    columns = np.column_stack([sent, np.ones(len(sent))])
    if len(sent) < 2 * columns.shape[1] + FEWEST or _flat(columns):
        raise FitError(
            f"a map needs {2 * columns.shape[1] + FEWEST} places or more, not on a "
            f"line; {len(sent)} of {len(lit)} traps show light"
        )
    solved, rest = _solved(columns, shown)
    degrees = len(sent) - columns.shape[1]
    x, y = sent.T / np.abs(sent).max()
    curved = np.column_stack([columns, x**2, x * y, y**2])
    _, left = _solved(curved, shown)
    more, free = 2 * 3, 2 * (degrees - 3)
    ratio = (rest.sum() - left.sum()) / more / max(left.sum() / free, 1e-300)
    chance = float(stats.f.sf(ratio, more, free))
    scatter = float(np.sqrt(rest.sum() / (2 * degrees)))
    if scatter > RESTLESS or chance < CHANCE:
        raise FitError(
            f"the traps' map is not affine: places are {scatter * 1e6:.2g} um rms "
            f"beside it, a quadratic one is better by chance once in {1 / chance:.2g}; "
            "is the deflectors' field distorted, or a site swapped?"
        )
    inverse = np.diag(np.linalg.inv(columns.T @ columns))
    error = np.sqrt(np.outer(inverse, rest / degrees))
    return AffineFit(solved[:2].T, error[:2].T, solved[2], error[2], scatter, chance)


def _flat(columns: Floats) -> bool:
    scaled = columns / np.maximum(np.abs(columns).max(axis=0), 1e-300)
    return bool(np.linalg.cond(scaled) > 1e3)


def _solved(columns: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Return the solution (C, 2), and the squares that it leaves, (2,)."""
    scale = np.abs(columns).max(axis=0)
    found = linalg.lstsq(columns / scale, values)[0] / scale[:, None]
    rest = np.sum((values - columns @ found) ** 2, axis=0)
    return np.asarray(found, np.float64), np.asarray(rest, np.float64)
