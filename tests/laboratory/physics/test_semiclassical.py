"""Classical spins and light: written-out ODEs, conserved quantities, closed forms."""

import doctest
import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from ccqed_ctrl.params import Cavity
from sim_backend.laboratory.physics import mean_field, semiclassical
from sim_backend.laboratory.physics.semiclassical import State, Waveform
from sim_backend.laboratory.physics.system import Drive, OhmicNoise, SpinSystem
from sim_backend.laboratory.physics.thresholds import ensemble_thresholds

#: Round numbers: |Delta_C| = 1e7 rad/s, and the terms all of one size.
CAVITY = Cavity(kappa=2e6, pump_detuning=-1e7)
D, KAPPA, WZ = CAVITY.pump_detuning, CAVITY.kappa, 1.5e6
SCALE = (D**2 + KAPPA**2) / abs(D)
ATOMS = 1e4


def mode_couplings(n=4, modes=6, power=1.5):
    """Random g (N, L) of more modes than sites, M J_ii about `power` omega_z."""
    g = np.random.default_rng(5).standard_normal((n, modes))
    return g * np.sqrt(power * WZ * SCALE / (ATOMS * modes))


def network(g, **more):
    return SpinSystem(g @ g.T / SCALE, np.full(len(g), ATOMS / 2), CAVITY, WZ, **more)


def pointing(n, seed=1):
    """Unit vectors anywhere, and a dark cavity."""
    spins = np.random.default_rng(seed).standard_normal((n, 3))
    spins /= np.linalg.norm(spins, axis=1)[:, None]
    return State(spins, np.zeros(n))


def ramps(n):
    """Pump and field move, and jump once."""
    pattern = np.random.default_rng(2).choice([-1.0, 1.0], n)
    field = np.outer([0, 4e6, -3e6, -1e6, 0], pattern)
    return Waveform([0, 3e-6, 3e-6, 6e-6, 9e-6], [0.3, 1, 0.8, 1.2, 1.2], field)


def evolve(system, drive, state, sample_times=(), seed=0, **more):
    rng = np.random.default_rng(seed)
    return semiclassical.evolve(
        system, drive, state, sample_times=sample_times, rng=rng, **more
    )


def written_out(g, shifts, drive, spins):
    """Integrate every mode's a_m; return S (N, 3) and a (L,) at the end."""
    n, modes = g.shape
    unit = g / np.linalg.norm(g, axis=1)[:, None]
    shifted = D * np.eye(modes) + unit.T @ np.diag(shifts) @ unit
    S, rows = ATOMS / 2, np.linalg.pinv(g)

    def slope(t, y, piece):
        x, ys, z = y[: 3 * n].reshape(3, n)
        a = y[3 * n : 3 * n + modes] + 1j * y[3 * n + modes :]
        share = (t - drive.times[piece]) / np.diff(drive.times)[piece]
        q, h = (
            (1 - share) * v[piece] + share * v[piece + 1]
            for v in (drive.power, drive.field)
        )
        phi = rows @ h * SCALE / (2 * np.sqrt(q))
        da = 1j * shifted @ a - KAPPA * a - 1j * (np.sqrt(q) * S * x @ g + phi)
        b = 2 * np.sqrt(q) * g @ a.real
        return np.concatenate([-WZ * ys, WZ * x - b * z, b * ys, da.real, da.imag])

    y = np.concatenate([*spins.T, np.zeros(2 * modes)])
    for piece in np.flatnonzero(np.diff(drive.times)):
        span = drive.times[piece : piece + 2]
        solution = solve_ivp(
            slope, span, y, "DOP853", args=(piece,), rtol=1e-11, atol=1e-13
        )
        y = solution.y[:, -1]
    return y[: 3 * n].reshape(3, n).T, y[3 * n : 3 * n + modes] + 1j * y[
        3 * n + modes :
    ]


def test_agrees_with_every_mode_written_out():
    g, start = mode_couplings(), pointing(4)
    spins, a = written_out(g, np.zeros(4), ramps(4), start.spins)
    found = evolve(network(g), ramps(4), start, step=5e-9).state
    np.testing.assert_allclose(found.spins, spins, atol=2e-7)
    np.testing.assert_allclose(found.light, g @ a, atol=2e-7 * np.abs(g @ a).max())


