"""The dressed model against its plain ODE, and against classical spins and light."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.params import Cavity
from sim_backend.laboratory.physics import ramp
from sim_backend.laboratory.physics.rates import dressed_kernels
from sim_backend.laboratory.physics.system import (
    Drive,
    EnsembleState,
    OhmicNoise,
    SpinSystem,
    normal_state,
)
from sim_backend.laboratory.physics.thresholds import network_threshold
from tests.reference_systems import confocal_system


def plain_slope(system, power, field, noise, xi):
    """Section 6 written out with `dressed_kernels`, for SciPy."""

    def slope(_, y):
        x, p = y.reshape(2, -1)
        S, J = system.spins, system.couplings
        b = 2 * power * J @ (S * x) + field
        E = np.hypot(b, system.omega_z)
        down, up = dressed_kernels(
            b, power, np.diag(J), system.cavity, omega_z=system.omega_z, noise=noise
        )
        dx = system.omega_z * ((p * b + xi * system.omega_z) / E - x)
        dp = S * (down - up) * (1 - p * p) + (1 - p) * down - (1 + p) * up
        return np.concatenate([dx, dp])

    return slope


def turned(system, drive, x):
    """The cosine between the axes before and after the first jump, (N,)."""
    spins = 2 * system.couplings @ (system.spins * x)
    angles = np.arctan((np.outer(drive.power, spins) + drive.field) / system.omega_z)
    return np.cos(angles[1] - angles[0])


@pytest.mark.parametrize("noise", [None, OhmicNoise()])
def test_agrees_with_an_implicit_integration(noise):
    """LSODA of the plain equations, two segments, a ramp's worth of nonlinearity."""
    system = confocal_system(5, 4, noise=noise)
    rng = np.random.default_rng(2)
    state = EnsembleState(rng.uniform(-0.5, 0.5, 5), rng.uniform(-0.9, 0.9, 5))
    field = 2e6 * rng.standard_normal((2, 5))
    drive = Drive([0, 2e-4, 6e-4], [0.4, 1.0], field, [noise is not None] * 2)
    samples = np.array([1e-6, 1e-4, 2e-4, 3e-4, 6e-4])
    xi = 1e-3 * rng.standard_normal(5)
    found = ramp.evolve(system, drive, state, sample_times=samples, noise=xi, rtol=1e-8)
    y, rows = np.concatenate([state.magnetization, state.polarisation]), []
    for k, inside in enumerate((samples[:3], samples[3:])):
        if k:
            y[5:] *= turned(system, drive, y[:5])
        solution = solve_ivp(
            plain_slope(system, drive.power[k], field[k], noise, xi),
            drive.times[k : k + 2],
            y,
            method="LSODA",
            t_eval=[*inside[inside < drive.times[k + 1]], drive.times[k + 1]],
            rtol=1e-9,
            atol=1e-11,
        )
        y = solution.y[:, -1]
        rows.append(solution.y[:5].T)
    np.testing.assert_allclose(found.magnetization, np.concatenate(rows), atol=3e-6)
    np.testing.assert_allclose(found.state.polarisation, y[5:], atol=3e-6)


#: Everything slow on 1/|Delta_C|, ramps slow on 1/omega_z and 1/kappa.
SLOW = Cavity(kappa=2e5, pump_detuning=-1e6)
WZ = 1e5


def semiclassical(system, drive, spins, samples):
    """Classical spins and light: u' = (iD-kappa)u - i(..), S' = B x S (section 6).

    spins: (3, n) unit vectors at the start, light at rest there. Returns S (K, 3, n)
    and the directions of the dressed states B/|B| at the samples.
    """
    D, kappa = system.cavity.pump_detuning, system.cavity.kappa
    n = system.size
    G = system.couplings * (D**2 + kappa**2) / abs(D)

    def parts(k, y):
        root = np.sqrt(drive.power[k])
        # The spins see phi through the same pump: h ~ root * phi.
        phi = drive.field[k] * (D**2 + kappa**2) / (2 * abs(D) * root)
        return root, root * G @ (system.spins * y[:n]) + phi

    def slope(_, y, k):
        root, source = parts(k, y)
        sx, sy, sz = y[: 3 * n].reshape(3, n)
        u = y[3 * n : 4 * n] + 1j * y[4 * n :]
        du = (1j * D - kappa) * u - 1j * source
        bx, wz = 2 * root * u.real, system.omega_z
        return np.concatenate([-wz * sy, wz * sx - bx * sz, bx * sy, du.real, du.imag])

    y = np.concatenate([spins.ravel(), np.zeros(2 * n)])
    light = parts(0, y)[1] / (D + 1j * kappa)
    y[3 * n :] = np.concatenate([light.real, light.imag])
    vectors, fields = [], []
    for k in range(len(drive.power)):
        span = drive.times[k : k + 2]
        inside = samples[(samples > span[0]) & (samples <= span[1])]
        solution = solve_ivp(
            slope,
            span,
            y,
            method="DOP853",
            t_eval=np.unique([*inside, span[1]]),
            rtol=1e-8,
            atol=1e-10,
            args=(k,),
        )
        y = solution.y[:, -1]
        for column in solution.y[:, np.isin(solution.t, inside)].T:
            root, source = parts(k, column)
            b = 2 * root * (source / (D + 1j * kappa)).real
            B = np.stack([b, np.zeros(n), np.full(n, system.omega_z)])
            vectors.append(column[: 3 * n].reshape(3, n))
            fields.append(B / np.linalg.norm(B, axis=0))
    return np.array(vectors), np.array(fields)


