"""Compiled loop of the mean-field equations F3."""

from __future__ import annotations

from typing import Any, TypeAlias

import numba
import numpy as np

from ._dormand_prince import error_norm, note_flips, show, stage, step_factor
from ._kernels import add_product, add_row, kernel
from .system import Floats

#: q J_ij, q J_ii, S, kernel weights a and b, table nodes, its scalars, and for the
#: kernel without noise (-Delta_C, kappa^2, numerator); 0 numerator: read the table.
Model: TypeAlias = tuple[Any, ...]
_REFRESH = 64  # steps between full sums, against rounding
#: Errors of a step within which m rests: at the limit of stability it jitters by some.
_JITTER = 30.0


@numba.njit(cache=True)
def slope(
    m: Floats, total: Floats, reference: Floats, skip: float, model: Model, out: Floats
) -> None:
    """Write dm/dt; total (N,) holds the fields of `reference` and follows m.

    Most ensembles rest most of the time: only those that moved by more than `skip`
    since they were last summed are summed again, unless they are many.
    """
    couplings, _, spins = model[:3]
    moved = 0
    for j in range(m.size):
        moved += abs(m[j] - reference[j]) > skip
    if 4 * moved > m.size:
        add_product(couplings, 2 * spins * (m - reference), total)
        reference[:] = m
    elif moved:
        for j in range(m.size):
            change = m[j] - reference[j]
            if abs(change) > skip:
                add_row(couplings[j], 2 * spins[j] * change, total)
                reference[j] = m[j]
    if model[7][2] > 0:
        _closed(m, total, model, out)
    else:
        _tabulated(m, total, model, out)


@numba.njit(cache=True)
def _tabulated(m: Floats, total: Floats, model: Model, out: Floats) -> None:
    _, self_coupling, spins, line, cavity, nodes, scalars, _ = model
    for i in range(m.size):
        up = kernel(-self_coupling[i] - total[i], line[i], cavity[i], nodes, scalars)
        down = kernel(-self_coupling[i] + total[i], line[i], cavity[i], nodes, scalars)
        x = m[i]
        out[i] = spins[i] * (up - down) * (1 - x * x) + (1 - x) * up - (1 + x) * down


@numba.njit(cache=True)
def at_rest(m: Floats, total: Floats, model: Model, allowed: Floats) -> bool:
    """Whether every m_i is, within allowed (N,), where the present fields hold it.

    The slope at fixed rates, S(K+ - K-)(1 - x^2) + (K+ - K-) - x(K+ + K-), has one
    root in [-1, 1], and it attracts: no ensemble that is yet to flip counts as resting.
    """
    _, self_coupling, spins, line, cavity, nodes, scalars, closed = model
    for i in range(m.size):
        high, low = -self_coupling[i] - total[i], -self_coupling[i] + total[i]
        if closed[2] > 0:
            up = _closed_rate(high, cavity[i], scalars, closed)
            down = _closed_rate(low, cavity[i], scalars, closed)
        else:
            up = kernel(high, line[i], cavity[i], nodes, scalars)
            down = kernel(low, line[i], cavity[i], nodes, scalars)
        net, both, S = up - down, up + down, spins[i]
        root = both + np.sqrt(both * both + 4 * S * (S + 1) * net * net)
        if root > 0 and abs(m[i] - 2 * (S + 1) * net / root) > allowed[i]:
            return False
    return True


@numba.njit(cache=True, error_model="numpy")
def _closed_rate(
    de: float, cavity: float, scalars: Floats, closed: tuple[float, float, float]
) -> float:
    detuning, kappa2, numerator = closed
    # exact: the pole de^2 + omega_z^2; printed: none.
    pole = de * de + scalars[2] ** 2 if scalars[3] else 1.0
    return float(cavity * numerator / (pole * ((de + detuning) ** 2 + kappa2)))


@numba.njit(cache=True, error_model="numpy")
def _closed(m: Floats, total: Floats, model: Model, out: Floats) -> None:
    """Do the same without noise: two divisions, many ensembles at a time."""
    _, self_coupling, spins, _, cavity, _, scalars, closed = model
    for i in range(m.size):
        x = m[i]
        up = _closed_rate(-self_coupling[i] - total[i], cavity[i], scalars, closed)
        down = _closed_rate(-self_coupling[i] + total[i], cavity[i], scalars, closed)
        out[i] = spins[i] * (up - down) * (1 - x * x) + (1 - x) * up - (1 + x) * down


@numba.njit(cache=True)
def sum_fields(
    m: Floats, field: Floats, model: Model, total: Floats, reference: Floats
) -> None:
    """Write the fields b of m into total and m into reference."""
    total[:] = field
    add_product(model[0], 2 * model[2] * m, total)
    reference[:] = m


@numba.njit(cache=True)
def integrate(
    m: Floats,
    field: Floats,
    end: float,
    model: Model,
    tolerances: tuple[float, bool],
    samples: Floats,
    shown: Floats,
    flips: Floats,
) -> int:
    """Advance m in place from 0 to end; return the number of flips.

    tolerances: rtol, and whether to stop in the steady state. samples (K,),
    shown (K, N) is filled there; flips (L, 2) takes (time, ensemble), and counting
    goes on where it is full.
    """
    rtol, stop = tolerances
    skip, floor = 1e-3 * rtol, 1 / np.maximum(model[2], 1.0)
    k, scale = np.zeros((7, m.size)), np.empty_like(m)
    new, total, reference = np.empty_like(m), np.empty_like(m), np.empty_like(m)
    signs, count, steps = np.sign(m), 0, 0
    sum_fields(m, field, model, total, reference)
    slope(m, total, reference, skip, model, k[0])
    done = show(m, k, (0.0, 0.0), samples, shown, 0)
    fastest = np.max(np.abs(k[0]))
    now, step = 0.0, min(end, 1e-3 / fastest) if fastest > 0.0 else end
    while now < end:
        if stop and np.max(np.abs(k[0])) * (end - now) < 0.1 * rtol:
            break
        last = now + step >= end
        taken = end - now if last else step
        for row in range(1, 7):
            stage(m, k, taken, row, new)
            slope(new, total, reference, skip, model, k[row])
        # A flip starts from 1 - |m| of order 1/S: that must be right, not m.
        for i in range(m.size):
            scale[i] = rtol * (abs(1 - m[i] * m[i]) + floor[i])
        error = error_norm(k, taken, scale)
        step = taken * step_factor(error)
        if not error <= 1.0:  # also where it is NaN
            continue
        reached = (now, end if last else now + taken)
        done = show(m, k, reached, samples, shown, done)
        count = note_flips(m, new, k, reached, signs, flips, count)
        m[:] = new
        k[0] = k[6]
        now = reached[1]
        steps += 1
        if steps % _REFRESH == 0:
            sum_fields(m, field, model, total, reference)
            # Slopes do not end there: they are of the jitter.
            if stop and at_rest(m, total, model, _JITTER * scale):
                break
    shown[done:] = m
    return count
