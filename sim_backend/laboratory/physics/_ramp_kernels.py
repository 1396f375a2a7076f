"""Compiled loop of the dressed ramp model (physics.md section 6)."""

from __future__ import annotations

from typing import TypeAlias

import numba
import numpy as np

from ._dormand_prince import error_norm, note_flips, show, stage, step_factor
from ._kernels import add_row, read
from .system import Floats

# One segment's constants: couplings q 2 S_j J_ij as rows j, field h, frozen noise xi,
# spins S, kernel weights a and b, table nodes, and (origin, 1/spacing, omega_z, exact).
Segment: TypeAlias = tuple[Floats, ...]


@numba.njit(cache=True)
def slope(y: Floats, segment: Segment, out: Floats) -> None:
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
    segment: Segment,
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
    k = np.zeros((7, y.size))
    new, scale = np.empty_like(y), np.empty_like(y)
    slope(y, segment, k[0])
    done, count = show(y, k, (now, now), samples, shown, 0), 0
    while now < end:
        last = now + step >= end
        taken = end - now if last else step
        for row in range(1, 7):
            stage(y, k, taken, row, new)
            slope(new, segment, k[row])
        for i in range(y.size):
            scale[i] = atol + rtol * max(abs(y[i]), abs(new[i]))
        error = error_norm(k, taken, scale)
        longer = taken * step_factor(error)
        if not error <= 1.0:  # also where it is NaN
            step = longer
            continue
        reached = (now, end if last else now + taken)
        done = show(y, k, reached, samples, shown, done)
        count = note_flips(y, new, k, reached, signs, flips, count)
        # An unused drive lets x decay; denormal numbers would slow everything.
        for i in range(y.size):
            y[i] = new[i] if abs(new[i]) > 1e-200 else 0.0
        k[0] = k[6]
        now = reached[1]
        step = max(longer, step) if last else longer
    return step, count
