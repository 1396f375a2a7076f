"""What changes within a shot: Delta_C's noise, omega_z's shifts, how a shot is cut."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ccqed_ctrl.units import TWO_PI, angular
from sim_backend.laboratory.ageing import Ageing
from sim_backend.laboratory.controls import Setting
from sim_backend.laboratory.imperfections import LightShifts, Lock, Losses
from sim_backend.laboratory.locking import CavityLock
from sim_backend.laboratory.physics.system import SpinSystem
from sim_backend.laboratory.scenario import Scenario

TRUTH = Scenario(dynamics="semiclassical")
CAVITY, PUMP = TRUTH.cavity, TRUTH.pump
D, KAPPA = CAVITY.pump_detuning, CAVITY.kappa


def ageing(seed=0, start=0, **changes):
    truth = dataclasses.replace(TRUTH, **changes)
    lock = CavityLock(truth.lock.loss_rate, 1e-9, np.random.default_rng(seed))
    return Ageing(truth, start, 1e-9, np.random.default_rng(seed), lock)


def setting(rabi_frequency=PUMP.rabi_frequency):
    return Setting(rabi_frequency, 0.0, 0.0, False, 0.0, 0.0, 0.0, True)


def test_by_default_nothing_happens():
    assert not ageing().happens
    assert not ageing(light_shifts=LightShifts(dispersion=1.0)).happens
    assert not ageing(lock=Lock(bandwidth=3.0)).happens
    for changes in (
        {"lock": Lock(drift=1.0)}, {"lock": Lock(noise=1.0)},
        {"losses": Losses(hold=1.0)}, {"light_shifts": LightShifts(pump=-0.1)},
    ):  # fmt: skip
        assert ageing(**changes).happens


def test_pieces_with_the_pump_on_are_cut_at_steps_since_the_preparation():
    one = ageing(start=50_000)
    edges, settings = one.cut(
        np.array([100_000, 500_000, 900_000, 950_000]),
        [setting(), setting(0.0), setting()],
    )
    assert edges.tolist() == [100_000, 250_000, 450_000, 500_000, 900_000, 950_000]
    assert [s.rabi_frequency > 0 for s in settings] == [True] * 3 + [False, True]


def test_the_drift_is_one_number_per_preparation():
    lock = Lock(drift=angular(50e3))
    drawn = [ageing(seed, lock=lock) for seed in range(300)]
    moved = np.array([one.detuning(0) - D for one in drawn])
    assert np.std(moved) == pytest.approx(angular(50e3), rel=0.12)
    assert [one.detuning(10_000_000) - D for one in drawn] == moved.tolist()


def test_the_locks_noise_has_its_size_and_its_bandwidth():
    """Ornstein-Uhlenbeck: correlation exp(-2 pi bandwidth t)."""
    one = ageing(lock=Lock(noise=angular(40e3), bandwidth=1e3))
    times = np.arange(200_000) * 20_000
    moved = np.array([one.detuning(t) for t in times]) - D
    assert np.std(moved) == pytest.approx(angular(40e3), rel=0.05)
    # Lag 5: 100 us; held over steps of 40 us, so between the steps on both sides.
    correlation = np.mean(moved[:-5] * moved[5:]) / np.var(moved)
    assert correlation == pytest.approx(np.exp(-TWO_PI * 1e3 * 100e-6), abs=0.05)
    # The same at the same time, whoever asks first.
    again = ageing(lock=Lock(noise=angular(40e3), bandwidth=1e3))
    assert again.detuning(times[777]) == moved[777] + D


def test_a_cavity_closer_to_the_pump_couples_more_and_shines_more():
    one = ageing(lock=Lock(drift=angular(300e3)))
    now = one.detuning(0)
    expected = now / (now**2 + KAPPA**2) * (D**2 + KAPPA**2) / D
    assert one.gain(0) == pytest.approx(expected)
    assert (one.gain(0) > 1) == (now > D)
    assert one.light(0) == pytest.approx((D + 1j * KAPPA) / (now + 1j * KAPPA))
    system = SpinSystem(np.eye(2), np.full(2, 50.0), CAVITY, 1e6)
    aged = one.system(system, 0, setting(), np.zeros(2))
    assert aged.cavity.pump_detuning == now
    np.testing.assert_allclose(aged.couplings, expected * np.eye(2))


def test_every_supermode_moves_with_the_cavity():
    """Shifted by its atoms or not: the pump is as much nearer, or farther, to all."""
    one = ageing(lock=Lock(drift=angular(300e3)))
    modes = D - angular(np.array([0.0, 50e3]))
    system = SpinSystem(np.eye(2), np.full(2, 50.0), CAVITY, 1e6, site_detunings=modes)
    aged = one.system(system, 0, setting(), np.zeros(2))
    moved = one.detuning(0) - D
    assert abs(moved) > angular(10e3)
    np.testing.assert_allclose(aged.site_detunings, modes + moved)


def test_the_lock_never_reaches_the_resonance():
    lock = Lock(drift=angular(10e6))
    assert max(ageing(seed, lock=lock).detuning(0) for seed in range(50)) == -KAPPA


def test_light_shifts_of_omega_z_add_up():
    one = ageing(light_shifts=LightShifts(pump=0.1, cavity=0.05))
    system = SpinSystem(np.eye(2), np.full(2, 50.0), CAVITY, 1e6)
    field = np.array([0.3, 0.0]) * abs(D)
    aged = one.system(system, 0, setting(), field)
    stark = PUMP.rabi_frequency**2 / abs(PUMP.atomic_detuning)
    photons = (field / (2 * PUMP.mode_coupling(CAVITY))) ** 2
    inside = CAVITY.single_photon_coupling**2 / abs(PUMP.atomic_detuning) * photons
    expected = 1e6 + 0.1 * stark + 0.05 * np.mean(inside)
    assert aged.omega_z == pytest.approx(expected)
    half = one.system(system, 0, setting(PUMP.rabi_frequency / 2), np.zeros(2))
    assert half.omega_z == pytest.approx(1e6 + 0.1 * stark / 4)


def test_rate_equations_get_rounded_values():
    """A new value costs a table."""
    truth = dataclasses.replace(
        TRUTH, dynamics="mean_field", light_shifts=LightShifts(pump=0.1),
        lock=Lock(drift=angular(50e3)),
    )  # fmt: skip
    rng = np.random.default_rng(0)
    one = Ageing(truth, 0, 1e-9, rng, CavityLock(0.0, 1e-9, rng))
    system = SpinSystem(np.eye(2), np.full(2, 50.0), CAVITY, 1e6)
    found = one.system(system, 0, setting(), np.zeros(2)).omega_z / 1e6 * 16
    assert found == pytest.approx(round(found), abs=1e-9)
    steps = (one.detuning(0) - D) / KAPPA * 8
    assert steps == pytest.approx(round(steps), abs=1e-6)


def test_spins_decay_with_photons_and_time():
    one = ageing(losses=Losses(depolarisation=0.3, emission=0.2, heating=1e-6, hold=5))
    one.live(setting(), 3_000_000)
    rate = 2 * angular(6.0666e6) * (PUMP.rabi_frequency / PUMP.atomic_detuning) ** 2
    assert one.photons == pytest.approx(rate * 3e-3)
    assert one.spins_left(3_000_000) == pytest.approx(
        np.exp(-0.5 * rate * 3e-3 - 5 * 3e-3)
    )
    assert one.cloud_size() ** 2 == pytest.approx(
        TRUTH.cloud.size**2 + rate * 3e-3 * 1e-12
    )