def test_site_detunings_shift_the_supermodes():
    """The reduction to N modes against all six, shifts as large as the detuning."""
    g, start = mode_couplings(), pointing(4)
    shifts = np.array([-9e6, 0.0, 4e6, 1.5e7])
    spins, a = written_out(g, shifts, ramps(4), start.spins)
    system = network(g, site_detunings=D + shifts)
    found = evolve(system, ramps(4), start, step=5e-9).state
    np.testing.assert_allclose(found.spins, spins, atol=1e-7)
    detunings, modes = semiclassical.modes(system)
    lit = (modes @ found.light).real
    np.testing.assert_allclose(lit, (g @ a).real, atol=1e-7 * np.abs(g @ a).max())
    assert np.sum(detunings - D) == pytest.approx(np.sum(shifts))
    unshifted = evolve(network(g), ramps(4), start, step=5e-9).state
    assert np.max(np.abs(unshifted.spins - spins)) > 0.1


def test_site_detunings_of_separate_sites_are_cavities_of_their_own():
    """Supermodes that do not overlap: each site alone, at its own pump detuning."""
    detunings, start = np.array([0.6, 1.0, 1.4]) * D, pointing(3)
    system = SpinSystem(
        np.eye(3) * WZ / ATOMS, np.full(3, ATOMS / 2), CAVITY, WZ, None, detunings
    )
    drive = Waveform([0, 5e-6], [1, 1], np.zeros((2, 3)))
    found = evolve(system, drive, start, step=5e-9).state.spins
    for i, own in enumerate(detunings):
        cavity = Cavity(kappa=KAPPA, pump_detuning=own)
        coupling = WZ / ATOMS * SCALE * abs(own) / (own**2 + KAPPA**2)
        alone = SpinSystem([[coupling]], [ATOMS / 2], cavity, WZ)
        drive = Waveform([0, 5e-6], [1, 1], np.zeros((2, 1)))
        state = State(start.spins[i : i + 1], [0])
        expected = evolve(alone, drive, state, step=5e-9).state.spins
        np.testing.assert_allclose(found[i], expected[0], atol=1e-7)


@pytest.mark.parametrize("detuned", [False, True])
def test_converges_with_the_fourth_power_of_the_step(detuned):
    shifts = D + np.array([-3e6, 0.0, 4e6, 1e6]) if detuned else None
    system = network(mode_couplings(), site_detunings=shifts)
    exact = evolve(system, ramps(4), pointing(4), step=1e-9).state.spins
    steps = np.array([4e-8, 2e-8, 1e-8])
    errors = [
        np.max(
            np.abs(evolve(system, ramps(4), pointing(4), step=h).state.spins - exact)
        )
        for h in steps
    ]
    orders = np.diff(np.log(errors)) / np.diff(np.log(steps))
    assert np.all((orders > 3.6) & (orders < 4.6)), orders


def energy(system, state, field):
    """H of 1.2 in the u_i: a = g^-1 u."""
    D, kappa = system.cavity.pump_detuning, system.cavity.kappa
    inverse = np.linalg.inv(system.couplings * (D**2 + kappa**2) / abs(D))
    phi = field * (D**2 + kappa**2) / (2 * abs(D))
    u, (x, _, z) = state.light, state.spins.T
    light = -D * (u.conj() @ inverse @ u).real + 2 * phi @ inverse @ u.real
    return light + np.sum(system.spins * (system.omega_z * z + 2 * u.real * x))


def test_lengths_always_and_energy_without_loss_are_conserved():
    lossless = Cavity(kappa=1.0, pump_detuning=D)
    g = mode_couplings()
    system = SpinSystem(g @ g.T / abs(D), np.full(4, ATOMS / 2), lossless, WZ)
    field = np.array([1e6, -2e6, 5e5, 0.0])
    drive = Waveform([0, 1e-5], [1, 1], [field, field])
    start = pointing(4)
    before = energy(system, start, field)
    found = evolve(system, drive, start, step=1e-8).state
    scale = ATOMS / 2 * WZ
    # What is lost is kappa's smallest allowed value: 2e-5 of the light's energy.
    assert abs(energy(system, found, field) - before) < 1e-4 * scale
    np.testing.assert_allclose(np.linalg.norm(found.spins, axis=1), 1, atol=1e-12)
    # The lossy cavity takes energy out.
    lost = evolve(network(g), drive, start).state
    assert energy(network(g), lost, field) < before - scale


