"""Phases that shots agree on, though they go round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from ccqed_ctrl.errors import FitError
from ccqed_ctrl.units import TWO_PI

#: Shots that tell a scatter, and the least length of their mean vector.
FEWEST: Final = 3
LEAST: Final = 0.3


@dataclass(frozen=True)
class Phase:
    """A phase, rad, with one standard error, and the scatter of single shots."""

    value: float
    error: float
    scatter: float


def common_phase(
    phases: ArrayLike, period: float = TWO_PI, common: float = 0.0
) -> Phase:
    """Return the mean of phases (S,) rad that are known modulo a period.

    The scatter of a wrapped normal distribution is that of its mean vector's length R,
    sigma^2 = -2 ln R in units of period/2 pi. The error is by that, and by what is
    `common` to all shots, rad.

    Raises
    ------
    FitError
        Too few phases (NaN are none), or they do not agree.
    """
    given = np.asarray(phases, np.float64)
    seen = given[np.isfinite(given)]
    if len(seen) < FEWEST:
        raise FitError(
            f"{len(seen)} of {len(given)} shots show a phase, and {FEWEST} are needed: "
            "is there light?"
        )
    turns = TWO_PI / period
    mean = complex(np.mean(np.exp(1j * turns * seen)))
    if abs(mean) < LEAST:
        raise FitError(
            f"phases do not agree: their mean vector is {abs(mean):.2f} long; are all "
            "tones locked to one another?"
        )
    # Of S phases one is used up by the mean.
    variance = -2 * np.log(min(abs(mean), 1.0)) * len(seen) / (len(seen) - 1)
    scatter = float(np.sqrt(variance)) / turns
    error = float(np.hypot(scatter / np.sqrt(len(seen)), common))
    return Phase(float(np.angle(mean)) / turns, error, scatter)


def on_branch(value: float, near: ArrayLike, period: float) -> float:
    """Return the value + k period, in (-pi, pi], that most of `near` (S,) agree on."""
    steps = np.arange(round(TWO_PI / period))
    places = np.asarray(value + steps * period, np.float64)
    agreed = np.nansum(np.cos(np.asarray(near)[:, None] - places), axis=0)
    best = float(places[int(np.argmax(agreed))])
    return float(np.angle(np.exp(1j * best)))
