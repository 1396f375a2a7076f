"""Compiled loop of exact stochastic trajectories by thinning.

Events are proposed at rates that bound the true ones from above and accepted with the
ratio of the two: the accepted events are exactly the jump process. The bounds hold for a
window of events, in which no field can leave the neighbouring bins of the bound table;
only at its end are the N fields summed. Most proposals fall below the lower bound and
are accepted unseen; only for the rest is the field of the one ensemble completed with
the changes since the window opened, and its kernel read.
"""

from __future__ import annotations

import numba
import numpy as np

from ._kernels import add_row, kernel
from .system import Floats

# What an event needs of its ensemble lies in one cache line: the kernel's upper bounds
# (UP, DOWN) and lower bounds (LEAST, +1), s, S(S+1), last nonzero sign of s, and 1/S.
UP, DOWN, LEAST, EIGENVALUE, SQUARE, SIGN, PER_SPIN = 0, 1, 2, 4, 5, 6, 7
LANE = 8
BLOCK = 8  # of the three-level sums of rates among which an event is drawn


@numba.njit(cache=True)
def _proposal_rate(lane: Floats) -> float:
    s, square = lane[EIGENVALUE], lane[SQUARE]
    return (square - s * (s + 1)) * lane[UP] + (square - s * (s - 1)) * lane[DOWN]


@numba.njit(cache=True)
def _open_window(lanes, fields, rates, blocks, groups, model, grid) -> float:
    """Write the kernels' bounds and the proposal rates; return their sum."""
    _, self_coupling, line, cavity, _, _ = model
    bounds, origin, density = grid
    blocks[:] = 0.0
    groups[:] = 0.0
    for i in range(fields.size):
        for side in range(2):
            field = fields[i] if side == 0 else -fields[i]
            index = int((-self_coupling[i] - field - origin) * density)
            a, b = line[i], cavity[i]
            most = a * bounds[index, 0] + b * bounds[index, 1]
            lanes[i, UP + side] = max(most, 0.0)
            lanes[i, LEAST + side] = a * bounds[index, 2] + b * bounds[index, 3]
        rates[i] = _proposal_rate(lanes[i])
        blocks[i // BLOCK] += rates[i]
        groups[i // BLOCK**2] += rates[i]
    return groups.sum()


@numba.njit(cache=True)
def _choose(point, rates, blocks, groups) -> tuple[int, float]:
    """Return the ensemble whose rate holds `point` of the sum, and the rest in it."""
    group = 0
    while group < groups.size - 1 and point >= groups[group]:
        point -= groups[group]
        group += 1
    k = group * BLOCK
    last = min(k + BLOCK, blocks.size) - 1
    while k < last and point >= blocks[k]:
        point -= blocks[k]
        k += 1
    i = k * BLOCK
    last = min(i + BLOCK, rates.size) - 1
    while i < last and point >= rates[i]:
        point -= rates[i]
        i += 1
    return i, point


@numba.njit(cache=True, fastmath={"reassoc"})
def _dot(row, delta) -> float:
    total = 0.0
    for j in range(delta.size):
        total += row[j] * delta[j]
    return total


@numba.njit(cache=True)
def _true_kernel(i, direction, fields, delta, model) -> float:
    """Return the kernel of one step of ensemble i at its present field."""
    rows, self_coupling, line, cavity, nodes, scalars = model
    field = fields[i] + _dot(rows[i], delta)
    energy = -self_coupling[i] - direction * field
    return kernel(energy, line[i], cavity[i], nodes, scalars)


@numba.njit(cache=True)
def _close_window(delta, rows, fields) -> None:
    """Add the window's changes of s to all fields."""
    for j in range(delta.size):
        if delta[j] != 0.0:
            add_row(rows[j], delta[j], fields)
            delta[j] = 0.0


@numba.njit(cache=True)
def _sample(now, lanes, samples, shown, counts) -> None:
    while counts[0] < samples.size and samples[counts[0]] <= now:
        for i in range(len(lanes)):
            shown[counts[0], i] = lanes[i, EIGENVALUE] * lanes[i, PER_SPIN]
        counts[0] += 1


@numba.njit(cache=True)
def _window(state, model, work, total, limits, samples, shown, flips, found, rng):
    """Draw the events of one window; return the flips found so far."""
    lanes, fields, clock, counts = state
    end, longest = limits
    rates, blocks, groups, delta = work
    events = 0
    while events < longest and found < len(flips):
        now = end
        if total > 0.0:
            now = min(clock[0] + rng.standard_exponential() / total, end)
        clock[0] = now
        if counts[0] < samples.size:
            _sample(now, lanes, samples, shown, counts)
        if now >= end:
            break
        counts[2] += 1
        i, point = _choose(rng.random() * total, rates, blocks, groups)
        lane = lanes[i]
        s = lane[EIGENVALUE]
        bracket, direction, side = lane[SQUARE] - s * (s + 1), 1.0, 0
        if point >= bracket * lane[UP]:
            point -= bracket * lane[UP]
            bracket, direction, side = lane[SQUARE] - s * (s - 1), -1.0, 1
        if point >= bracket * lane[LEAST + side] and (
            point >= bracket * _true_kernel(i, direction, fields, delta, model)
        ):
            continue
        events += 1
        s += direction
        lane[EIGENVALUE] = s
        delta[i] += direction
        change = _proposal_rate(lane) - rates[i]
        rates[i] += change
        blocks[i // BLOCK] += change
        groups[i // BLOCK**2] += change
        total += change
        if s * lane[SIGN] < 0.0:
            flips[found, 0] = now
            flips[found, 1] = i
            found += 1
        if s != 0.0:
            lane[SIGN] = np.sign(s)
    counts[1] += events
    return found


@numba.njit(cache=True)
def run(state, model, grid, limits, samples, shown, flips, rng) -> int:
    """Advance until the end, or until `flips` is full; return the flips found.

    state, changed in place: lanes (N, 8), fields b (N,), clock (1,) in s, counts (3,) of
    samples done, events and proposals. model: rows 2 q J_ij, q J_ii, weights a and b,
    table nodes and scalars. grid: upper and lower bounds (K, 4) of H and G/pole per bin,
    origin, 1/width. limits: end in s, events per window. shown (K, N) takes m at
    samples (K,); flips (L, 2) takes (time, ensemble) of the changes of sign.
    """
    lanes, fields, clock, _ = state
    n, found = fields.size, 0
    blocks, groups = np.empty(-(-n // BLOCK)), np.empty(-(-n // BLOCK**2))
    rates, delta = np.empty(n), np.zeros(n)
    work = (rates, blocks, groups, delta)
    while clock[0] < limits[0] and found < len(flips):
        total = _open_window(lanes, fields, rates, blocks, groups, model, grid)
        found = _window(
            state, model, work, total, limits, samples, shown, flips, found, rng
        )
        _close_window(delta, model[0], fields)
    return found
