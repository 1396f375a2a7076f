"""Compiled loop of exact stochastic trajectories by thinning.

Events are proposed at rates that bound the true ones, and accepted with the ratio of
the two: the accepted events are exactly the jump process. A bound on the kernel holds
for a window of events, in which no field can leave the neighbouring bins of the bound
table; only then are all N fields and bounds summed anew. In between the field of the
one ensemble proposed is completed from the few ensembles that have changed.
"""

from __future__ import annotations

import numba
import numpy as np

from ._kernels import add_row, kernel
from .system import Floats

BLOCK = 32


@numba.njit(cache=True)
def _bracket(S: float, s: float, direction: float) -> float:
    return S * (S + 1) - s * (s + direction)


@numba.njit(cache=True)
def _bound(energy: float, line: float, cavity: float, bounds, origin, density) -> float:
    """Bound the kernel for energies that stay within one bin of this one."""
    index = int((energy - origin) * density)
    return line * bounds[index, 0] + cavity * bounds[index, 1]


@numba.njit(cache=True)
def _open_window(s, fields, ceilings, rates, blocks, model, grid) -> float:
    """Write the kernels' bounds (N, 2) and all rates; return the total rate."""
    _, self_coupling, spins, line, cavity, _, _ = model
    bounds, origin, density = grid
    blocks[:] = 0.0
    for i in range(s.size):
        up, down = -self_coupling[i] - fields[i], -self_coupling[i] + fields[i]
        ceilings[i, 0] = _bound(up, line[i], cavity[i], bounds, origin, density)
        ceilings[i, 1] = _bound(down, line[i], cavity[i], bounds, origin, density)
        rates[i] = (
            _bracket(spins[i], s[i], 1.0) * ceilings[i, 0]
            + _bracket(spins[i], s[i], -1.0) * ceilings[i, 1]
        )
        blocks[i // BLOCK] += rates[i]
    return blocks.sum()


@numba.njit(cache=True)
def _choose(point, rates, blocks) -> tuple[int, float]:
    """Return the ensemble whose rate holds `point` of the sum, and the rest in it."""
    block = 0
    while block < blocks.size - 1 and point >= blocks[block]:
        point -= blocks[block]
        block += 1
    i = block * BLOCK
    last = min(i + BLOCK, rates.size) - 1
    while i < last and point >= rates[i]:
        point -= rates[i]
        i += 1
    return i, point


@numba.njit(cache=True)
def _rate(i, s, direction, field, model) -> float:
    """Return the true rate of one step of ensemble i at its field."""
    _, self_coupling, spins, line, cavity, nodes, scalars = model
    energy = -self_coupling[i] - direction * field
    rate = kernel(energy, line[i], cavity[i], nodes, scalars)
    return _bracket(spins[i], s, direction) * rate


@numba.njit(cache=True)
def _close_window(changed, count, delta, rows, fields) -> None:
    """Add the window's changes of s to all fields."""
    for c in range(count):
        j = changed[c]
        if delta[j] != 0.0:
            add_row(rows[j], delta[j], fields)
        delta[j] = 0.0


@numba.njit(cache=True)
def run(state, model, grid, limits, samples, shown, flips, rng) -> int:
    """Advance until the end, or until `flips` is full; return the flips found.

    state, changed in place: eigenvalues s (N,), fields b (N,), last nonzero signs (N,),
    clock (1,) in s, counts (3,) of samples done, events and proposals. model: rows
    2 q J_ij, q J_ii, S, weights a and b, table nodes and scalars. grid: bounds (K, 2)
    of H and G/pole per bin, origin, 1/width. limits: end in s, events and changed
    ensembles per window. shown (K, N) takes m at samples (K,); flips (L, 2) takes
    (time, ensemble) of the changes of sign.
    """
    s, fields, signs, clock, counts = state
    rows, spins = model[0], model[2]
    end, longest, widest = limits
    n, found = s.size, 0
    ceilings, rates = np.empty((n, 2)), np.empty(n)
    blocks = np.empty((n + BLOCK - 1) // BLOCK)
    delta, changed = np.zeros(n), np.empty(n, np.int64)
    listed = np.zeros(n, np.bool_)
    while clock[0] < end and found < len(flips):
        total = _open_window(s, fields, ceilings, rates, blocks, model, grid)
        listed[:] = False
        count, events = 0, 0
        while events < longest and count < widest and found < len(flips):
            now = np.inf
            if total > 0.0:
                now = clock[0] + rng.standard_exponential() / total
            while counts[0] < samples.size and samples[counts[0]] <= min(now, end):
                for i in range(n):
                    shown[counts[0], i] = s[i] / max(spins[i], 0.5)
                counts[0] += 1
            clock[0] = min(now, end)
            if now >= end:
                break
            counts[2] += 1
            i, point = _choose(rng.random() * total, rates, blocks)
            upward = _bracket(spins[i], s[i], 1.0) * ceilings[i, 0]
            direction = 1.0 if point < upward else -1.0
            point -= 0.0 if point < upward else upward
            field = fields[i]
            for c in range(count):
                field += rows[i, changed[c]] * delta[changed[c]]
            if point >= _rate(i, s[i], direction, field, model):
                continue
            events += 1
            s[i] += direction
            delta[i] += direction
            if not listed[i]:
                listed[i] = True
                changed[count] = i
                count += 1
            fresh = (
                _bracket(spins[i], s[i], 1.0) * ceilings[i, 0]
                + _bracket(spins[i], s[i], -1.0) * ceilings[i, 1]
            )
            blocks[i // BLOCK] += fresh - rates[i]
            total += fresh - rates[i]
            rates[i] = fresh
            if s[i] * signs[i] < 0.0:
                flips[found, 0] = now
                flips[found, 1] = i
                found += 1
            if s[i] != 0.0:
                signs[i] = np.sign(s[i])
        counts[1] += events
        _close_window(changed, count, delta, rows, fields)
    return found
