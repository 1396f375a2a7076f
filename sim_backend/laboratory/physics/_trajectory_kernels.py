"""Compiled loop of exact stochastic trajectories by thinning.

Events are proposed at rates that bound the true ones from above and accepted with the
ratio of the two: the accepted events are exactly the jump process. The bounds hold for
a window of events, in which no field can leave the neighbouring bins of the bound
table; only at its end are the N fields summed. Most proposals fall below the lower
bound and are accepted unseen; only for the rest is the field of the one ensemble
completed with the changes since the window opened, and its kernel read.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numba
import numpy as np
from numpy.typing import NDArray

from ._kernels import add_row, kernel
from .system import Floats

#: What the docstring of `run` lists.
Group: TypeAlias = tuple[Any, ...]
Counts: TypeAlias = NDArray[np.int64]

# What an event needs of its ensemble lies in one cache line: the kernel's upper bounds
# (UP, DOWN) and lower bounds (LEAST, +1), s, S(S+1), last nonzero sign of s, and 1/S.
UP, DOWN, LEAST, EIGENVALUE, SQUARE, SIGN, PER_SPIN = 0, 1, 2, 4, 5, 6, 7
LANE = 8
DONE, EVENTS, PROPOSALS, FLIPS = 0, 1, 2, 3
BLOCK = 8  # of the three-level sums of rates among which an event is drawn


@numba.njit(cache=True)
def _proposal_rate(lane: Floats) -> float:
    s, square = lane[EIGENVALUE], lane[SQUARE]
    return (square - s * (s + 1)) * lane[UP] + (square - s * (s - 1)) * lane[DOWN]


@numba.njit(cache=True)
def _open_window(
    lanes: Floats, fields: Floats, sums: Group, model: Group, grid: Group
) -> None:
    """Write the kernels' bounds, the proposal rates and their sums."""
    _, self_coupling, line, cavity, _, _ = model
    bounds, origin, density = grid
    rates, blocks, groups = sums
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


@numba.njit(cache=True)
def _choose(point: float, sums: Group) -> tuple[int, float]:
    """Return the ensemble whose rate holds `point` of the sum, and the rest in it."""
    rates, blocks, groups = sums
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
def _dot(row: Floats, delta: Floats) -> float:
    total = 0.0
    for j in range(delta.size):
        total += row[j] * delta[j]
    return total


@numba.njit(cache=True)
def _true_kernel(
    i: int, direction: float, fields: Floats, delta: Floats, model: Group
) -> float:
    """Return the kernel of one step of ensemble i at its present field."""
    rows, self_coupling, line, cavity, nodes, scalars = model
    field = fields[i] + _dot(rows[i], delta)
    energy = -self_coupling[i] - direction * field
    return kernel(energy, line[i], cavity[i], nodes, scalars)


@numba.njit(cache=True)
def _close_window(delta: Floats, rows: Floats, fields: Floats) -> None:
    """Add the window's changes of s to all fields."""
    for j in range(delta.size):
        if delta[j] != 0.0:
            add_row(rows[j], delta[j], fields)
            delta[j] = 0.0


@numba.njit(cache=True)
def _sample(now: float, lanes: Floats, output: Group, counts: Counts) -> None:
    samples, shown, _ = output
    while counts[DONE] < samples.size and samples[counts[DONE]] <= now:
        for i in range(len(lanes)):
            shown[counts[DONE], i] = lanes[i, EIGENVALUE] * lanes[i, PER_SPIN]
        counts[DONE] += 1


@numba.njit(cache=True)
def _step(
    i: int,
    direction: float,
    now: float,
    lanes: Floats,
    sums: Group,
    flips: Floats,
    counts: Counts,
) -> float:
    """Move s_i by one; return the change of the total proposal rate."""
    lane = lanes[i]
    rates, blocks, groups = sums
    s = lane[EIGENVALUE] + direction
    lane[EIGENVALUE] = s
    change = _proposal_rate(lane) - rates[i]
    rates[i] += change
    blocks[i // BLOCK] += change
    groups[i // BLOCK**2] += change
    if s * lane[SIGN] < 0.0:
        flips[counts[FLIPS], 0] = now
        flips[counts[FLIPS], 1] = i
        counts[FLIPS] += 1
    if s != 0.0:
        lane[SIGN] = np.sign(s)
    return change


@numba.njit(cache=True)
def _window(
    state: Group,
    model: Group,
    sums: Group,
    delta: Floats,
    limits: tuple[float, int],
    output: Group,
    rng: np.random.Generator,
) -> None:
    """Draw the events of one window, from sums that are up to date."""
    lanes, fields, clock, counts = state
    end, longest = limits
    total, events = sums[2].sum(), 0
    while events < longest and counts[FLIPS] < len(output[2]):
        now = end
        if total > 0.0:
            now = min(clock[0] + rng.standard_exponential() / total, end)
        clock[0] = now
        _sample(now, lanes, output, counts)
        if now >= end:
            break
        counts[PROPOSALS] += 1
        i, point = _choose(rng.random() * total, sums)
        s, square = lanes[i, EIGENVALUE], lanes[i, SQUARE]
        bracket, direction, side = square - s * (s + 1), 1.0, 0
        if point >= bracket * lanes[i, UP]:
            point -= bracket * lanes[i, UP]
            bracket, direction, side = square - s * (s - 1), -1.0, 1
        if point >= bracket * lanes[i, LEAST + side] and (
            point >= bracket * _true_kernel(i, direction, fields, delta, model)
        ):
            continue
        events += 1
        delta[i] += direction
        total += _step(i, direction, now, lanes, sums, output[2], counts)
    counts[EVENTS] += events


@numba.njit(cache=True)
def run(
    state: Group,
    model: Group,
    grid: Group,
    limits: tuple[float, int],
    output: Group,
    rng: np.random.Generator,
) -> None:
    """Advance until the end, or until the buffer of flips is full.

    state, changed in place: lanes (N, 8), fields b (N,), clock (1,) in s, counts (4,)
    of samples done, events, proposals and flips in the buffer. model: rows 2 q J_ij,
    q J_ii, weights a and b, table nodes and scalars. grid: upper and lower bounds
    (K, 4) of H and G/pole per bin, origin, 1/width. limits: end in s, events per
    window. output: sample times (K,), m there (K, N), and flips (L, 2), the (time,
    ensemble) of the changes of sign.
    """
    lanes, fields, clock, counts = state
    n = fields.size
    delta = np.zeros(n)
    sums = (np.empty(n), np.empty(-(-n // BLOCK)), np.empty(-(-n // BLOCK**2)))
    while clock[0] < limits[0] and counts[FLIPS] < len(output[2]):
        _open_window(lanes, fields, sums, model, grid)
        _window(state, model, sums, delta, limits, output, rng)
        _close_window(delta, model[0], fields)
