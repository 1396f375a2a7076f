"""Spin-flip rates of the confocal cavity, corrected and as printed.

Jump rates are R_i^pm = [S(S+1) - s_i(s_i pm 1)] K_i(de_i^pm), K the total kernel, with
de_i^pm = -J_ii -/+ (2 sum_j J_ij s_j + h_i), j = i included (Eq. 18, h restored).
D = Delta_C < 0 is the pump detuning, Lam_i = J_ii/|D|.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from ccqed_ctrl import checks
from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.params import Cavity

from .noise import (
    Complexes,
    NoiseModel,
    coherence_transform,
    direct_integral,
    lineshape,
)
from .system import Floats

KernelName: TypeAlias = Literal["exact", "integral", "printed"]


def flip_kernel(
    energy_change: ArrayLike,
    self_coupling: ArrayLike,
    cavity: Cavity,
    *,
    omega_z: float,
    noise: NoiseModel = None,
    model: KernelName = "exact",
) -> Floats:
    """Return the kernel K_i(de) in 1/s; the arguments broadcast.

    `exact` [corrected, confirmed by master equations to 1e-5], first order in Lam:
    K = (omega_z^2/2) [h0(de) + Lam K1(de)], where without noise
    K1 = (D^2+kappa^2) kappa / (de^2 [(de-D)^2+kappa^2]), the pole at de = 0 cut at the
    measurement dephasing kappa Lam. Valid for |de| >> omega_z; `dressed_kernels` has no
    such limit. `integral`: all orders in Lam,
    K = (omega_z^2/2) Re int_0^inf dt exp{-i de t - C(t) - kappa Lam t + b (1-e^(-ct))},
    c = kappa - iD, b = Lam (D^2+kappa^2)/c^2. `printed`: as published, Eqs. 19, 21, D8,
    D9, E24, with prefactor 1/8 and cavity exponent -Lam (1-e^(-ct)); only the misprints
    in C(t) and the missing 1/omega_c of E24 are mended.

    Parameters
    ----------
    energy_change: de, rad/s.
    self_coupling: J_ii >= 0, rad/s, at the present pump power.
    noise: None, OhmicNoise, or C(tau) of an array of tau in s for Delta s = 1.

    Raises
    ------
    ParameterError
        An unknown model, a negative or non-finite argument, or a C(tau) that cannot be
        integrated.
    """
    checks.number("omega_z", omega_z, 0.0, unit="rad/s")
    checks.choice("model", model, _KERNELS)
    energy, coupling = np.broadcast_arrays(
        np.asarray(energy_change, np.float64), np.asarray(self_coupling, np.float64)
    )
    if not np.all(np.isfinite(energy)) or not np.all(coupling >= 0):
        raise ParameterError(
            "energy_change must be finite and self_coupling >= 0 (rad/s)"
        )
    strength = coupling / abs(cavity.pump_detuning)
    return 0.5 * omega_z**2 * _KERNELS[model](energy, strength, cavity, noise)


def dressed_kernels(
    field: ArrayLike,
    power: ArrayLike,
    self_coupling: ArrayLike,
    cavity: Cavity,
    *,
    omega_z: float,
    noise: NoiseModel = None,
    model: KernelName = "exact",
) -> tuple[Floats, Floats]:
    """Return (K_down, K_up) in 1/s between dressed states, for any |b|/omega_z.

    The transition energy is E = sqrt(b^2 + omega_z^2): K_down = K(-E), K_up = K(E),
    with Lam = q J_ii/|D| (physics.md section 2, not in the paper). field: total field
    b in rad/s; power: q; self_coupling: J_ii at q = 1, rad/s; all broadcast.
    """
    energy = np.hypot(field, omega_z)
    coupling = np.asarray(power) * np.asarray(self_coupling)
    down, up = (
        flip_kernel(
            sign * energy, coupling, cavity, omega_z=omega_z, noise=noise, model=model
        )
        for sign in (-1.0, 1.0)
    )
    return down, up


def effective_temperature(cavity: Cavity) -> float:
    """Return T_eff = (D^2 + kappa^2) / (4|D|) in rad/s, Eq. 22."""
    detuning, kappa = cavity.pump_detuning, cavity.kappa
    return (detuning**2 + kappa**2) / (4 * abs(detuning))


def waiting_time(spin: ArrayLike, down: ArrayLike, up: ArrayLike) -> Floats:
    """Return the time in s that a misaligned ensemble takes to reach m = 0.

    The integral int_{-1}^0 dm/F3(m) at fixed kernels, in closed form. For S >> 1 it is
    ln(2S dK/K_down)/(2S dK), dK = K_down - K_up: Eq. 28, corrected. Infinite where
    dK <= 0. spin: S_i; down, up: kernels of the downhill and uphill steps, 1/s.
    """
    S, down, up = np.broadcast_arrays(
        *(np.asarray(value, np.float64) for value in (spin, down, up))
    )
    difference = down - up
    goes = (difference > 0) & (S > 0)
    a = np.where(goes, S * difference, 1.0)
    b = np.where(goes, down + up, 1.0)
    c = np.where(goes, (S + 1) * difference, 1.0)
    first = np.where(goes, down, 1.0)
    # F3 = -a m^2 - b m + c; differences of large numbers are multiplied out.
    root = np.sqrt(b * b + 4 * a * c)
    ratio = (root + b) ** 2 * (root + 2 * a - b) ** 2 / (32 * a * a * c * first)
    return np.where(goes, np.log(ratio) / root, np.inf)


def _exact(
    energy: Floats, strength: Floats, cavity: Cavity, noise: NoiseModel
) -> Floats:
    D, kappa = cavity.pump_detuning, cavity.kappa
    norm, c = D**2 + kappa**2, kappa - 1j * D
    r = norm / c**2
    if noise is None:
        pole = energy**2 + (kappa * strength) ** 2
        peak = strength * norm * kappa / ((energy - D) ** 2 + kappa**2)
        return np.divide(peak, pole, out=np.zeros_like(peak), where=pole > 0)
    if callable(noise):

        def factor(t: Floats) -> Complexes:
            return 1 + strength * (r * (1 - np.exp(-c * t)) - kappa * t)

        return direct_integral(noise, factor, energy, abs(D))
    line = lineshape(noise, energy)
    on_axis, slope = coherence_transform(noise, 1j * energy)
    shifted, _ = coherence_transform(noise, 1j * energy + c)
    # Re I from its closed form: exponentially small where Im I is not.
    first_order = (
        r.real * line - r.imag * on_axis.imag - (r * shifted).real + kappa * slope.real
    )
    return line + strength * first_order


def _integral(
    energy: Floats, strength: Floats, cavity: Cavity, noise: NoiseModel
) -> Floats:
    D, kappa = cavity.pump_detuning, cavity.kappa
    c = kappa - 1j * D
    b = strength * (D**2 + kappa**2) / c**2
    if callable(noise):

        def factor(t: Floats) -> Complexes:
            return np.exp(b * (1 - np.exp(-c * t)) - kappa * strength * t)

        return direct_integral(noise, factor, energy, abs(D))
    total, term = np.zeros(energy.shape), np.exp(b)
    z = 1j * energy + kappa * strength
    # Nothing broadens the line of a spin without cavity and noise: zero off de = 0.
    z = np.where((z == 0) & (noise is None), np.inf, z)
    for n in range(_photons(strength)):
        value, _ = coherence_transform(noise, z + n * c)
        total += (term * value).real
        term = term * -b / (n + 1)
    return total


def _printed(
    energy: Floats, strength: Floats, cavity: Cavity, noise: NoiseModel
) -> Floats:
    D, kappa = cavity.pump_detuning, cavity.kappa
    c = kappa - 1j * D
    if callable(noise):  # Eq. 19

        def factor(t: Floats) -> Complexes:
            return np.exp(-strength * (1 - np.exp(-c * t)))

        return 0.25 * direct_integral(noise, factor, energy, abs(D))
    total, term = lineshape(noise, energy), np.exp(-strength)
    total = term * total
    # D8 leaves its sidebands unconvolved with classical noise; E24 convolves them.
    sideband_noise = noise if noise is not None and noise.quantum else None
    for n in range(1, _photons(strength)):
        term = term * strength / n
        value, _ = coherence_transform(sideband_noise, 1j * energy + n * c)
        total = total + term * value.real
    return 0.25 * total


def _photons(strength: Floats) -> int:
    """Count the terms until Lam^n/n! < 1e-17."""
    largest = float(np.max(strength, initial=0.0))
    term, count = 1.0, 0
    while term > 1e-17 or count <= largest:
        count += 1
        term *= largest / count
    return max(count, 1) + 1


_KERNELS: dict[str, Callable[[Floats, Floats, Cavity, NoiseModel], Floats]] = {
    "exact": _exact,
    "integral": _integral,
    "printed": _printed,
}
