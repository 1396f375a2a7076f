"""The dispersive shift: its size, and one cavity seen in four ways."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ccqed_ctrl.params import Cavity, Cloud, Pump
from ccqed_ctrl.units import TWO_PI, angular
from sim_backend.laboratory.physics import cavity as modes
from sim_backend.laboratory.physics import dispersion, semiclassical
from sim_backend.laboratory.physics.rates import flip_kernel
from sim_backend.laboratory.physics.system import Drive, SpinSystem
from sim_backend.laboratory.physics.thresholds import network_threshold

qt = pytest.importorskip("qutip")  # an ARTIQ environment may lack the test extra

CAVITY, CLOUD, PUMP = Cavity(), Cloud(), Pump()
FAMILY = modes.ModeFamily()
COUPLING = PUMP.mode_coupling(CAVITY)
D, KAPPA = CAVITY.pump_detuning, CAVITY.kappa


def clouds_of(count=5, seed=3):
    sites = np.random.default_rng(seed).normal(
        scale=1.5 * CAVITY.waist, size=(count, 2)
    )
    return modes.cloud_averages(sites, CLOUD.size, CAVITY.waist, FAMILY)


def shifted_system(shifts, clouds, omega_z=1e6, atoms=1e5):
    couplings = modes.mode_couplings(clouds, COUPLING, CAVITY, FAMILY)
    n = len(shifts)
    # Atoms that lower the cavity bring it closer to the red pump.
    return SpinSystem(
        couplings, np.full(n, atoms / 2), CAVITY, omega_z, site_detunings=D - shifts
    )


def test_the_papers_parameters_shift_by_more_than_the_detuning():
    """M g0^2/Delta_A (beta + f_ii)/2 pi: 2 pi x 3.6 MHz, downwards (physics.md 9)."""
    shifts = dispersion.site_shifts(clouds_of(), np.full(5, 100_000), CAVITY, PUMP)
    assert np.all(shifts < 0)
    strength = (CLOUD.beta(CAVITY) + 0.1) / TWO_PI
    assert np.median(shifts) / TWO_PI == pytest.approx(-2.25e6 * strength, rel=0.05)
    assert np.median(shifts) / TWO_PI == pytest.approx(-3.6e6, rel=0.05)
    assert np.all(D - shifts > 0)
    assert dispersion.site_shifts(clouds_of(), np.zeros(5), CAVITY, PUMP).tolist() == (
        [0.0] * 5
    )


def test_light_couplings_and_supermodes_are_of_one_cavity():
    """J from the light in all modes and from N supermodes: two ways to one matrix."""
    clouds = clouds_of()
    shifts = angular(1e6) * np.array([-0.5, 1.0, -2.5, -0.1, 0.0])
    response = FAMILY.response(CAVITY)
    g = COUPLING * CAVITY.waist * clouds
    light = dispersion.dressed_light(response[:, None] * g, clouds, shifts, response)
    couplings = -(g.T @ light).real
    found = dispersion.shifted_couplings(shifted_system(shifts, clouds))
    np.testing.assert_allclose(found, couplings, rtol=1e-6, atol=1e-6 * found.max())
    # One site alone is a cavity of detuning D - delta.
    alone = dispersion.shifted_couplings(shifted_system(shifts[1:2], clouds[:, 1:2]))
    moved = D - shifts[1]
    norm = np.sum(g[:, 1] ** 2)
    assert alone[0, 0] == pytest.approx(-norm * moved / (moved**2 + KAPPA**2))


def test_dressed_light_solves_the_equations_of_all_modes():
    rng = np.random.default_rng(0)
    clouds, shifts = rng.normal(size=(9, 3)), np.array([1.0, -2.0, 0.0])
    detunings = rng.uniform(-3, -1, 9)
    unit = clouds / np.linalg.norm(clouds, axis=0)
    source = rng.normal(size=9)
    matrix = np.diag(detunings + 0.1j) - unit @ np.diag(shifts) @ unit.T
    response = 1 / (detunings + 0.1j)
    found = dispersion.dressed_light(response * source, clouds, shifts, response)
    np.testing.assert_allclose(found, np.linalg.solve(matrix, source))


def test_spins_held_still_feel_the_shifted_couplings():
    """Light at rest of `semiclassical`: b_i = 2 sum_j S_j J_ij x_j + h_i, shifted."""
    clouds = clouds_of(3)
    shifts = angular(1e6) * np.array([-1.0, -2.0, 0.5])
    system = shifted_system(shifts, clouds, omega_z=1e-3, atoms=1e3)
    spins = np.column_stack([[1.0, -1.0, 1.0], np.zeros((3, 2))])
    drive = Drive([0, 30e-6], [1.0], np.zeros((1, 3)), [False])
    light = semiclassical.evolve(
        system, drive, semiclassical.State(spins, np.zeros(3, complex)),
        sample_times=[30e-6], rng=np.random.default_rng(0),
    ).light[0]  # fmt: skip
    _, g = semiclassical.modes(system)
    expected = -2 * dispersion.shifted_couplings(system) @ (system.spins * spins[:, 0])
    # kappa t = 28: nothing is left of the start.
    np.testing.assert_allclose(2 * (g @ light).real, expected, rtol=1e-6)


def test_without_shifts_kernel_and_threshold_are_the_old_ones():
    system = shifted_system(np.zeros(4), clouds_of(4))
    de = np.array([-1.4, -1.0, -0.3, 0.4]) * abs(D)
    found = dispersion.shifted_kernel(system, 2, de)
    J = system.couplings[2, 2]
    expected = flip_kernel(de, J, CAVITY, omega_z=system.omega_z)
    # The exact one cuts its pole at kappa Lam.
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    old = dataclasses.replace(system, site_detunings=None)
    assert dispersion.threshold(system) == pytest.approx(network_threshold(old), 1e-3)


def test_the_threshold_of_shifted_modes_is_their_instability():
    """Static: omega_z over the largest eigenvalue of M J, J of the shifted modes."""
    shifts = -angular(1e6) * np.array([0.5, 1.5, 2.0, 1.0])
    system = shifted_system(shifts, clouds_of(4))
    assert network_threshold(system) == pytest.approx(
        dispersion.threshold(system), rel=1e-3
    )
    unshifted = dataclasses.replace(system, site_detunings=None)
    # Closer to resonance the light is stronger.
    assert network_threshold(system) < 0.6 * network_threshold(unshifted)


def test_a_mode_on_the_blue_side_lets_the_normal_state_grow_at_any_power():
    shifts = np.array([-1.3 * abs(D), 0.0])
    assert dispersion.threshold(shifted_system(shifts, clouds_of(2))) == 0.0


def test_the_kernel_of_two_modes_against_the_master_equation():
    """One spin 1/2 in two modes of unequal detuning: golden rule, no fit."""
    kappa, wz, detunings, g = 0.1, 0.02, np.array([-1.0, -0.6]), np.array([0.03, 0.04])
    cavity = Cavity(kappa=kappa * 1e6, pump_detuning=-1e6)
    bias = -0.75  # of the downhill step, in units of 1e6 rad/s
    up, cutoff = 1e6, 3
    Sx, Sz = qt.sigmax() / 2, qt.sigmaz() / 2
    a = [qt.tensor(qt.destroy(cutoff), qt.qeye(cutoff), qt.qeye(2)),
         qt.tensor(qt.qeye(cutoff), qt.destroy(cutoff), qt.qeye(2))]  # fmt: skip
    x, z = (qt.tensor(qt.qeye(cutoff), qt.qeye(cutoff), s) for s in (Sx, Sz))
    H = wz * z + bias * x  # from s = -1/2 to 1/2 releases |bias|
    for mode, detuning, coupling in zip(a, detunings, g, strict=True):
        H += -detuning * mode.dag() * mode + coupling * x * (mode + mode.dag())
    jumps = [np.sqrt(2 * kappa) * mode for mode in a]
    # The rate out of the upper state, from the slowest decay of the Liouvillian.
    values = qt.liouvillian(H, jumps).eigenenergies()
    slowest = sorted(-values.real)[1]
    down, back = (
        wz**2 / 2 * np.sum(g**2 * kappa / ((de - detunings) ** 2 + kappa**2)) / bias**2
        for de in (bias, -bias)
    )
    assert slowest == pytest.approx(down + back, rel=0.02)
    # `shifted_kernel` is this sum, in a system whose modes are these.
    G = np.array([[np.sum(g**2), 0], [0, 1e-12]]) * up**2
    scale = abs(cavity.pump_detuning) / (cavity.pump_detuning**2 + cavity.kappa**2)
    single = SpinSystem(
        G * scale, [0.5, 0.5], cavity, wz * up, site_detunings=[-0.7e6, -1e6]
    )
    expected = wz**2 / 2 * np.sum(g**2) * kappa / ((bias + 0.7) ** 2 + kappa**2)
    found = dispersion.shifted_kernel(single, 0, bias * up)
    assert found / up == pytest.approx(expected / bias**2, rel=1e-6)