def test_lengths_stay_at_any_step():
    found = evolve(network(mode_couplings()), ramps(4), pointing(4), step=1.9e-7)
    np.testing.assert_allclose(np.linalg.norm(found.state.spins, axis=1), 1, atol=1e-12)


def single(gain):
    """One ensemble of M J_ii = gain."""
    return SpinSystem([[gain / ATOMS]], [ATOMS / 2], CAVITY, WZ)


@pytest.mark.parametrize("excess", [-0.02, -0.001, 0.001, 0.02])
def test_threshold_at_the_self_coupling_equal_to_omega_z(excess):
    """Small x follows the linearised equations, and grows above M J_ii q = omega_z."""
    system = single(0.8 * WZ)
    q = (1 + excess) * ensemble_thresholds(system)[0]
    G, tilt = 0.8 * WZ * SCALE / 2, 1e-7  # S G_ii
    linear = np.array(  # x, y, Re u, Im u about z = -1
        [
            [0, -WZ, 0, 0],
            [WZ, 0, 2 * np.sqrt(q), 0],
            [0, 0, -KAPPA, -D],
            [-np.sqrt(q) * G, 0, D, -KAPPA],
        ]
    )
    times = np.linspace(0, 5e-5 if abs(excess) > 0.01 else 3e-4, 7)
    start = State([[tilt, 0, -1]], [0])
    drive = Waveform([0, times[-1]], [q, q], [[0], [0]])
    x = evolve(system, drive, start, times, step=2e-8).magnetization[:, 0] / tilt
    expected = [expm(linear * t)[0, 0] for t in times]
    np.testing.assert_allclose(x, expected, rtol=2e-3, atol=1e-5)
    assert (np.max(np.linalg.eigvals(linear).real) > 0) == (excess > 0)


def test_a_slow_field_tilts_the_spins_and_lights_the_cavity():
    """x = h/sqrt(h^2 + omega_z^2), u = (S G x + phi)/(D + i kappa)."""
    system, h = single(1e-4 * WZ), np.array([2 * WZ])
    drive = Waveform([0, 1e-3, 1.1e-3], [0.5, 0.5, 0.5], np.outer([0, 1, 1], h))
    found = evolve(system, drive, State([[0, 0, -1]], [0])).state
    x = 2 / np.sqrt(5)
    np.testing.assert_allclose(found.spins[0], [x, 0, -x / 2], atol=2e-3)
    source = np.sqrt(0.5) * 0.5e-4 * WZ * SCALE * x + h[0] * SCALE / np.sqrt(2)
    np.testing.assert_allclose(found.light[0], source / (D + 1j * KAPPA), rtol=1e-4)


def test_collective_flips_take_the_time_of_the_exact_kernel():
    """F3 where it is valid: |h| >> omega_z, each ensemble alone, S K << kappa.

    What is left falls with (omega_z/h)^2: 0.2 % at half this omega_z.
    """
    omega_z, h = 4e5, np.array([0.3, 0.5, 0.7, 1.15]) * abs(D)
    couplings = np.diag(np.array([6e-3, 3e-3, 1.2e-3, 1.2e-3]) * h / ATOMS)
    system = SpinSystem(couplings, np.full(4, ATOMS / 2), CAVITY, omega_z)
    times = np.linspace(0, 0.22, 4001)
    slow = mean_field.evolve(
        system, np.full(4, -0.9), duration=times[-1], sample_times=times, field=h
    )
    # p = -0.9 along the dressed axis (sin, 0, cos), the rest across.
    angle = np.arctan2(h, omega_z)
    p, across = -0.9, np.full(4, np.sqrt(1 - 0.9**2))
    spins = np.stack([p * np.sin(angle), across, -p * np.cos(angle)], axis=1)
    light = h * SCALE / 2 / (D + 1j * KAPPA)
    drive = Waveform(times[[0, -1]], [1, 1], [h, h])
    fast = evolve(system, drive, State(spins, light), times)

    def passing(x):
        assert np.all(x[-1] > 0.5)
        return [np.interp(0.5, column, times) for column in x.T]

    x = fast.spins[:, :, 0] * np.sin(angle) - fast.spins[:, :, 2] * np.cos(angle)
    np.testing.assert_allclose(passing(x), passing(slow.magnetization), rtol=0.015)


