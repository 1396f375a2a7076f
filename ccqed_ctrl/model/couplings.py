"""Confocal couplings J_ij, their pump strength, and their closed-form statistics."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..params import Cavity, Cloud, Pump
from ..units import TWO_PI
from .emission import overlap_kernel

Floats = NDArray[np.float64]


def confocal_couplings(positions: ArrayLike, waist: float) -> Floats:
    """Return the normalised point-like couplings cos(2 r_i.r_j / w0^2), Eq. 2.

    Parameters
    ----------
    positions : (N, 2) float, m
    waist : float, m

    Returns
    -------
    (N, N) float, symmetric, zero diagonal.
    """
    sites = checks.array("positions", positions, ("N", 2))
    waist = checks.number("waist", waist, 1e-9, unit="m")
    couplings = np.cos(2 * (sites @ sites.T) / waist**2)
    np.fill_diagonal(couplings, 0.0)
    return couplings


def coupling_scale(cavity: Cavity, pump: Pump) -> float:
    """Return J0 = g~^2 |D| / (2 pi (D^2 + kappa^2)) in rad/s (Eq. B4)."""
    detuning = abs(cavity.pump_detuning)
    coupling = pump.mode_coupling(cavity)
    return coupling**2 * detuning / (TWO_PI * (detuning**2 + cavity.kappa**2))


def coupling_matrix(
    positions: ArrayLike, cavity: Cavity, pump: Pump, cloud: Cloud
) -> Floats:
    """Return J_ij in rad/s for Gaussian clouds, self term on the diagonal.

    J_ij = J0 A_ij (Eq. 15, B4, B5) with A_ij of `emission.overlap_kernel`, which
    keeps the contact part of neighbouring clouds that the paper drops.

    Parameters
    ----------
    positions : (N, 2) float, m

    Returns
    -------
    (N, N) float, rad/s, symmetric.
    """
    in_scale = overlap_kernel(positions, cavity.waist, cloud.size)
    return coupling_scale(cavity, pump) * in_scale


def threshold_rabi_frequency(cavity: Cavity, pump: Pump, cloud: Cloud) -> float:
    """Return Omega in rad/s at which one far-away ensemble starts to polarise.

    M J0 beta = omega_z, that is M g~^2 beta / (2 pi) = omega_z (D^2+kappa^2)/|D|:
    the printed threshold is a factor 4 off (physics.md 4). P/P_th everywhere is
    power over this one.
    """
    unit = coupling_scale(cavity, pump.replace(rabi_frequency=1.0))
    return float(np.sqrt(pump.omega_z / (cloud.atoms * unit * cloud.beta(cavity))))


def scattering_rate(rabi_frequency: float, pump: Pump, linewidth: float) -> float:
    """Return the photons an atom scatters per second, 2 Gamma Omega^2 / Delta_A^2."""
    return 2 * linewidth * (rabi_frequency / pump.atomic_detuning) ** 2


def _check_width(width: float, waist: float) -> float:
    width = checks.number("width", width, 1e-15, unit="m")
    return width / checks.number("waist", waist, 1e-15, unit="m")


def probability_negative(width: float, waist: float) -> float:
    """Return P(J < 0) = 1 / (2 cosh(pi w0^2 / 4 w^2)) (Eq. C19).

    Positions are Gaussian with standard deviation `width` per coordinate.
    """
    ratio = _check_width(width, waist)
    return float(0.5 / np.cosh(np.minimum(np.pi / (4 * ratio**2), 700.0)))


def coupling_moments(width: float, waist: float) -> tuple[float, float]:
    """Return the mean and variance of J (Eqs. 9, C12, C13).

    With a = 2 w^2 / w0^2 and r_i.r_j the sum of two Gaussian products,
    <cos(k a')> = 1 / (1 + a^2), so mean = 1/(1+a^2) and <J^2> = (1 + 1/(1+4a^2))/2.
    """
    a = 2 * _check_width(width, waist) ** 2
    mean = 1 / (1 + a**2)
    square = 0.5 * (1 + 1 / (1 + 4 * a**2))
    return mean, square - mean**2


def coupling_density(couplings: ArrayLike, width: float, waist: float) -> Floats:
    """Return the density p(J) of one coupling on (-1, 1) (Eqs. 7, C11).

    u = 2 r_i.r_j / w0^2 is Laplace distributed with scale a = 2 w^2/w0^2; folding it
    on cos u = J gives a geometric series:
    p(J) = cosh((pi - arccos J)/a) / (a sinh(pi/a) sqrt(1 - J^2)).
    """
    values = checks.array("couplings", couplings, ("K",))
    a = 2 * _check_width(width, waist) ** 2
    angle = np.arccos(np.clip(values, -1, 1))
    inside = np.abs(values) < 1
    numerator = _cosh_ratio(np.pi - angle, a)
    root = np.sqrt(np.where(inside, 1 - values**2, 1.0))
    return np.where(inside, numerator / (a * root), 0.0)


def _cosh_ratio(angle: Floats, a: float) -> Floats:
    """Return cosh(angle/a)/sinh(pi/a) without overflow, for 0 <= angle <= pi."""
    half_turn = np.pi
    growing = np.exp((angle - half_turn) / a) + np.exp(-(angle + half_turn) / a)
    return growing / -np.expm1(-TWO_PI / a)


def coupling_cumulative(couplings: ArrayLike, width: float, waist: float) -> Floats:
    """Return P(J <= x) = 1 - sinh-form of `coupling_density`'s integral (Eq. C18).

    P(J <= cos u) = sinh((pi - u)/a) / sinh(pi/a) for 0 <= u <= pi.
    """
    values = checks.array("couplings", couplings, ("K",))
    a = 2 * _check_width(width, waist) ** 2
    angle = np.arccos(np.clip(values, -1, 1))
    half_turn = np.pi
    rest = half_turn - angle
    growing = np.exp((rest - half_turn) / a) - np.exp(-(rest + half_turn) / a)
    return growing / -np.expm1(-TWO_PI / a)


def coupling_correlation(width: float, waist: float) -> float:
    """Return the connected correlation <J_ij J_jk> - <J>^2 of two shared couplings.

    Eqs. 8, C17: given r_j, <cos(2 r_i.r_j/w0^2)> = exp(-2 w^2 r_j^2/w0^4), whose
    square averages to 1/(1 + 2 a^2) over the Gaussian r_j, a = 2 w^2/w0^2.
    """
    a = 2 * _check_width(width, waist) ** 2
    mean = 1 / (1 + a**2)
    return 1 / (1 + 2 * a**2) - mean**2
