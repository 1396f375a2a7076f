"""Timed steepest descent: order, times, thresholds, pieces."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccqed_ctrl.errors import ParameterError, ShapeError
from sim_backend.laboratory.physics.rates import dressed_kernels, waiting_time
from sim_backend.laboratory.physics.steepest_descent import evolve
from sim_backend.laboratory.physics.system import (
    Drive,
    EnsembleState,
    OhmicNoise,
    SpinSystem,
    normal_state,
)
from sim_backend.laboratory.physics.thresholds import ensemble_thresholds
from tests.reference_systems import confocal_system, driven_spin, ising_minimum


def constant(system, duration, power=1.0, field=0.0):
    h = np.zeros((1, system.size)) + field
    return Drive([0.0, duration], [power], h, [False])


def polarised(spins):
    spins = np.asarray(spins, float)
    return EnsembleState(spins, np.ones(len(spins)))


def ising_energy(system, spins):
    weights = system.spins[:, None] * system.couplings * system.spins
    np.fill_diagonal(weights, 0.0)
    return -spins @ weights @ spins


@given(seed=st.integers(0, 10_000), size=st.integers(1, 24))
@settings(max_examples=40, deadline=None)
def test_ends_in_the_minimum_of_steepest_descent(seed, size):
    system = confocal_system(size, seed)
    start = np.random.default_rng(seed).choice([-1.0, 1.0], size)
    drive = constant(system, 10.0)
    found = evolve(
        system,
        drive,
        polarised(start),
        sample_times=[10.0],
        rng=np.random.default_rng(0),
    )
    expected = ising_minimum(system, start)
    np.testing.assert_array_equal(np.sign(found.magnetization[0]), expected)
    spins, energy = start.copy(), ising_energy(system, start)
    for ensemble in found.flip_ensembles:
        gain = spins * (system.couplings - np.diag(np.diag(system.couplings))) @ spins
        gain = spins * ((system.couplings * (1 - np.eye(size))) @ spins)
        assert ensemble == np.argmin(gain)  # equal spins: the steepest step
        spins[ensemble] *= -1
        assert ising_energy(system, spins) < energy
        energy = ising_energy(system, spins)
    assert np.all(np.diff(found.flip_times) >= 0)


def test_gauge_symmetry():
    """Turning spins and couplings together turns the answer and keeps the times."""
    system = confocal_system(20, 5)
    rng = np.random.default_rng(3)
    start, gauge = rng.choice([-1.0, 1.0], (2, 20))
    turned = SpinSystem(
        gauge[:, None] * system.couplings * gauge,
        system.spins,
        system.cavity,
        system.omega_z,
    )
    a, b = (
        evolve(s, constant(s, 1.0), polarised(x), sample_times=[1.0], rng=rng)
        for s, x in ((system, start), (turned, gauge * start))
    )
    np.testing.assert_allclose(a.magnetization * gauge, b.magnetization, rtol=1e-12)
    np.testing.assert_allclose(a.flip_times, b.flip_times, rtol=1e-9)


def test_one_ensemble_flips_at_its_waiting_time():
    system, field = driven_spin(6e5, atoms=1e4)
    # Above threshold at q = 1, so that it is an Ising spin at all.
    power = 2 * system.omega_z / (1e4 * system.couplings[0, 0])
    system = SpinSystem(power * system.couplings, system.spins, system.cavity, 1e4)
    down, up = dressed_kernels(
        field, 1.0, system.couplings[0, 0], system.cavity, omega_z=1e4
    )
    expected = waiting_time(5e3, down, up)[0]
    drive = constant(system, 3 * expected, field=field)
    found = evolve(
        system,
        drive,
        polarised([-1.0]),
        sample_times=expected * np.array([0.99, 1.01]),
        rng=np.random.default_rng(0),
    )
    assert found.flip_times == pytest.approx([expected], rel=1e-6)
    np.testing.assert_array_equal(np.sign(found.magnetization[:, 0]), [-1, 1])


def test_short_evolution_is_unfinished_and_pieces_are_the_whole():
    system = confocal_system(40, 7)
    start = polarised(np.random.default_rng(1).choice([-1.0, 1.0], 40))
    rng = np.random.default_rng(0)
    whole = evolve(system, constant(system, 0.1), start, sample_times=[0.1], rng=rng)
    assert len(whole.flip_times) > 5
    cut = 0.5 * (whole.flip_times[2] + whole.flip_times[-1])
    first = evolve(system, constant(system, cut), start, sample_times=[cut], rng=rng)
    assert len(first.flip_times) < len(whole.flip_times)
    second = evolve(
        system, constant(system, 0.1 - cut), first.state, sample_times=[], rng=rng
    )
    times = np.concatenate([first.flip_times, cut + second.flip_times])
    np.testing.assert_allclose(times, whole.flip_times, rtol=1e-6)


def ramp(system, field, seconds=1e-3, steps=50):
    times = np.linspace(0, seconds, steps + 1)
    power = np.linspace(0, 1, steps)
    h = np.ones((steps, 1)) * field
    return Drive(times, power, h, np.zeros(steps, bool))


def test_field_writes_the_pattern_and_threshold_polarises():
    system = confocal_system(30, 2)
    rng = np.random.default_rng(8)
    pattern = rng.choice([-1.0, 1.0], 30)
    strongest = np.max(np.sum(np.abs(system.couplings), axis=1)) * 1e5
    state = normal_state(system.spins, rng)
    found = evolve(
        system,
        ramp(system, 2 * strongest * pattern),
        state,
        sample_times=[0.0, 1e-3],
        rng=rng,
    )
    np.testing.assert_array_equal(found.magnetization[0], state.magnetization)
    overlap = found.magnetization[1] * pattern
    assert np.all(overlap > 0.9)
    assert np.all(overlap < 1)


@pytest.mark.parametrize("ratio", [1.05, 1.2, 2.0])
def test_above_threshold_magnetization_is_that_of_mean_field(ratio):
    """m^2 = 1 - (P_th/P)^2 of one ensemble without a field, also near the threshold."""
    system = confocal_system(1, 3)
    power = ratio * float(ensemble_thresholds(system)[0])
    start = normal_state(system.spins, np.random.default_rng(0))
    found = evolve(
        system,
        constant(system, 1e-3, power),
        start,
        sample_times=[1e-3],
        rng=np.random.default_rng(0),
    )
    assert found.magnetization[0, 0] ** 2 == pytest.approx(1 - ratio**-2, abs=1e-5)


def test_without_field_the_noise_decides_and_the_seed_decides_the_noise():
    system = confocal_system(1, 2, relative_energy=2.0)
    ends = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        state = normal_state(system.spins, rng)
        found = evolve(system, ramp(system, 0.0), state, sample_times=[1e-3], rng=rng)
        assert np.sign(found.magnetization[0]) == np.sign(state.magnetization)
        ends.append(found.magnetization[0, 0])
    assert 8 < np.count_nonzero(np.array(ends) > 0) < 32


def test_pump_off_unpolarises_to_seeded_noise():
    system = confocal_system(20, 2)
    drive = Drive([0, 1e-3, 2e-3], [1.0, 0.0], np.zeros((2, 20)), [False, False])
    start = polarised(ising_minimum(system, np.ones(20)))
    ends = [
        evolve(
            system,
            drive,
            start,
            sample_times=[0.5e-3, 1.5e-3],
            rng=np.random.default_rng(seed),
        ).magnetization
        for seed in (1, 1, 2)
    ]
    assert np.all(np.abs(ends[0][0]) > 0.5)
    assert 0 < np.max(np.abs(ends[0][1])) < 6 / np.sqrt(1e5)
    np.testing.assert_array_equal(ends[0], ends[1])
    assert np.any(ends[0][1] != ends[2][1])


def test_empty_sites_stay_empty():
    system = confocal_system(6, 1)
    spins = system.spins * [1, 1, 0, 1, 0, 1]
    system = SpinSystem(system.couplings, spins, system.cavity, system.omega_z)
    start = EnsembleState(np.array([1.0, -1, 1, 1, -1, -1]), np.ones(6))
    found = evolve(
        system,
        constant(system, 0.1, field=1e6),
        start,
        sample_times=[0.0, 0.1],
        rng=np.random.default_rng(0),
    )
    assert np.all(found.magnetization[:, [2, 4]] == 0)
    assert not np.any(np.isin(found.flip_ensembles, [2, 4]))


def test_self_term_freezes_weak_misalignments():
    """A field below 2 S J_ii turns nothing then, and does otherwise."""
    system = SpinSystem(np.eye(1) * 40, [5e4], confocal_system(1).cavity, 1e6)
    drive = constant(system, 1.0, field=0.5 * 40 * 1e5)
    flips = [
        evolve(
            system,
            drive,
            polarised([-1.0]),
            sample_times=[1.0],
            rng=np.random.default_rng(0),
            self_term=self_term,
        ).flip_ensembles.tolist()
        for self_term in (False, True)
    ]
    assert flips == [[0], []]


def test_noise_flag_switches_the_noise_term():
    system = confocal_system(10, 3, noise=OhmicNoise())
    start = polarised(np.random.default_rng(1).choice([-1.0, 1.0], 10))
    first = []
    for flag in (False, True):
        drive = Drive([0.0, 1.0], [1.0], np.zeros((1, 10)), [flag])
        rng = np.random.default_rng(0)
        found = evolve(system, drive, start, sample_times=[], rng=rng)
        first.append(found.flip_times[0])
    assert first[1] == pytest.approx(first[0], rel=0.2)
    assert first[1] != first[0]


def test_bad_input():
    system = confocal_system(3)
    drive, rng = constant(system, 1.0), np.random.default_rng(0)
    state = polarised([1.0, 1, 1])
    with pytest.raises(ShapeError, match="sample_times"):
        evolve(system, drive, state, sample_times=[2.0], rng=rng)
    with pytest.raises(ShapeError, match="sample_times"):
        evolve(system, drive, state, sample_times=[0.5, 0.2], rng=rng)
    with pytest.raises(ShapeError, match="magnetization"):
        evolve(system, drive, polarised([1.0, 1]), sample_times=[], rng=rng)
    with pytest.raises(ShapeError, match="field"):
        evolve(
            system, constant(confocal_system(2), 1.0), state, sample_times=[], rng=rng
        )
    with pytest.raises(ParameterError, match="flip_rates"):
        evolve(system, drive, state, sample_times=[], rng=rng, flip_rates="fast")