def test_pieces_and_samples_do_not_change_the_course():
    system, drive, start = network(mode_couplings()), ramps(4), pointing(4)
    times = np.array([0, 1e-6, 3e-6, 5e-6, 9e-6])
    whole = evolve(system, drive, start, times, step=5e-9)
    np.testing.assert_array_equal(whole.spins[0], start.spins)
    np.testing.assert_array_equal(whole.spins[-1], whole.state.spins)
    np.testing.assert_array_equal(whole.light[-1], whole.state.light)
    first = Waveform(drive.times[:2], drive.power[:2], drive.field[:2])
    second = Waveform(drive.times[2:], drive.power[2:], drive.field[2:])
    middle = evolve(system, first, start, step=5e-9).state
    end = evolve(system, second, middle, step=5e-9).state
    np.testing.assert_allclose(middle.spins, whole.spins[2], atol=1e-8)
    np.testing.assert_allclose(end.spins, whole.state.spins, atol=1e-7)


def test_pieces_with_noise_are_the_whole():
    """Cut anywhere, the bath goes on: also over a time without noise or pump."""
    system = network(mode_couplings(), noise=OhmicNoise(alpha=2.0, cutoff=2e5))
    power, noise = [1.0, 0.0, 1.2, 1.2], [True, False, False, True]
    edges, field = np.array([0, 4e-6, 1e-5, 1.1e-5, 1.5e-5]), np.full((4, 4), 2e6)
    whole = evolve(system, Drive(edges, power, field, noise), pointing(4), step=5e-9)
    rng, state = np.random.default_rng(0), pointing(4)
    for start, stop in pairwise([0, 1e-6, 4e-6, 1e-5, 1.1e-5, 1.3e-5, 1.5e-5]):
        k = int(np.searchsorted(edges, start, "right")) - 1
        piece = Drive([start, stop], power[k : k + 1], field[:1], noise[k : k + 1])
        state = semiclassical.evolve(
            system, piece, state, sample_times=[], rng=rng, step=5e-9
        ).state
    np.testing.assert_allclose(state.spins, whole.state.spins, atol=1e-6)
    np.testing.assert_array_equal(state.bath.rows, whole.state.bath.rows)


#: Prints whether the loop came from Numba's cache, and every bit of its result.
_COURSE = """
import numpy as np
from sim_backend.laboratory.physics import _semiclassical_kernels as kernels
rng = np.random.default_rng(0)
spins = rng.standard_normal((3, 64))
spins /= np.linalg.norm(spins, axis=0)
light, phi = np.zeros((2, 64)), 1e6 * rng.standard_normal((2, 64))
rows = 1e6 * rng.standard_normal((64, 64))
kernels.advance(
    spins, light, (1e-5, np.array([1.0, 1.3]), phi), (np.empty((0, 64)), 0.0, 1.0),
    (rows, np.empty((0, 64))), np.array([[-9.4e5] * 64, [-1.9e7] * 64]), 1e6, 400,
)
print(bool(kernels.advance.stats.cache_hits), spins.tobytes().hex())
print(light.tobytes().hex())
"""


@pytest.mark.slow
def test_the_first_run_of_an_installation_has_the_data_of_later_ones(tmp_path):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    course = [
        subprocess.run(
            [sys.executable, "-c", _COURSE], env=environment, check=True, text=True,
            capture_output=True,
        ).stdout.split()
        for _ in range(2)
    ]  # fmt: skip
    assert [cached for cached, *_ in course] == ["False", "True"]
    assert course[0][1:] == course[1][1:]


