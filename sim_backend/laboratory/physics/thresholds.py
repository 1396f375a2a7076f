"""Superradiance thresholds, pump strength and the clock of spontaneous emission."""

from __future__ import annotations

import numpy as np

from ccqed_ctrl import checks
from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.params import RUBIDIUM_LINEWIDTH, Cavity, Pump
from ccqed_ctrl.units import TWO_PI

from .dispersion import static_couplings
from .system import Floats, SpinSystem


def ensemble_thresholds(system: SpinSystem) -> Floats:
    """Return (N,) the relative power q at which each ensemble alone superradiates.

    M_i J_ii q = omega_z [corrected: no factor 4, and |Delta_C|]; infinite for an empty
    site or one without self coupling, or whose mode is on the blue side.
    """
    gain = 2 * system.spins * np.diag(static_couplings(system))
    found = np.full(system.size, np.inf)
    return np.divide(system.omega_z, gain, out=found, where=gain > 0)


def network_threshold(system: SpinSystem) -> float:
    """Return the relative power q at which the coupled network superradiates.

    omega_z over the largest eigenvalue of M_j J_ij: J_ii gives way to the largest
    eigenvalue of J. Infinite when no eigenvalue is positive.
    """
    root = np.sqrt(2 * system.spins)
    eigenvalues = np.linalg.eigvalsh(root[:, None] * static_couplings(system) * root)
    gain = float(np.max(eigenvalues, initial=0.0))
    return system.omega_z / gain if gain > 0 else np.inf


def rabi_frequency(
    relative_energy: float,
    cavity: Cavity,
    *,
    atoms: int,
    local_field: float,
    atomic_detuning: float,
) -> float:
    """Return the pump Rabi frequency Omega in rad/s for a wanted max |de|/|Delta_C|.

    Omega = (|Delta_A|/g0) sqrt(2 pi x_max (D^2+kappa^2)/(M B)), physics.md section 4.

    Parameters
    ----------
    relative_energy: x_max = max |de| / |Delta_C|.
    local_field: B = max_i |sum_j (beta delta_ij + f_ij) s_j|; at most N + beta.
    atoms: M per ensemble. atomic_detuning: Delta_A, rad/s.
    """
    checks.number("relative_energy", relative_energy, 0.0)
    checks.integer("atoms", atoms, 1)
    if checks.number("local_field", local_field, 0.0) == 0:
        raise ParameterError("local_field must be > 0; got 0")
    norm = cavity.pump_detuning**2 + cavity.kappa**2
    coupling = np.sqrt(TWO_PI * relative_energy * norm / (atoms * local_field))
    return float(abs(atomic_detuning) / cavity.single_photon_coupling * coupling)


def spontaneous_emission_time(
    pump: Pump, linewidth: float = RUBIDIUM_LINEWIDTH
) -> float:
    """Return tau_sp = Delta_A^2 / (2 Gamma Omega^2) in s. linewidth: Gamma, rad/s."""
    checks.number("linewidth", linewidth, 0.0, unit="rad/s")
    rate = 2 * linewidth * pump.rabi_frequency**2
    return pump.atomic_detuning**2 / rate if rate > 0 else np.inf
