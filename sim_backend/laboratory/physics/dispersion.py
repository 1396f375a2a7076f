"""The atoms' dispersive shift of the cavity: each site moves its own supermode.

M_i atoms far from resonance are a refractive index: they shift the supermode
v_i = <u>_i/|<u>_i| that their cloud sees by

    delta_i = M_i g0^2/Delta_A * w0^2 sum_m <u_m>_i^2    (beta + f_ii)/2 pi at the ideal

(red atoms lower the cavity, Delta_A < 0), so pump minus cavity becomes
D + i kappa - sum_i delta_i v_i v_i^T, a matrix over the modes. Not in the paper.

Axes: K modes, N sites, L supermodes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ccqed_ctrl.params import Cavity, Pump

from .semiclassical import modes
from .system import Floats, SpinSystem

Complex = NDArray[np.complex128]

#: Growth over omega_z that counts as none: rounding of the eigenvalues.
_REST = 1e-9


def site_shifts(clouds: Floats, atoms: ArrayLike, cavity: Cavity, pump: Pump) -> Floats:
    """Return delta_i (N,) in rad/s of `cloud_averages` (K, N) and atoms M_i (N,)."""
    strength = cavity.waist**2 * np.sum(clouds**2, axis=0)
    coupling = cavity.single_photon_coupling**2 / pump.atomic_detuning
    return np.asarray(coupling * np.asarray(atoms) * strength, np.float64)


def dressed_light(
    light: Complex, clouds: Floats, shifts: Floats, response: Complex
) -> Complex:
    """Return what atoms make of mode amplitudes that the empty cavity would have.

    (R^-1 - V delta V^T)^-1 R^-1 = 1 + R V (1 - delta V^T R V)^-1 delta V^T (Woodbury).

    Parameters
    ----------
    light : (K,) or (K, L) complex, R times a source.
    clouds : (K, N); shifts : (N,) delta_i, rad/s.
    response : (K,) complex R = 1/(D_m + i kappa), s.
    """
    norms = np.linalg.norm(clouds, axis=0)
    unit = np.divide(clouds, norms, out=np.zeros_like(clouds), where=norms > 0)
    seen = response[:, None] * unit
    inner = np.eye(len(shifts)) - shifts[:, None] * (unit.T @ seen)
    moved = np.linalg.solve(inner, (shifts * (unit.T @ light).T).T)
    return np.asarray(light + seen @ moved, np.complex128)


def static_couplings(system: SpinSystem) -> Floats:
    """Return what spins at rest feel: `shifted_couplings`, or J where none shifts."""
    if system.site_detunings is None:
        return system.couplings
    return shifted_couplings(system)


def shifted_couplings(system: SpinSystem) -> Floats:
    """Return J_ij = -sum_l D_l g_il g_jl/(D_l^2 + kappa^2) (N, N), rad/s (Eq. 15).

    The D_l, g_il are those of the modes that `SpinSystem.site_detunings` makes.
    """
    detunings, g = modes(system)
    weights = -detunings / (detunings**2 + system.cavity.kappa**2)
    couplings: Floats = (g * weights) @ g.T
    return (couplings + couplings.T) / 2


def shifted_kernel(system: SpinSystem, site: int, energy_change: ArrayLike) -> Floats:
    """Return K_i(de) in 1/s where each mode has a detuning of its own.

    K = (omega_z^2/2) sum_l g_il^2 kappa / (de^2 [(de - D_l)^2 + kappa^2]): the
    corrected kernel without noise, to first order, summed over modes.
    """
    detunings, g = modes(system)
    de, kappa = np.asarray(energy_change, np.float64), system.cavity.kappa
    lines = g[site] ** 2 * kappa / ((de[..., None] - detunings) ** 2 + kappa**2)
    return np.asarray(system.omega_z**2 / 2 * np.sum(lines, axis=-1) / de**2)


def growth_rate(system: SpinSystem, power: float) -> float:
    """Return the fastest growth in 1/s of a small signal in the normal state.

    Of spins and light of `semiclassical` about S_i = -z, dark cavity, at q = `power`.
    Positive above the threshold; with a mode on the blue side (D_l > 0) at any power.
    """
    detunings, g = modes(system)
    n, kappa, root = system.size, system.cavity.kappa, np.sqrt(power)
    zero, one = np.zeros((n, n)), np.eye(n)
    # x' = -omega_z y, y' = omega_z x + B_x; u' = (iD - kappa) u - i root g^T S x.
    D, turn = np.diag(detunings), system.omega_z * one
    source = -root * (g * system.spins[:, None]).T
    matrix = np.block(
        [
            [zero, -turn, zero, zero],
            [turn, zero, 2 * root * g, zero],
            [zero, zero, -kappa * one, -D],
            [source, zero, D, -kappa * one],
        ]
    )
    return float(np.max(np.linalg.eigvals(matrix).real))


def threshold(system: SpinSystem, highest: float = 1e4) -> float:
    """Return the relative power q from which the normal state grows by itself.

    Zero where it grows at every power; infinite where not up to `highest`.
    """
    low, high = 1e-4, highest
    if growth_rate(system, low) > _REST * system.omega_z:
        return 0.0
    if growth_rate(system, high) <= _REST * system.omega_z:
        return np.inf
    while high / low > 1 + 1e-9:
        middle = np.sqrt(low * high)
        grows = growth_rate(system, middle) > _REST * system.omega_z
        low, high = (low, middle) if grows else (middle, high)
    return float(high)
