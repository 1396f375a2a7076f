"""F3 against SciPy, against Eqs. 27 and 28, and its invariants."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from ccqed_ctrl.errors import ParameterError, ShapeError
from sim_backend.laboratory.physics.kernel_table import tabulate
from sim_backend.laboratory.physics.mean_field import evolve
from sim_backend.laboratory.physics.rates import flip_kernel, waiting_time
from sim_backend.laboratory.physics.system import OhmicNoise, SpinSystem
from tests.reference_systems import confocal_system, driven_spin, ising_minimum


def scipy_solution(system, start, duration, samples, kernel, field):
    """F3 written out on the table's own kernel, by LSODA."""
    J, S = system.couplings, system.spins
    table = tabulate(
        system.cavity,
        omega_z=system.omega_z,
        noise=system.noise,
        model=kernel,
        largest_energy=4 * abs(system.cavity.pump_detuning),
    )

    def slope(_, m):
        b = 2 * J @ (S * m) + field
        up, down = (table.kernel(-np.diag(J) - way * b, np.diag(J)) for way in (1, -1))
        return S * (up - down) * (1 - m * m) + (1 - m) * up - (1 + m) * down

    return solve_ivp(
        slope, (0, duration), start, "LSODA", samples, rtol=1e-9, atol=1e-10
    ).y.T


@pytest.mark.parametrize(
    ("kernel", "noise", "duration"),
    [
        ("exact", None, 6e-3),
        ("exact", OhmicNoise(), 6e-3),
        ("exact", OhmicNoise(quantum=True), 6e-3),
        ("printed", None, 0.5),
        ("printed", OhmicNoise(quantum=True), 0.5),
    ],
)
def test_agrees_with_scipy(kernel, noise, duration):
    system = confocal_system(9, 5, noise=noise)
    rng = np.random.default_rng(1)
    start, field = rng.uniform(-0.9, 0.9, 9), 1e6 * rng.standard_normal(9)
    samples = np.linspace(0, duration, 12)
    expected = scipy_solution(system, start, duration, samples, kernel, field)
    found = evolve(
        system,
        start,
        duration=duration,
        sample_times=samples,
        flip_rates=kernel,
        field=field,
        rtol=1e-8,
    )
    np.testing.assert_allclose(found.magnetization, expected, atol=2e-4)


@pytest.mark.parametrize("x", [0.3, 0.6, 0.9, 1.2])
def test_flip_follows_equations_27_and_28_corrected(x):
    """m = sgn(l) tanh[S dK (t - t0)], t0 = ln(2S dK/K_dn)/(2S dK)."""
    atoms = 4e5
    system, field = driven_spin(x * 1e6, atoms=atoms, self_energy=1e-4, omega_z=3e3)
    down, up = (
        flip_kernel(sign * field, system.couplings[0], system.cavity, omega_z=3e3)
        for sign in (-1, 1)
    )
    rate = atoms * (down - up)[0]
    t0 = np.log(rate / down[0]) / rate
    samples = t0 + np.linspace(-3, 3, 7) / rate
    found = evolve(system, [-1.0], duration=2 * t0, sample_times=samples, field=field)
    assert found.flip_times == pytest.approx([t0], rel=5e-3)
    assert found.flip_times == pytest.approx(
        waiting_time(atoms / 2, down, up), rel=5e-3
    )
    np.testing.assert_array_equal(found.flip_ensembles, [0])
    expected = np.tanh(0.5 * rate * (samples - found.flip_times[0]))
    np.testing.assert_allclose(found.magnetization[:, 0], expected, atol=0.01)
    # Eq. 28 as printed, ln(8S)/(8S dK), is inconsistent with Eq. 27.
    assert np.log(4 * atoms) / (4 * rate) < 0.45 * t0


