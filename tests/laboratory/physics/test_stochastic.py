"""Trajectories against the exact Markov generator and the mean field."""

import numpy as np
import pytest
from scipy.linalg import expm

from ccqed_ctrl.errors import ParameterError, ShapeError
from sim_backend.laboratory.physics import mean_field
from sim_backend.laboratory.physics.kernel_table import tabulate
from sim_backend.laboratory.physics.rates import flip_kernel, waiting_time
from sim_backend.laboratory.physics.stochastic import evolve
from sim_backend.laboratory.physics.system import OhmicNoise, SpinSystem
from tests.reference_systems import CAVITY, confocal_system, driven_spin, generator

#: Few atoms, couplings of a tenth of |Delta_C|: every rate differs from every other.
COUPLINGS = np.array([[0.12, 0.3], [0.3, 0.2]]) * 1e6


def small(noise, spins=(1.0, 1.5)):
    return SpinSystem(COUPLINGS, np.array(spins), CAVITY, 1e5, noise)


@pytest.mark.parametrize("kernel", ["exact", "printed"])
@pytest.mark.parametrize(
    "noise", [None, OhmicNoise(20.0, 3e4), OhmicNoise(3, 3e4, True)]
)
def test_distribution_is_that_of_the_generator(kernel, noise):
    """4000 trajectories against expm of the 12-state generator, in five sigma."""
    system = small(noise)
    table = tabulate(CAVITY, omega_z=1e5, noise=noise, model=kernel, largest_energy=3e6)
    states, rates = generator(system, table.kernel)
    first = int(np.argmin(np.sum(np.abs(states - [-1.0, 0.5]), axis=1)))
    # Long enough for several states, short of the stationary ones.
    duration = 1.5 / np.median(-np.diag(rates))
    expected = expm(rates * duration)[:, first]
    rng, trials = np.random.default_rng(5), 4000
    counts = np.zeros(len(states))
    for _ in range(trials):
        end = evolve(
            system,
            states[first] / system.spins,
            duration=duration,
            sample_times=[],
            rng=rng,
            flip_rates=kernel,
        ).state.magnetization
        counts[np.argmin(np.sum(np.abs(states - end * system.spins), axis=1))] += 1
    assert np.count_nonzero(expected > 0.02) >= 3
    sigma = np.sqrt(trials * expected * (1 - expected)) + 1
    assert np.max(np.abs(counts - trials * expected) / sigma) < 5


def test_stationary_populations_balance():
    """One spin 1/2 in a field, one long run: time averages against K_up/K_down."""
    system = SpinSystem([[1e3]], [0.5], CAVITY, 1e5)
    down, up = (
        tabulate(
            CAVITY, omega_z=1e5, noise=None, model="exact", largest_energy=1e6
        ).kernel(-way * 3e5, 1e3)
        for way in (1, -1)
    )
    duration = 20_000 / (down + up)
    found = evolve(
        system,
        [1.0],
        duration=duration,
        sample_times=np.linspace(0, duration, 40_000),
        rng=np.random.default_rng(1),
        field=[3e5],
    )
    expected = (down - up) / (down + up)
    assert found.magnetization.mean() == pytest.approx(expected, abs=0.02)
    assert found.events == pytest.approx(
        duration * 2 * down * up / (down + up), rel=0.05
    )
    assert set(np.unique(found.magnetization)) == {-1.0, 1.0}


def test_difference_to_the_mean_field_falls_as_one_over_root_m():
    """From |m| = 0.8 (section 5: saturated starts test the delay's jitter instead)."""
    atoms = np.array([400, 1600, 6400, 25600, 102400])
    rms = []
    for M in atoms:
        system = confocal_system(6, 4, atoms=float(M))
        start = 0.8 * np.random.default_rng(2).choice([-1.0, 1.0], 6)
        # The collective rate does not depend on M: x_max is kept.
        arguments = {"duration": 1e-4, "sample_times": np.linspace(0, 1e-4, 11)[1:]}
        expected = mean_field.evolve(system, start, **arguments).magnetization
        differences = [
            evolve(
                system, start, rng=np.random.default_rng(seed), **arguments
            ).magnetization
            - expected
            for seed in range(40)
        ]
        rms.append(np.sqrt(np.mean(np.square(differences))))
    slope = np.polyfit(np.log(atoms), np.log(rms), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.06)
    assert 0.1 < rms[-1] * np.sqrt(atoms[-1]) < 2


