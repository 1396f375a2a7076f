"""Mean-field equations of motion F3, exact for S -> infinity.

    dm_i/dt = S(K+ - K-)(1 - m_i^2) + (1 - m_i) K+ - (1 + m_i) K-,

K+- = K_i(-J_ii -/+ b_i), b_i = 2 q sum_j S_j J_ij m_j + h_i. Eq. 26 assumes
sgn(l_i) = sgn(K+ - K-) and is not used. Plain F3 has no adiabatic polarisation: for
waveforms of pump and field use `ramp`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ccqed_ctrl import checks

from . import _mean_field_kernels
from .sampling import FixedDrive, check_times
from .system import EnsembleState, Evolution, SpinSystem

#: From this tolerance up J is stored in single precision, summed in double: its
#: relative change of 3e-8 is below the tolerance, and half the memory streams through.
_SINGLE = 1e-6


def evolve(
    system: SpinSystem,
    magnetization: ArrayLike,
    *,
    duration: float,
    sample_times: ArrayLike,
    flip_rates: str = "exact",
    power: float = 1.0,
    field: ArrayLike | None = None,
    rtol: float = 1e-6,
    steady_stop: bool = True,
) -> Evolution:
    """Integrate F3 at constant pump power and field; the noise is the system's.

    Adaptive Dormand-Prince 5(4): until it rests, F3 is not stiff, its fastest rate
    being that of a flip. Samples come from the method's own interpolant.

    Parameters
    ----------
    magnetization: (N,) in [-1, 1].
    duration: s. sample_times: (K,) s in [0, duration], not decreasing.
    flip_rates: `exact` (dressed by omega_z where |de| is not large against it, see
        `kernel_table`) or `printed`.
    power: q. field: h (N,) in rad/s, default 0.
    rtol: local error per step relative to 1 - m^2 + 1/S.
    steady_stop: end early when the present slopes would move no m by rtol/10 in all
        the time left, or when every m is where the present fields hold it.

    Returns
    -------
    Evolution; its flips are the changes of sign of m, in order of time.

    Raises
    ------
    ShapeError, ParameterError
        Sizes that differ, |m| > 1, bad times, unknown flip rates.
    """
    checks.number("duration", duration, 0.0, unit="s")
    checks.number("rtol", rtol, 1e-12, 1e-2)
    samples = check_times(sample_times, 0.0, duration)
    fixed = FixedDrive.of(system, magnetization, flip_rates, power, field)
    m = fixed.magnetization.copy()
    couplings = fixed.couplings
    if rtol >= _SINGLE:
        couplings = couplings.astype(np.float32)
    model = (
        couplings,
        np.diag(fixed.couplings).copy(),
        system.spins,
        *fixed.weights,
        fixed.table.nodes,
        fixed.scalars,
        _closed_kernel(system, flip_rates),
    )
    shown = np.empty((len(samples), system.size))
    flips = np.empty((64 + 8 * system.size, 2))
    count = _mean_field_kernels.integrate(
        m,
        fixed.field,
        duration,
        model,
        (rtol, steady_stop),
        samples,
        shown,
        flips,
    )
    found = flips[: min(count, len(flips))]
    found = found[np.argsort(found[:, 0], kind="stable")]
    return Evolution(
        samples,
        shown,
        EnsembleState(m, np.ones(system.size)),
        found[:, 0].copy(),
        found[:, 1].astype(np.int64),
    )


def _closed_kernel(system: SpinSystem, flip_rates: str) -> tuple[float, float, float]:
    """Return -Delta_C, kappa^2 and G's numerator of the kernel without noise."""
    D, kappa = system.cavity.pump_detuning, system.cavity.kappa
    if system.noise is not None:
        return -D, kappa**2, 0.0
    return -D, kappa**2, kappa * (D**2 + kappa**2 if flip_rates == "exact" else 1.0)