@given(seed=st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_stays_in_bounds_and_turns_with_the_gauge(seed):
    system = confocal_system(8, seed)
    rng = np.random.default_rng(seed)
    start, gauge = rng.uniform(-1, 1, 8), rng.choice([-1.0, 1.0], 8)
    turned = SpinSystem(
        gauge[:, None] * system.couplings * gauge,
        system.spins,
        system.cavity,
        system.omega_z,
    )
    arguments = {"duration": 2e-3, "sample_times": np.linspace(0, 2e-3, 20)}
    a = evolve(system, start, **arguments)
    b = evolve(turned, gauge * start, **arguments)
    assert np.all(np.abs(a.magnetization) < 1 + 1e-5)
    np.testing.assert_allclose(a.magnetization * gauge, b.magnetization, atol=1e-4)


def test_steady_stop_changes_nothing():
    system = confocal_system(12, 3)
    start = 0.9 * ising_minimum(system, np.ones(12))
    ends = [
        evolve(
            system, start, duration=0.5, sample_times=[0.4, 0.5], steady_stop=stop
        ).magnetization
        for stop in (True, False)
    ]
    # Either may end a tolerance away from the fixed point.
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-5)


@pytest.mark.parametrize(
    ("kernel", "noise"),
    [("exact", None), ("printed", None), ("exact", OhmicNoise())],
)
def test_what_rests_on_resonance_ends_at_once(kernel, noise):
    """A thousand seconds at a rate that allows steps of microseconds: 1e9 of them."""
    system = confocal_system(12, 3, noise=noise)
    up = ising_minimum(system, np.ones(12))
    fields = 2 * np.abs(system.spins * (system.couplings @ up))
    scale = abs(system.cavity.pump_detuning) / fields.max()
    strong = SpinSystem(
        scale * system.couplings, system.spins, system.cavity, system.omega_z, noise
    )
    found = evolve(
        strong, 0.9 * up, duration=1e3, sample_times=[1e3], flip_rates=kernel
    )
    np.testing.assert_allclose(found.magnetization[0], up, atol=1e-3)
    assert len(found.flip_times) == 0


def test_flips_are_ordered_and_where_the_samples_change_sign():
    system = confocal_system(30, 11)
    start = np.random.default_rng(3).uniform(-0.3, 0.3, 30)
    samples = np.linspace(0, 4e-3, 40001)
    found = evolve(system, start, duration=4e-3, sample_times=samples)
    rows, columns = np.nonzero(np.diff(np.sign(found.magnetization), axis=0))
    assert len(columns) >= 3
    assert sorted(columns) == sorted(found.flip_ensembles)
    assert np.all(np.diff(found.flip_times) >= 0)
    np.testing.assert_allclose(np.sort(samples[rows]), found.flip_times, atol=2e-7)


def test_unstable_start_is_left_in_time():
    """From m = -1 only the single-spin term 2 K_dn starts the flip; no early stop."""
    system, field = driven_spin(6e5, atoms=1e4)
    found = evolve(system, [-1.0], duration=1e3, sample_times=[1e3], field=field)
    assert len(found.flip_times) == 1
    assert found.magnetization[0, 0] > 0.99


def test_empty_sites_and_zero_couplings_rest():
    system = SpinSystem(np.zeros((2, 2)), [0.0, 50.0], confocal_system(1).cavity, 1e6)
    found = evolve(system, [0.3, -0.7], duration=1.0, sample_times=[0.5, 1.0])
    np.testing.assert_array_equal(found.magnetization, [[0.3, -0.7]] * 2)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"magnetization": [1.5, 0.0]}, ShapeError),
        ({"magnetization": [0.5]}, ShapeError),
        ({"field": [1.0]}, ShapeError),
        ({"sample_times": [2.0]}, ShapeError),
        ({"duration": -1.0}, ParameterError),
        ({"power": -1.0}, ParameterError),
        ({"flip_rates": "best"}, ParameterError),
        ({"rtol": 1.0}, ParameterError),
    ],
)
def test_bad_input(changes, error):
    good = {"magnetization": [0.5, 0.5], "duration": 1.0, "sample_times": []}
    with pytest.raises(error):
        evolve(confocal_system(2), **good | changes)
