"""Compiled loop of the dressed ramp model (physics.md section 6)."""

from __future__ import annotations

from typing import TypeAlias

import numba
import numpy as np
from numpy.typing import NDArray

from ._dormand_prince import error_norm, note_flips, show, stage, step_factor
from ._kernels import add_row, read
from .system import Floats

# One segment's constants: couplings q 2 S_j J_ij as rows j, field h, frozen noise xi,
# spins S, kernel weights a and b, table nodes, and (origin, 1/spacing, omega_z, exact).
Segment: TypeAlias = tuple[Floats, ...]
# What is remembered of the fields (3, N), and what was found (2, N).
Watch: TypeAlias = tuple[Floats, NDArray[np.bool_]]

#: In omega_z: from here on what falls from its spinodal comes to rest elsewhere.
LARGE_HYSTERESIS = 0.2


@numba.njit(cache=True)
def slope(y: Floats, segment: Segment, fields: Floats, out: Floats) -> None:
    """Write d(x, p)/dt of y = (x_1..x_N, p_1..p_N), and the fields b (N,)."""
    rows, field, noise, spins, weight_line, weight_cavity, nodes, scalars = segment
    origin, density, omega_z, exact = scalars
    n = field.size
    fields[:] = field
    for j in range(n):
        if y[j] != 0.0:
            add_row(rows[j], y[j], fields)
    for i in range(n):
        b, x, p, S = fields[i], y[i], y[n + i], spins[i]
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
def reversed_fast(
    memory: Floats, i: int, span: tuple[float, float], b: float, omega_z: float
) -> bool:
    """Say whether b_i went from omega_z/2 to -omega_z/2, or back, within 1/omega_z.

    memory (3, N), kept: when b was last at omega_z/2 or above, at -omega_z/2 or below,
    and what it was at span[0]; between it is taken as linear.
    """
    before, level, fast = memory[2, i], 0.5 * omega_z, False
    for row, sign in ((0, 1.0), (1, -1.0)):
        start, end = sign * before, sign * b
        slowness = (span[1] - span[0]) / (start - end) if start != end else 0.0
        if start >= level:
            left = span[0] + (start - level) * slowness
            memory[row, i] = span[1] if end >= level else left
        if end <= -level < start:
            reached = span[0] + (start + level) * slowness
            fast = fast or reached - memory[row, i] < 1 / omega_z
    memory[2, i] = b
    return fast


@numba.njit(cache=True)
def note_doubts(
    fields: Floats,
    span: tuple[float, float],
    y: Floats,
    segment: Segment,
    watch: Watch,
) -> None:
    """Note in doubts (2, N) which fields (N,), now at span[1], left the validity.

    Row 0: `reversed_fast`. Row 1: the ensemble, aligned with its own field, fell from
    its spinodal, of more than `LARGE_HYSTERESIS` omega_z.
    """
    memory, doubts = watch
    rows, omega_z = segment[0], segment[7][2]
    n = fields.size
    for i in range(n):
        before, own = memory[2, i], rows[i, i]
        if reversed_fast(memory, i, span, fields[i], omega_z):
            doubts[0, i] = True
        if before * fields[i] >= 0.0 or own <= omega_z or y[n + i] <= 0.0:
            continue
        hysteresis = (own ** (2 / 3) - omega_z ** (2 / 3)) ** 1.5
        others = fields[i] - own * y[i]
        if others * before < 0.0 and hysteresis > LARGE_HYSTERESIS * omega_z:
            doubts[1, i] = True


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
    watch: Watch,
) -> tuple[float, int]:
    """Advance y in place over the span; return the last free step and flip count.

    samples (K,) lie in the span; shown (K, N) is filled there. flips (L, 2) takes
    (time, ensemble); counting goes on where it is full. signs (N,) is the last
    nonzero sign of each x. watch: see `note_doubts`.
    """
    now, end = span
    rtol, atol = tolerances
    k = np.zeros((7, y.size))
    new, scale = np.empty_like(y), np.empty_like(y)
    fields = np.empty(signs.size)
    slope(y, segment, fields, k[0])
    note_doubts(fields, (now, now), y, segment, watch)
    done, count = show(y, k, (now, now), samples, shown, 0), 0
    while now < end:
        last = now + step >= end
        taken = end - now if last else step
        for row in range(1, 7):
            stage(y, k, taken, row, new)
            slope(new, segment, fields, k[row])
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
        # The last slope is at the end of the step.
        note_doubts(fields, reached, new, segment, watch)
        # An unused drive lets x decay; denormal numbers would slow everything.
        for i in range(y.size):
            y[i] = new[i] if abs(new[i]) > 1e-200 else 0.0
        k[0] = k[6]
        now = reached[1]
        step = max(longer, step) if last else longer
    return step, count
