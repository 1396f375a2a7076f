"""Spontaneous emission: the paper's clock, and the recoil of a harmonic trap."""

from __future__ import annotations

import numpy as np
import pytest

from ccqed_ctrl.params import Pump
from ccqed_ctrl.units import angular
from sim_backend.laboratory.physics.losses import emission_rate, heating_distance
from sim_backend.laboratory.physics.thresholds import spontaneous_emission_time


def test_one_photon_per_atom_in_the_papers_time():
    pump = Pump()
    rate = emission_rate(pump, pump.rabi_frequency)
    assert rate == pytest.approx(1 / spontaneous_emission_time(pump))
    # About 10 ms at Omega_th = 2 pi x 116 MHz (lab.md 1.5).
    assert 1 / emission_rate(pump, angular(116e6)) == pytest.approx(9.8e-3, rel=0.01)
    assert emission_rate(pump, 2 * pump.rabi_frequency) == pytest.approx(4 * rate)


def test_kicked_atoms_in_a_trap_spread_by_the_heating_distance():
    """Kicks at random times and directions; the energy is measured, not assumed."""
    rng, count, kicks, omega = np.random.default_rng(0), 4000, 20, angular(1e3)
    recoil = 5.885e-3  # m/s, textbook value of the D2 line
    directions = rng.normal(size=(2 * kicks, count, 3))
    directions /= np.linalg.norm(directions, axis=2, keepdims=True)
    x, v = np.zeros(count), np.zeros(count)
    for direction in directions:
        v = v + recoil * direction[:, 0]
        turn = rng.uniform(0, 2 * np.pi, count)
        c, s = np.cos(turn), np.sin(turn)
        x, v = c * x + s * v / omega, c * v - s * x * omega
    # Two kicks per emission, absorption's direction here drawn, too.
    expected = heating_distance(omega) * np.sqrt(kicks)
    assert np.std(x) == pytest.approx(expected, rel=0.05)
    assert heating_distance(omega) == pytest.approx(0.54e-6, rel=0.01)