def test_collective_flip_takes_its_waiting_time_on_average():
    """The superradiant delay jitters by about its inverse logarithm."""
    system, field = driven_spin(6e5, atoms=2000)
    down, up = (
        flip_kernel(way * field, system.couplings[0], CAVITY, omega_z=1e4)
        for way in (-1, 1)
    )
    expected = waiting_time(1000, down, up)[0]
    times = []
    for seed in range(200):
        found = evolve(
            system,
            [-1.0],
            duration=4 * expected,
            sample_times=[],
            field=field,
            rng=np.random.default_rng(seed),
        )
        times.append(found.flip_times[-1])
    # The mean of a delay is longer than the deterministic one by Euler's gamma.
    growth = 2000 * (down - up)[0]
    assert np.mean(times) == pytest.approx(expected + 0.5772 / growth, rel=0.05)


def test_acceptance_never_exceeds_the_bounds():
    """A bound below a true rate would show as a wrong share of accepted proposals."""
    for noise in (None, OhmicNoise(), OhmicNoise(quantum=True)):
        system = confocal_system(20, 6, noise=noise, atoms=2000.0)
        start = 0.8 * np.random.default_rng(2).choice([-1.0, 1.0], 20)
        found = evolve(
            system,
            start,
            duration=1e-4,
            sample_times=[],
            rng=np.random.default_rng(0),
        )
        assert 0.6 < found.events / found.proposals <= 1
        assert found.events > 1000


@pytest.mark.parametrize("noise", [None, OhmicNoise(), OhmicNoise(quantum=True)])
@pytest.mark.parametrize("kernel", ["exact", "printed"])
def test_bounds_enclose_the_kernel(noise, kernel):
    from sim_backend.laboratory.physics.stochastic import _bounds

    system = confocal_system(1, noise=noise)
    table = tabulate(
        system.cavity, omega_z=1e6, noise=noise, model=kernel, largest_energy=2e7
    )
    width = system.cavity.kappa / 16
    bounds, origin, density = _bounds(table, width)
    rng = np.random.default_rng(0)
    start = rng.uniform(-2e7, 2e7, 50_000)
    start[:1000] = rng.uniform(-2 * width, 2 * width, 1000)
    moved = start + rng.uniform(-width, width, start.size)
    index = ((start - origin) * density).astype(int)
    for column, values in enumerate(table.parts(moved)):
        nothing = 1e-12 * np.max(values)
        assert np.all(values <= bounds[index, column] + nothing)
        assert np.all(values >= bounds[index, column + 2] - nothing)


def test_seeds_and_sampling():
    system = confocal_system(5, 2, atoms=200.0)
    arguments = {"duration": 1e-4, "sample_times": [0.0, 5e-5, 1e-4]}
    start = [0.8, -0.8, 0.8, 0.8, -0.8]
    a, b, c = (
        evolve(system, start, rng=np.random.default_rng(seed), **arguments)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(a.magnetization, b.magnetization)
    assert np.any(a.magnetization != c.magnetization)
    np.testing.assert_allclose(a.magnetization[0], start)
    np.testing.assert_allclose(a.magnetization[-1], a.state.magnetization, rtol=1e-15)
    assert np.allclose(a.magnetization * 100 % 1, 0)
    assert a.proposals >= a.events > 0


def test_flips_survive_a_full_buffer(monkeypatch):
    """The run is interrupted and taken up again without losing an event."""
    system = SpinSystem([[1e3]], [0.5], CAVITY, 1e5)
    arguments = {"duration": 2.0, "sample_times": np.linspace(0, 2, 50)}
    whole = evolve(system, [1.0], rng=np.random.default_rng(3), **arguments)
    monkeypatch.setattr("sim_backend.laboratory.physics.stochastic._FLIP_BUFFER", 3)
    pieces = evolve(system, [1.0], rng=np.random.default_rng(3), **arguments)
    assert len(whole.flip_times) == whole.events > 10  # a spin 1/2 flips each time
    np.testing.assert_allclose(whole.flip_times, pieces.flip_times)
    np.testing.assert_array_equal(whole.magnetization, pieces.magnetization)


def test_nothing_happens_without_atoms_or_couplings():
    system = SpinSystem(np.zeros((2, 2)), [0.0, 3.0], CAVITY, 1e5)
    found = evolve(
        system,
        [0.0, -1.0],
        duration=1.0,
        sample_times=[1.0],
        rng=np.random.default_rng(0),
    )
    assert found.events == 0
    np.testing.assert_array_equal(found.magnetization, [[0.0, -1.0]])


def test_bad_input():
    system, rng = confocal_system(2, atoms=100.5), np.random.default_rng(0)
    arguments = {"duration": 1.0, "sample_times": [], "rng": rng}
    with pytest.raises(ParameterError, match="whole"):
        evolve(system, [1.0, 1.0], **arguments)
    with pytest.raises(ShapeError, match="magnetization"):
        evolve(confocal_system(2), [1.0], **arguments)
    with pytest.raises(ParameterError, match="flip_rates"):
        evolve(confocal_system(2), [1.0, 1.0], flip_rates="no", **arguments)