def test_without_pump_spins_precess_and_light_decays():
    """The closed form of an idle cavity is the limit of a weak pump."""
    system, start = network(mode_couplings()), pointing(4)
    start = State(start.spins, np.array([1e6, -2e6j, 3e5, 0]))
    ends = [
        evolve(system, Drive([0, 2e-6], [q], np.zeros((1, 4)), [False]), start).state
        for q in (0.0, 1e-16)
    ]
    np.testing.assert_allclose(ends[0].spins, ends[1].spins, atol=1e-5)
    np.testing.assert_allclose(ends[0].light, ends[1].light, atol=10)
    turned = np.exp(1j * WZ * 2e-6) * (start.spins[:, 0] + 1j * start.spins[:, 1])
    np.testing.assert_allclose(ends[0].spins[:, 0], turned.real)
    decay = np.exp((1j * D - KAPPA) * 2e-6)
    np.testing.assert_allclose(ends[0].light, start.light * decay)


@pytest.mark.parametrize("n", [1, 4])
def test_the_start_is_left_as_it_was(n):
    start = pointing(n)
    kept = start.spins.copy()
    evolve(network(mode_couplings(n)), ramps(n), start)
    np.testing.assert_array_equal(start.spins, kept)
    np.testing.assert_array_equal(start.light, 0)


def test_constant_pieces_are_breakpoints_that_jump():
    system, start = network(mode_couplings()), pointing(4)
    field = np.array([[2e6] * 4, [0] * 4])
    drive = Drive([0, 1e-6, 3e-6], [0.5, 1.2], field, [False, True])
    same = Waveform([0, 1e-6, 1e-6, 3e-6], [0.5, 0.5, 1.2, 1.2], np.repeat(field, 2, 0))
    assert Waveform.of(drive).noise.tolist() == [False, False, True]
    np.testing.assert_array_equal(
        evolve(system, drive, start).state.spins,
        evolve(system, same, start).state.spins,
    )


def test_the_pump_may_rise_from_nothing_under_a_field():
    system = network(mode_couplings())
    drive = Waveform([0, 2e-6, 1e-4], [0, 0, 1], np.full((3, 4), 3e6))
    found = evolve(
        system, drive, State(np.tile([0, 0, -1.0], (4, 1)), np.zeros(4)), [2e-6]
    )
    np.testing.assert_allclose(found.spins[0], [[0, 0, -1]] * 4)
    assert np.all(np.isfinite(found.state.spins))


def test_noise_dephases_as_its_exponent_says():
    """<cos theta> about x after tau is exp(-C), C = alpha ln(1 + cutoff^2 tau^2)."""
    noise, n = OhmicNoise(alpha=2.0, cutoff=1e5), 500
    cavity = Cavity(kappa=2e5, pump_detuning=-1e6)
    system = SpinSystem(np.zeros((n, n)), np.full(n, 5e3), cavity, 0.0, noise)
    start = State(np.tile([0.0, 0, -1], (n, 1)), np.zeros(n))
    drive = Waveform([0, 2e-5], [1, 1], np.zeros((2, n)), [True])
    times = np.array([2e-6, 5e-6, 1e-5])
    found = evolve(system, drive, start, times)
    coherence = -np.mean(found.spins[:, :, 2], axis=1)
    expected = (1 + (noise.cutoff * times) ** 2) ** -noise.alpha
    np.testing.assert_allclose(coherence, expected, atol=0.06)
    again, other = (evolve(system, drive, start, times, seed=s) for s in (0, 1))
    np.testing.assert_array_equal(again.spins, found.spins)
    assert not np.allclose(other.spins, found.spins)
    quiet = evolve(system, Waveform(drive.times, drive.power, drive.field), start)
    np.testing.assert_array_equal(quiet.state.spins, start.spins)


def test_normal_state_is_the_coherent_one():
    spins = np.array([5e3] * 4000 + [0.0])
    state = semiclassical.normal_state(spins, np.random.default_rng(0))
    assert np.std(state.spins[:-1, :2]) == pytest.approx(0.01, rel=0.03)
    np.testing.assert_allclose(np.linalg.norm(state.spins, axis=1), 1)
    assert np.all(state.spins[:, 2] < 0)
    np.testing.assert_array_equal(state.spins[-1], [0, 0, -1])
    np.testing.assert_array_equal(state.light, 0)


def test_the_example_runs():
    assert doctest.testmod(semiclassical).failed == 0