def loaded(atoms=4e4):
    """Three ensembles, a pattern loaded by field that the couplings then overturn."""
    J = np.array([[3.0, 1.0, -0.6], [1.0, 3.0, 0.8], [-0.6, 0.8, 3.0]]) * 1e5 / atoms
    system = SpinSystem(J, np.full(3, atoms / 2), SLOW, WZ)
    steps = 400
    times = np.linspace(0, 4e-3, steps + 1)
    power = np.clip(times[1:] / 2e-3, 0.1, 1)
    pattern = np.array([1.0, 1.0, -1.0])
    strength = 2e5 * np.interp(times[1:], [0, 5e-4, 1e-3, 2e-3], [0, 1, 1, 0])
    field = strength[:, None] * pattern
    return system, Drive(times, power, field, np.zeros(steps, bool))


def test_loading_follows_classical_spins_and_light():
    """Field up, pump up, field down: adiabatic, so p stays 1 and x follows b/E."""
    system, drive = loaded()
    samples = np.linspace(2e-4, 4e-3, 20)
    x = np.array([3e-3, -4e-3, 5e-3])
    start = np.stack([x, np.zeros(3), -np.sqrt(1 - x**2)])
    vectors, _ = semiclassical(system, drive, start, samples)
    state = EnsembleState(x, np.ones(3))
    found = ramp.evolve(system, drive, state, sample_times=samples).magnetization
    assert np.all(found[-1] * [1, 1, -1] > 0.9)
    np.testing.assert_allclose(found, vectors[:, 0], atol=0.03)


@pytest.mark.parametrize("field", [2.5e5, 5e5, 8e5])
def test_collective_flip_follows_classical_spins_and_light(field):
    """From p = -0.9 to 0.9 by emission into the cavity alone."""
    coupling = 0.15 * field / 1e5
    system = SpinSystem([[coupling]], [5e4], SLOW, 1.5e5)
    bare = field + 2 * 5e4 * coupling * -0.8
    angle = np.arctan2(bare, system.omega_z)
    p = -0.9
    side = np.sqrt(1 - p * p)
    spins = np.array(
        [
            [p * np.sin(angle) + side * np.cos(angle)],
            [0.0],
            [-p * np.cos(angle) + side * np.sin(angle)],
        ]
    )
    state = EnsembleState(spins[0], np.array([p]))
    # Long enough for the flip by the model's own clock.
    drive = Drive([0, 0.1], [1.0], [[field]], [False])
    flip = ramp.evolve(system, drive, state, sample_times=[], noise=[0.0]).flip_times
    end = 2.5 * flip[-1]
    drive = Drive([0, end], [1.0], [[field]], [False])
    samples = np.linspace(0.1, 1, 30) * end
    vectors, directions = semiclassical(system, drive, spins, samples)
    expected = -np.sum(vectors * directions, axis=1)[:, 0]
    found = np.array(
        [
            ramp.evolve(
                system,
                Drive([0, time], [1.0], [[field]], [False]),
                state,
                sample_times=[],
                noise=[0.0],
            ).state.polarisation[0]
            for time in samples
        ]
    )
    assert expected[-1] > 0.8
    # The ensemble keeps precessing, of the order of 2S|dK|/kappa.
    np.testing.assert_allclose(found, expected, atol=0.07)


def test_threshold_emerges_from_the_dressed_model():
    """A small x decays below the network's threshold and grows above it."""
    system = confocal_system(8, 3)
    threshold = network_threshold(system)
    root = np.sqrt(system.spins)
    _, vectors = np.linalg.eigh(root[:, None] * system.couplings * root)
    x = 1e-4 * vectors[:, -1] / root * root.max()
    for factor, rate in ((0.97, -0.03), (1.03, 0.03)):
        drive = Drive([0, 5e-5], [factor * threshold], np.zeros((1, 8)), [False])
        state = EnsembleState(x, np.ones(8))
        found = ramp.evolve(
            system, drive, state, sample_times=[0, 5e-5], noise=np.zeros(8)
        )
        sizes = np.linalg.norm(found.magnetization, axis=1)
        growth = np.log(sizes[1] / sizes[0])
        assert growth == pytest.approx(rate * system.omega_z * 5e-5, rel=1e-3)


def test_noise_survives_a_long_wait_with_the_pump_off():
    system = confocal_system(12, 3)
    rng = np.random.default_rng(4)
    state = normal_state(system.spins, rng)
    drive = Drive([0, 5e-3], [0.0], np.zeros((1, 12)), [False])
    found = ramp.evolve(system, drive, state, sample_times=[5e-3])
    np.testing.assert_allclose(found.magnetization[0], state.magnetization, rtol=1e-6)
    assert len(found.flip_times) == 0


