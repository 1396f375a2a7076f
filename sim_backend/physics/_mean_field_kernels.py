"""Compiled loop of the mean-field equations F3."""

from __future__ import annotations

import numba
import numpy as np

from ._dormand_prince import crossing, error_norm, interpolate, stage, step_factor
from ._kernels import add_row, kernel
from .system import Floats

_REFRESH = 64  # steps between full sums, against rounding


@numba.njit(cache=True)
def slope(m, total, reference, skip, model, out) -> None:
    """Write dm/dt; total (N,) holds the fields of `reference` and follows m.

    Most ensembles rest at any moment: only those that moved by more than `skip` since
    they were last summed are summed again.
    """
    rows, self_coupling, spins, line, cavity, nodes, scalars = model
    for j in range(m.size):
        moved = m[j] - reference[j]
        if abs(moved) > skip:
            add_row(rows[j], moved, total)
            reference[j] = m[j]
    for i in range(m.size):
        up = kernel(-self_coupling[i] - total[i], line[i], cavity[i], nodes, scalars)
        down = kernel(-self_coupling[i] + total[i], line[i], cavity[i], nodes, scalars)
        x = m[i]
        out[i] = spins[i] * (up - down) * (1 - x * x) + (1 - x) * up - (1 + x) * down


@numba.njit(cache=True)
def sum_fields(m, field, model, total, reference) -> None:
    """Write the fields b of m into total and m into reference."""
    total[:] = field
    for j in range(m.size):
        add_row(model[0][j], m[j], total)
    reference[:] = m


@numba.njit(cache=True)
def integrate(m, field, end, model, tolerances, samples, shown, flips) -> int:
    """Advance m in place from 0 to end; return the number of flips.

    tolerances: rtol, atol, and whether to stop in the steady state. samples (K,),
    shown (K, N) is filled there; flips (L, 2) takes (time, ensemble), and counting
    goes on where it is full.
    """
    rtol, atol, stop = tolerances
    skip = 1e-3 * rtol
    k = np.empty((7, m.size))
    new, total, reference = np.empty_like(m), np.empty_like(m), np.empty_like(m)
    signs = np.sign(m)
    done, count, steps = 0, 0, 0
    while done < samples.size and samples[done] <= 0.0:
        shown[done] = m
        done += 1
    sum_fields(m, field, model, total, reference)
    slope(m, total, reference, skip, model, k[0])
    fastest = np.max(np.abs(k[0]))
    now, step = 0.0, min(end, 1e-3 / fastest) if fastest > 0.0 else end
    while now < end:
        if stop > 0 and np.max(np.abs(k[0])) * (end - now) < 0.1 * rtol:
            break
        last = now + step >= end
        taken = end - now if last else step
        for row in range(1, 7):
            stage(m, k, taken, row, new)
            slope(new, total, reference, skip, model, k[row])
        error = error_norm(m, new, k, taken, rtol, atol)
        if not error <= 1.0:  # also where it is NaN
            step = taken * (step_factor(error) if error == error else 0.2)
            continue
        while done < samples.size and (last or samples[done] <= now + taken):
            interpolate(m, k, taken, (samples[done] - now) / taken, shown[done])
            done += 1
        for i in range(m.size):
            if new[i] * signs[i] < 0.0:
                if count < len(flips):
                    flips[count, 0] = now + taken * crossing(m, k, taken, i)
                    flips[count, 1] = i
                count += 1
            if new[i] != 0.0:
                signs[i] = np.sign(new[i])
        m[:] = new
        k[0] = k[6]
        now = end if last else now + taken
        step = taken * step_factor(error)
        steps += 1
        if steps % _REFRESH == 0:
            sum_fields(m, field, model, total, reference)
    shown[done:] = m
    return count
