"""Dephasing noise: how the coherence exp(-C(tau)) shapes the flip rates.

Everything follows from I(z) = int_0^inf exp(-z t - C(t)) dt, Re z >= 0. Without noise
I = 1/z. For Ohmic noise the path is turned by -arg(z)/2, where the oscillation decays
(half of that towards the quantum branch point at t = i/cutoff), and a double
exponential rule does the rest. Any other C(t) is known on the real axis only: there
panels of Gauss-Legendre nodes resolve the oscillation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, kve

from ccqed_ctrl.errors import ParameterError

from .system import Floats, OhmicNoise

Complexes = NDArray[np.complex128]
#: Decoherence exponent C(tau) of Delta s = 1, for arrays of tau >= 0 in s.
Exponent: TypeAlias = Callable[[Floats], Floats]
NoiseModel: TypeAlias = OhmicNoise | Exponent | None

_STEP = 1 / 64
_GRID = np.arange(-4.0, 3.4, _STEP)
_NODES = np.exp(np.pi / 2 * np.sinh(_GRID))
_WEIGHTS = np.pi / 2 * np.cosh(_GRID) * _NODES * _STEP
_GAUSS = np.polynomial.legendre.leggauss(16)
_MAX_PANELS = 1 << 18
_CHUNK = 1 << 20


def coherence_transform(
    noise: OhmicNoise | None, z: ArrayLike
) -> tuple[Complexes, Complexes]:
    """Return I(z) in s and dI/dz in s^2, I(z) = int_0^inf exp(-z t - C(t)) dt.

    z: complex array, rad/s, Re z >= 0. The error is below 1e-9 of |I|.
    """
    argument = np.asarray(z, dtype=np.complex128)
    if noise is None:
        return 1 / argument, -1 / argument**2
    flat = argument.ravel()
    chunks = max(1, -(-flat.size * _NODES.size // _CHUNK))
    parts = [_ohmic_transform(noise, part) for part in np.array_split(flat, chunks)]
    value, slope = (np.concatenate(column) for column in zip(*parts, strict=True))
    return value.reshape(argument.shape), slope.reshape(argument.shape)


def _ohmic_transform(noise: OhmicNoise, z: Complexes) -> tuple[Complexes, Complexes]:
    reduced = z / noise.cutoff
    share = np.where(noise.quantum & (reduced.imag < 0), 0.25, 0.5)
    turn = np.exp(-1j * share * np.angle(reduced))
    scale = turn / (np.abs(reduced) + np.sqrt(noise.alpha) + 1)
    u = scale[:, None] * _NODES
    base = 1 + (1j * u if noise.quantum else u * u)
    with np.errstate(under="ignore", over="ignore"):
        integrand = np.exp(-reduced[:, None] * u - noise.alpha * np.log(base))
    value = scale / noise.cutoff * (integrand @ _WEIGHTS)
    slope = -scale * scale / noise.cutoff**2 * (integrand @ (_NODES * _WEIGHTS))
    return value, slope


def lineshape(noise: OhmicNoise | None, energy_change: ArrayLike) -> Floats:
    """Return h0 = Re I(i de) in s: the flip rate's zero-photon line over omega_z^2/2.

    Classical: D9 [corrected: exponent alpha, prefactor 1/2 in K]. Quantum: E26
    [corrected likewise]. Without noise h0 is a delta function: zero here.
    energy_change: any shape, rad/s.
    """
    energy = np.asarray(energy_change, dtype=np.float64)
    if noise is None:
        return np.zeros(energy.shape)
    x = energy / noise.cutoff
    line = _quantum_line if noise.quantum else _classical_line
    return line(noise.alpha, x) / noise.cutoff


def _quantum_line(alpha: float, x: Floats) -> Floats:
    down = np.maximum(-x, 0.0)
    with np.errstate(divide="ignore", invalid="ignore", under="ignore"):
        logarithm = (alpha - 1) * np.log(down) - down - gammaln(alpha)
        line = np.pi * np.exp(logarithm)
    edge = 0.5 * np.pi if alpha == 1 else (0.0 if alpha > 1 else np.inf)
    return np.where(x < 0, line, np.where(x == 0, edge, 0.0))


def _classical_line(alpha: float, x: Floats) -> Floats:
    order, distance = alpha - 0.5, np.abs(x)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        bessel = kve(order, distance)
        logarithm = order * np.log(distance / 2) - distance - gammaln(alpha)
        line = np.sqrt(np.pi) * np.exp(logarithm) * bessel
        near = np.exp(gammaln(order) - gammaln(alpha)) if order > 0 else np.inf
    # The Bessel function overflows at large order before its prefactor helps.
    lost = ~np.isfinite(line) & (distance > 0)
    if np.any(lost):
        value, _ = _ohmic_transform(OhmicNoise(alpha, 1.0), 1j * distance[lost])
        line[lost] = value.real
    return np.where(distance > 0, line, 0.5 * np.sqrt(np.pi) * near)


def direct_integral(
    exponent: Exponent,
    cavity_factor: Callable[[Floats], Complexes],
    energy_change: Floats,
    fastest: float,
) -> Floats:
    """Return Re int_0^inf exp(-i de t - C(t)) cavity_factor(t) dt in s.

    cavity_factor takes t (T,) and returns (T, ...), broadcasting against
    energy_change (...,). fastest: the highest frequency in it, rad/s.

    Raises
    ------
    ParameterError
        exp(-C) decays too slowly to be integrated, or is not finite.
    """
    highest = float(np.max(np.abs(energy_change), initial=0.0)) + fastest
    panel = np.pi / highest
    panels = _panels_needed(exponent, panel)
    total = np.zeros(energy_change.shape)
    abscissae, weights = _GAUSS
    rows = max(1, _CHUNK // (len(abscissae) * max(energy_change.size, 1)))
    for start in range(0, panels, rows):
        left = np.arange(start, min(start + rows, panels))[:, None]
        t = (panel * (left + 0.5 * (abscissae + 1))).ravel()
        mass = np.tile(0.5 * panel * weights, len(left)) * np.exp(-exponent(t))
        column = t.reshape(-1, *(1,) * energy_change.ndim)
        phase = np.exp(-1j * column * energy_change)
        total += np.tensordot(mass, (phase * cavity_factor(column)).real, axes=1)
    return total


def _panels_needed(exponent: Exponent, panel: float) -> int:
    """Count panels until exp(-C) < 1e-14."""
    count = 16
    while count <= _MAX_PANELS:
        reached = float(np.min(exponent(np.array([count * panel]))))
        if not np.isfinite(reached):
            raise ParameterError("noise C(tau) must be finite; got a NaN or infinity")
        if reached > 32.0:
            return count
        count *= 2
    raise ParameterError(
        "noise C(tau) must exceed 32 within "
        f"{_MAX_PANELS * panel:.3g} s to be integrated; for slowly decaying coherence "
        "use OhmicNoise"
    )
