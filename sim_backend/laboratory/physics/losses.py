"""Spontaneous emission: how often, and what it leaves of an ensemble."""

from __future__ import annotations

import math

from ccqed_ctrl.params import RUBIDIUM_LINEWIDTH, Pump

#: Mass of 87Rb in kg, hbar in J s, wave number of the D2 line in 1/m.
_MASS, _HBAR, _WAVE_NUMBER = 1.44316e-25, 1.054572e-34, 8.05546e6


def emission_rate(pump: Pump, rabi_frequency: float) -> float:
    """Return the photons per atom and second, 2 Gamma Omega^2 / Delta_A^2."""
    return 2 * RUBIDIUM_LINEWIDTH * (rabi_frequency / pump.atomic_detuning) ** 2


def heating_distance(trap_frequency: float) -> float:
    """Return by how much one emission spreads a trapped atom, rms per coordinate, m.

    Absorption and emission add 2 E_r = (hbar k)^2/m of energy, a third of it to each
    coordinate, where it is m omega^2 <x^2>: d<x^2> = (hbar k)^2 / (3 m^2 omega^2).
    trap_frequency: omega, rad/s.
    """
    return _HBAR * _WAVE_NUMBER / (math.sqrt(3) * _MASS * trap_frequency)
