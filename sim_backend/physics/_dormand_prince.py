"""Compiled parts of the Dormand-Prince 5(4) method; each dynamics has its own loop.

A step holds seven slopes k (7, n); the seventh is the first of the next step.
"""

from __future__ import annotations

import numba
import numpy as np

from .system import Floats

_A = np.array(
    [
        [0, 0, 0, 0, 0, 0],
        [1 / 5, 0, 0, 0, 0, 0],
        [3 / 40, 9 / 40, 0, 0, 0, 0],
        [44 / 45, -56 / 15, 32 / 9, 0, 0, 0],
        [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729, 0, 0],
        [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656, 0],
        [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
    ]
)
_ERROR = np.array(
    [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40]
)
# Shampine's quartic interpolant in theta: weights (7 slopes, 4 powers).
_DENSE = np.array(
    [
        [
            1,
            -8048581381 / 2820520608,
            8663915743 / 2820520608,
            -12715105075 / 11282082432,
        ],
        [0, 0, 0, 0],
        [
            0,
            131558114200 / 32700410799,
            -68118460800 / 10900136933,
            87487479700 / 32700410799,
        ],
        [
            0,
            -1754552775 / 470086768,
            14199869525 / 1410260304,
            -10690763975 / 1880347072,
        ],
        [
            0,
            127303824393 / 49829197408,
            -318862633887 / 49829197408,
            701980252875 / 199316789632,
        ],
        [
            0,
            -282668133 / 205662961,
            2019193451 / 616988883,
            -1453857185 / 822651844,
        ],
        [0, 40617522 / 29380423, -110615467 / 29380423, 69997945 / 29380423],
    ]
)


@numba.njit(cache=True)
def stage(y: Floats, k: Floats, step: float, row: int, out: Floats) -> None:
    """Write the argument of slope `row`: y + step sum_l A[row, l] k_l."""
    out[:] = y
    for l in range(row):
        weight = step * _A[row, l]
        if weight != 0.0:
            slope = k[l]
            for i in range(out.size):
                out[i] += weight * slope[i]


@numba.njit(cache=True)
def error_norm(
    y: Floats, new: Floats, k: Floats, step: float, rtol: float, atol: float
) -> float:
    """Return the rms of the error estimate over atol + rtol |y|."""
    total = 0.0
    for i in range(y.size):
        error = 0.0
        for l in range(7):
            error += _ERROR[l] * k[l, i]
        scale = atol + rtol * max(abs(y[i]), abs(new[i]))
        total += (step * error / scale) ** 2
    return np.sqrt(total / y.size)


@numba.njit(cache=True)
def step_factor(error: float) -> float:
    """Return the change of the step that brings the error to its target."""
    if error == 0.0:
        return 5.0
    return min(5.0, max(0.2, 0.9 * error**-0.2))


@numba.njit(cache=True)
def interpolate(y: Floats, k: Floats, step: float, theta: float, out: Floats) -> None:
    """Write the solution at a fraction theta of the step for the first out.size."""
    for i in range(out.size):
        total = 0.0
        for l in range(7):
            poly = 0.0
            for power in range(3, -1, -1):
                poly = (poly + _DENSE[l, power]) * theta
            total += poly * k[l, i]
        out[i] = y[i] + step * total


@numba.njit(cache=True)
def crossing(y: Floats, k: Floats, step: float, i: int) -> float:
    """Return the fraction of the step at which component i changes sign."""
    low, high = 0.0, 1.0
    begins = y[i]
    for _ in range(40):
        middle = 0.5 * (low + high)
        total = 0.0
        for l in range(7):
            poly = 0.0
            for power in range(3, -1, -1):
                poly = (poly + _DENSE[l, power]) * middle
            total += poly * k[l, i]
        if (begins + step * total) * begins > 0.0:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
