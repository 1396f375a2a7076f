"""Exact stochastic trajectories of the spin-flip rates (Eq. 25, Sec. V B).

The rates R_i^pm = [S(S+1) - s_i(s_i pm 1)] K_i(de_i^pm) form a Markov chain over the
eigenvalues s; see `_trajectory_kernels` for how it is drawn. The kernel is tabulated,
so that an event costs the same whatever the noise.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from ccqed_ctrl import checks
from ccqed_ctrl.errors import ParameterError

from . import _trajectory_kernels
from .kernel_table import KernelTable
from .sampling import FixedDrive, check_times
from .system import EnsembleState, Evolution, Floats, SpinSystem

_FLIP_BUFFER = 4096


@dataclass(frozen=True)
class Trajectory(Evolution):
    """An `Evolution` with its number of single-spin events and of proposals."""

    events: int
    proposals: int


def evolve(
    system: SpinSystem,
    magnetization: ArrayLike,
    *,
    duration: float,
    sample_times: ArrayLike,
    rng: np.random.Generator,
    flip_rates: str = "exact",
    power: float = 1.0,
    field: ArrayLike | None = None,
) -> Trajectory:
    """Draw one trajectory at constant pump power and field.

    Parameters
    ----------
    magnetization: (N,) in [-1, 1], rounded to the nearest s_i = m_i S_i.
    duration: s. sample_times: (K,) s in [0, duration], not decreasing.
    flip_rates: `exact` (dressed by omega_z, see `kernel_table`) or `printed`.
    power: q. field: h (N,) in rad/s, default 0.

    Returns
    -------
    Trajectory; its flips are all changes of sign of s, of which an ensemble makes
    several while it passes zero.

    Raises
    ------
    ShapeError, ParameterError
        Sizes that differ, |m| > 1, bad times, unknown flip rates, or an atom number
        M = 2S that is not whole.
    """
    checks.number("duration", duration, 0.0, unit="s")
    samples = check_times(sample_times, 0.0, duration)
    fixed = FixedDrive.of(system, magnetization, flip_rates, power, field)
    spins = system.spins
    if np.any(2 * spins != np.rint(2 * spins)):
        raise ParameterError("trajectories need whole atom numbers M = 2S")
    s = np.rint((fixed.magnetization + 1) * spins) - spins
    lanes = np.zeros((system.size, _trajectory_kernels.LANE))
    lanes[:, _trajectory_kernels.EIGENVALUE] = s
    lanes[:, _trajectory_kernels.SQUARE] = spins * (spins + 1)
    lanes[:, _trajectory_kernels.SIGN] = np.sign(s)
    lanes[:, _trajectory_kernels.PER_SPIN] = 1 / np.maximum(spins, 0.5)
    rows = 2 * fixed.couplings
    fields = fixed.field + rows @ s
    largest = float(np.max(np.abs(rows), initial=0.0))
    width = _bin_width(system, largest)
    grid = _bounds(fixed.table, width)
    # At least one event: the bins are never narrower than one event's change.
    longest = int(min(width / largest, 2**31)) if largest > 0 else 2**31
    model = (
        rows,
        np.diag(fixed.couplings).copy(),
        *fixed.weights,
        fixed.table.nodes,
        fixed.scalars,
    )
    clock, counts = np.zeros(1), np.zeros(4, np.int64)
    shown = np.empty((len(samples), system.size))
    found: list[Floats] = []
    while clock[0] < duration or not found:
        flips = np.empty((_FLIP_BUFFER, 2))
        counts[_trajectory_kernels.FLIPS] = 0
        _trajectory_kernels.run(
            (lanes, fields, clock, counts),
            model,
            grid,
            (duration, longest),
            (samples, shown, flips),
            rng,
        )
        found.append(flips[: counts[_trajectory_kernels.FLIPS]])
    m = lanes[:, _trajectory_kernels.EIGENVALUE] / np.maximum(spins, 0.5)
    done, events, proposals, _ = (int(count) for count in counts)
    shown[done:] = m
    times, ensembles = np.concatenate(found).T
    return Trajectory(
        samples,
        shown,
        EnsembleState(m, np.ones(system.size)),
        times,
        ensembles.astype(np.int64),
        events,
        proposals,
    )


def _bin_width(system: SpinSystem, largest: float) -> float:
    """Return the width in rad/s of the bins within which a bound holds.

    Wide bins make windows long but the bounds loose: a sum over N ensembles per window
    should cost no more than its events. largest: field change of one event at most.
    """
    kappa = system.cavity.kappa
    width = float(np.clip(0.25 * system.size * largest, kappa / 32, kappa / 4))
    return max(width, 1.001 * largest)


@functools.lru_cache(maxsize=32)
def _bounds(table: KernelTable, width: float) -> tuple[Floats, float, float]:
    """Return bounds (K, 4), origin and 1/width of the bins.

    Columns: highest H and G/pole, lowest H and G/pole, of a bin and its neighbours; an
    energy that starts in the bin and moves by less than its width stays between.
    """
    bins = int(np.ceil(-2 * table.origin / width)) + 1
    points = 4 * int(np.ceil(width / table.spacing)) + 1
    inside = width * np.linspace(0, 1, points)
    energy = table.origin + width * np.arange(bins)[:, None] + inside
    values = np.stack(table.parts(energy), axis=-1)
    highest = maximum_filter1d(values.max(axis=1), 3, axis=0)
    lowest = minimum_filter1d(values.min(axis=1), 3, axis=0)
    # What a cubic may rise or fall between the points.
    slack = 2e-3 * np.maximum(np.abs(highest), np.abs(lowest))
    bounds = np.hstack([highest + slack, lowest - slack])
    return bounds, table.origin, 1 / width
