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


@numba.njit(cache=True, fastmath={"contract"})
def stage(y: Floats, k: Floats, step: float, row: int, out: Floats) -> None:
    """Write the argument of slope `row`: y + step A[row] k; k (7, n) must be finite."""
    a, b, c = step * _A[row, 0], step * _A[row, 1], step * _A[row, 2]
    d, e, f = step * _A[row, 3], step * _A[row, 4], step * _A[row, 5]
    for i in range(out.size):
        # One pass over all slopes, the zeros included, runs in vectors.
        first = a * k[0, i] + b * k[1, i] + c * k[2, i]
        out[i] = y[i] + first + d * k[3, i] + e * k[4, i] + f * k[5, i]


@numba.njit(cache=True, fastmath={"contract", "reassoc"}, error_model="numpy")
def error_norm(k: Floats, step: float, scale: Floats) -> float:
    """Return the rms of the error estimate over the tolerances scale (n,)."""
    a, c, d, e, f, g = _ERROR[0], _ERROR[2], _ERROR[3], _ERROR[4], _ERROR[5], _ERROR[6]
    total = 0.0
    for i in range(scale.size):
        error = a * k[0, i] + c * k[2, i] + d * k[3, i]
        error += e * k[4, i] + f * k[5, i] + g * k[6, i]
        total += (step * error / scale[i]) ** 2
    return np.sqrt(total / scale.size)


@numba.njit(cache=True)
def step_factor(error: float) -> float:
    """Return the change of the step that brings the error to its target."""
    if error == 0.0:
        return 5.0
    if not np.isfinite(error):
        return 0.2
    return min(5.0, max(0.2, 0.9 * error**-0.2))


@numba.njit(cache=True)
def _inside(y: float, k: Floats, i: int, step: float, theta: float) -> float:
    """Return component i at a fraction theta of the step."""
    total = 0.0
    for row in range(7):
        poly = 0.0
        for power in range(3, -1, -1):
            poly = (poly + _DENSE[row, power]) * theta
        total += poly * k[row, i]
    return y + step * total


@numba.njit(cache=True)
def show(
    y: Floats,
    k: Floats,
    span: tuple[float, float],
    samples: Floats,
    shown: Floats,
    done: int,
) -> int:
    """Fill the rows of shown (K, n) whose samples lie up to the step's end.

    y: the state at the step's start span[0]. Returns the number of rows now done.
    """
    now, end = span
    while done < samples.size and samples[done] <= end:
        theta = (samples[done] - now) / (end - now) if end > now else 0.0
        for i in range(shown.shape[1]):
            shown[done, i] = _inside(y[i], k, i, end - now, theta)
        done += 1
    return done


@numba.njit(cache=True)
def note_flips(
    y: Floats,
    new: Floats,
    k: Floats,
    span: tuple[float, float],
    signs: Floats,
    flips: Floats,
    count: int,
) -> int:
    """Write (time, component) of changes of sign into flips; return their number.

    signs (n,), kept up to date: the last nonzero sign of each component watched.
    Counting goes on where flips (L, 2) is full.
    """
    now, end = span
    for i in range(signs.size):
        if new[i] * signs[i] < 0.0:
            if count < len(flips):
                low, high = 0.0, 1.0
                for _ in range(40):
                    theta = 0.5 * (low + high)
                    if _inside(y[i], k, i, end - now, theta) * signs[i] > 0.0:
                        low = theta
                    else:
                        high = theta
                flips[count, 0] = now + (end - now) * high
                flips[count, 1] = i
            count += 1
        if new[i] != 0.0:
            signs[i] = np.sign(new[i])
    return count
