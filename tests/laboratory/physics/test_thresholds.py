"""Threshold from linear stability, pump strength and spontaneous emission."""

import numpy as np
import pytest

from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.params import Cavity, Pump
from ccqed_ctrl.units import angular
from sim_backend.laboratory.physics.system import SpinSystem
from sim_backend.laboratory.physics.thresholds import (
    ensemble_thresholds,
    network_threshold,
    rabi_frequency,
    spontaneous_emission_time,
)
from tests.reference_systems import CAVITY, DETUNING, confocal_system


def growth_rate(system, power):
    """Largest growth rate of spins (y, x) and fields u about -z, section 6's oracle."""
    n, D, kappa = system.size, system.cavity.pump_detuning, system.cavity.kappa
    G = system.couplings * (D**2 + kappa**2) / abs(D)
    S = np.diag(system.spins)
    zero, one = np.zeros((n, n)), np.eye(n)
    # State (x, y, Re u, Im u): spin precession about B = (2 sqrt q Re u, 0, wz).
    root = np.sqrt(power)
    return np.max(
        np.linalg.eigvals(
            np.block(
                [
                    [zero, -system.omega_z * one, zero, zero],
                    [system.omega_z * one, zero, 2 * root * one, zero],
                    [zero, zero, -kappa * one, -D * one],
                    [-root * G @ S, zero, D * one, -kappa * one],
                ]
            )
        ).real
    )


@pytest.mark.parametrize("atoms", [0.1, 1e3, 1e5])
def test_single_ensemble_threshold_is_the_linear_instability(atoms):
    """M J_ii q = wz: no factor 4. The slowest mode is real at threshold."""
    system = SpinSystem([[7.0]], [atoms / 2], CAVITY, 1e4)
    (threshold,) = ensemble_thresholds(system)
    assert threshold == pytest.approx(1e4 / (7 * atoms), rel=1e-12)
    assert network_threshold(system) == pytest.approx(threshold, rel=1e-12)
    assert static_determinant(system, threshold) == pytest.approx(0, abs=1e-9)


def static_determinant(system, power):
    """Of wz - q M J (fields at rest): the static mode that goes unstable."""
    gain = power * system.couplings * (2 * system.spins)
    return np.linalg.det(np.eye(system.size) - gain / system.omega_z)


def test_network_threshold_with_unequal_ensembles():
    rng = np.random.default_rng(1)
    base = confocal_system(6, 3)
    spins = rng.integers(100, 50000, 6) / 2
    system = SpinSystem(base.couplings, spins, CAVITY, 1e4)
    threshold = network_threshold(system)
    assert threshold < np.min(ensemble_thresholds(system))
    assert static_determinant(system, threshold) == pytest.approx(0, abs=1e-9)
    below, above = (
        growth_rate(system, 0.9 * threshold),
        growth_rate(system, 1.1 * threshold),
    )
    # Below, only the weak pumping of the precession by the cavity's delay is left.
    assert above > 100 * max(below, 1e-6 * system.omega_z)


def test_empty_or_uncoupled_sites_never_superradiate():
    system = SpinSystem(np.diag([1.0, 0.0]), [0.0, 50.0], CAVITY, 1e4)
    assert np.all(np.isinf(ensemble_thresholds(system)))
    assert np.isinf(network_threshold(system))


def test_consistent_set_of_the_parameters():
    """B = N + beta, x_max = 1, M = 1e5, N = 100: Omega/2pi = 151.3 MHz, 5.73 ms."""
    omega = rabi_frequency(
        1.0, Cavity(), atoms=100_000, local_field=110, atomic_detuning=angular(-100e9)
    )
    assert omega == pytest.approx(angular(151.3e6), rel=1e-3)
    pump = Pump(rabi_frequency=omega)
    assert spontaneous_emission_time(pump) == pytest.approx(5.73e-3, rel=1e-3)
    assert spontaneous_emission_time(Pump(rabi_frequency=0.0)) == np.inf


def test_pump_gives_the_energy_asked_for():
    system = confocal_system(20, 2, relative_energy=0.7)
    bound = np.max(np.sum(np.abs(system.couplings), axis=1)) * 1e5
    assert bound <= 0.7 * abs(system.cavity.pump_detuning)
    omega = rabi_frequency(
        0.7, CAVITY, atoms=1000, local_field=30, atomic_detuning=angular(-100e9)
    )
    g = Pump(rabi_frequency=omega).mode_coupling(CAVITY)
    norm = DETUNING**2 + CAVITY.kappa**2
    J0 = g**2 * DETUNING / (angular(1) * norm)
    energy = 1000 * 30 * J0
    assert energy == pytest.approx(0.7 * DETUNING, rel=1e-12)


@pytest.mark.parametrize(
    "changes", [{"atoms": 0}, {"atoms": 2.5}, {"local_field": 0.0}, {"local_field": -1}]
)
def test_bad_input(changes):
    arguments = {"atoms": 10, "local_field": 5.0, "atomic_detuning": -1e11} | changes
    with pytest.raises(ParameterError, match=next(iter(changes))):
        rabi_frequency(1.0, CAVITY, **arguments)
