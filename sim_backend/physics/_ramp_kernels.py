"""Compiled loop of the dressed ramp model (physics.md section 6)."""

from __future__ import annotations

import numba
import numpy as np

from ._dormand_prince import crossing, error_norm, interpolate, stage, step_factor
from ._kernels import add_row, read
from .system import Floats

# One segment's constants: couplings q 2 S_j J_ij as rows j, field h, frozen noise xi,
# spins S, kernel weights a and b, table nodes, and (origin, 1/spacing, omega_z, exact).
_Segment = tuple[Floats, Floats, Floats, Floats, Floats, Floats, Floats, Floats]


@numba.njit(cache=True)
def slope(y: Floats, segment: _Segment, out: Floats) -> None:
    """Write d(x, p)/dt of y = (x_1..x_N, p_1..p_N)."""
    rows, field, noise, spins, weight_line, weight_cavity, nodes, scalars = segment
    origin, density, omega_z, exact = scalars
    n = field.size
    total = out[:n]  # holds b until the slope replaces it
    total[:] = field
    for j in range(n):
        if y[j] != 0.0:
            add_row(rows[j], y[j], total)
    for i in range(n):
        b, x, p, S = total[i], y[i], y[n + i], spins[i]
        square = b * b + omega_z * omega_z
        E = np.sqrt(square)
        below, above = (-E - origin) * density, (E - origin) * density
        cavity = weight_cavity[i] / (square if exact > 0 else 1.0)
        line = weight_line[i]
        down = max(line * read(nodes, below, 0) + cavity * read(nodes, below, 2), 0.0)
        up = max(line * read(nodes, above, 0) + cavity * read(nodes, above, 2), 0.0)
        out[i] = omega_z * ((p * b + noise[i] * omega_z) / E - x)
        out[n + i] = S * (down - up) * (1 - p * p) + (1 - p) * down - (1 + p) * up


@numba.njit(cache=True)
def integrate(
    y: Floats,
    span: tuple[float, float],
    step: float,
    segment: _Segment,
    tolerances: tuple[float, float],
    samples: Floats,
    shown: Floats,
    flips: Floats,
    signs: Floats,
) -> tuple[float, int]:
    """Advance y in place over the span; return the last free step and flip count.

    samples (K,) lie in the span; shown (K, N) is filled there. flips (L, 2) takes
    (time, ensemble); counting goes on where it is full. signs (N,) is the last
    nonzero sign of each x.
    """
    now, end = span
    rtol, atol = tolerances
    n = signs.size
    k = np.empty((7, y.size))
    new = np.empty_like(y)
    done, count = 0, 0
    while done < samples.size and samples[done] <= now:
        shown[done] = y[:n]
        done += 1
    slope(y, segment, k[0])
    while now < end:
        last = now + step >= end
        taken = end - now if last else step
        for row in range(1, 7):
            stage(y, k, taken, row, new)
            slope(new, segment, k[row])
        error = error_norm(y, new, k, taken, rtol, atol)
        if not error <= 1.0:  # also where it is NaN
            step = taken * (step_factor(error) if error == error else 0.2)
            continue
        while done < samples.size and (last or samples[done] <= now + taken):
            interpolate(y, k, taken, (samples[done] - now) / taken, shown[done])
            done += 1
        for i in range(n):
            if new[i] * signs[i] < 0.0:
                if count < len(flips):
                    flips[count, 0] = now + taken * crossing(y, k, taken, i)
                    flips[count, 1] = i
                count += 1
            if new[i] != 0.0:
                signs[i] = np.sign(new[i])
        # An unused drive lets x decay; denormal numbers would slow everything.
        for i in range(y.size):
            y[i] = new[i] if abs(new[i]) > 1e-200 else 0.0
        k[0] = k[6]
        now = end if last else now + taken
        if not last or error > 0.0:
            step = max(taken * step_factor(error), step if last else 0.0)
    return step, count