def test_flips_are_the_sign_changes_between_samples():
    system, drive = loaded()
    state = EnsembleState(np.array([3e-3, -4e-3, 5e-3]), np.ones(3))
    samples = np.linspace(0, 4e-3, 4001)
    found = ramp.evolve(system, drive, state, sample_times=samples)
    signs = np.sign(found.magnetization)
    rows, columns = np.nonzero(np.diff(signs, axis=0))
    assert sorted(columns) == sorted(found.flip_ensembles)
    order = np.lexsort((columns, rows))
    np.testing.assert_allclose(
        np.sort(samples[rows][order]), found.flip_times, atol=1e-6
    )


def test_bad_input():
    system, drive = loaded()
    state = EnsembleState(np.zeros(3), np.ones(3))
    with pytest.raises(ParameterError, match="rtol"):
        ramp.evolve(system, drive, state, sample_times=[], rtol=0.0)
    with pytest.raises(ParameterError, match="noise"):
        ramp.evolve(system, drive, state, sample_times=[], noise=[1.0])
    with pytest.raises(ParameterError, match="flip_rates"):
        ramp.evolve(system, drive, state, sample_times=[], flip_rates="quick")


def alone(gain, atoms=1e5):
    """One ensemble of M J_ii = gain omega_z."""
    return SpinSystem([[gain * WZ / atoms]], [atoms / 2], SLOW, WZ)


@pytest.mark.parametrize(("before", "after"), [(2.0, 0.5), (1.0, -3.0), (0.0, 1.0)])
def test_a_jump_projects_on_the_new_axis(before, after):
    """Nothing but precession: what stays along the new axis is the cosine between."""
    field = WZ * np.array([[before], [after]])
    drive = Drive([0, 1e-4, 2e-4], [1.0, 1.0], field, [False, False])
    state = EnsembleState([before / np.hypot(before, 1)], [1.0])
    found = ramp.evolve(alone(0.0), drive, state, sample_times=[], noise=[0.0])
    cosine = np.cos(np.arctan(before) - np.arctan(after))
    np.testing.assert_allclose(found.state.polarisation, [cosine])
    np.testing.assert_allclose(
        found.state.magnetization, [cosine * after / np.hypot(after, 1)], rtol=2e-4
    )
    assert list(found.doubts) == (["field reversed within 1/omega_z"] * (after < -0.5))


def test_a_jump_between_two_evolutions_is_one_within():
    system, drive = loaded()
    whole = ramp.evolve(system, drive, EnsembleState([3e-3] * 3, [1.0] * 3),
                        sample_times=[], noise=[0.0] * 3)  # fmt: skip
    state = EnsembleState([3e-3] * 3, [1.0] * 3)
    for part in (slice(0, 80), slice(80, 81), slice(81, 400)):
        times = drive.times[part.start : part.stop + 1]
        piece = Drive(times, drive.power[part], drive.field[part], drive.noise[part])
        state = ramp.evolve(
            system, piece, state, sample_times=[], noise=[0.0] * 3
        ).state
    np.testing.assert_allclose(state.polarisation, whole.state.polarisation, atol=1e-5)
    np.testing.assert_allclose(
        state.magnetization, whole.state.magnetization, atol=1e-5
    )
    # A jump that comes first is one too.
    jump = Drive([0, 1e-4], [1.0], [[-3 * WZ]], [False])
    start = EnsembleState([0.7], [1.0], np.array([WZ]))
    found = ramp.evolve(alone(0.0), jump, start, sample_times=[], noise=[0.0])
    cosine = np.cos(np.pi / 4 + np.arctan(3))
    np.testing.assert_allclose(found.state.polarisation, [cosine])
    assert list(found.doubts) == [ramp.DOUBTS[0]]


def swept(gain, duration, reach):
    """The field of one aligned ensemble goes from reach omega_z to its negative."""
    steps = 400
    field = reach * WZ * np.linspace(1, -1, steps)[:, None]
    times = np.linspace(0, duration, steps + 1)
    drive = Drive(times, np.ones(steps), field, np.zeros(steps, bool))
    b = (reach + 0.9 * gain) * WZ
    state = EnsembleState([b / np.hypot(b, WZ)], [1.0])
    found = ramp.evolve(alone(gain), drive, state, sample_times=[], noise=[0.0])
    assert np.all(np.concatenate(list(found.doubts.values()) or [[0]]) == 0)
    return list(found.doubts)


def test_a_spinodal_is_a_doubt_where_the_hysteresis_is_large():
    """h_c = (a^(2/3) - 1)^(3/2) omega_z: 0.08 at a = 1.3, 0.45 at a = 2."""
    fast, fell = ramp.DOUBTS
    assert swept(1.3, 20e-3, 0.4) == []
    assert fell in swept(2.0, 20e-3, 0.8)
    # Below threshold there is none to fall from, but one can be too fast.
    assert swept(0.5, 1e-3, 1.0) == []
    assert swept(0.5, 4e-6, 2.0) == [fast]
