"""Couplings: closed forms against integrals and samples, thresholds, conventions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from ccqed_ctrl.errors import ParameterError, ShapeError
from ccqed_ctrl.model import couplings as model
from ccqed_ctrl.model.emission import overlap_kernel
from ccqed_ctrl.params import Cavity, Cloud, Pump
from ccqed_ctrl.units import TWO_PI, angular

WAIST = 35e-6
WIDTHS = [0.3, 0.67, 1.0, 1.5, 4.0]


def integral(function, width, low=-1.0, high=1.0):
    """Integrate over J = cos u: p(J) has integrable singularities at the ends."""

    def integrand(u):
        density = model.coupling_density([np.cos(u)], width * WAIST, WAIST)[0]
        return function(np.cos(u)) * density * np.sin(u)

    return integrate.quad(
        integrand, np.arccos(high), np.arccos(low), epsabs=1e-12, limit=200
    )[0]


def sampled(width, count=200_000):
    rng = np.random.default_rng(12)
    r, s, t = rng.normal(scale=width * WAIST, size=(3, count, 2))
    first = np.cos(2 * np.sum(r * s, axis=1) / WAIST**2)
    second = np.cos(2 * np.sum(s * t, axis=1) / WAIST**2)
    return first, second


def within(sample, expected, deviations=4.5):
    """Say whether a sample mean agrees, 4.5 standard errors: one in 150 000."""
    error = np.std(sample) / np.sqrt(len(sample))
    return abs(np.mean(sample) - expected) < deviations * error


@pytest.mark.parametrize("width", WIDTHS)
def test_the_density_is_one_and_has_the_moments(width):
    mean, variance = model.coupling_moments(width * WAIST, WAIST)
    assert integral(lambda _: 1.0, width) == pytest.approx(1, abs=1e-9)
    assert integral(lambda j: j, width) == pytest.approx(mean, abs=1e-9)
    spread = integral(lambda j: (j - mean) ** 2, width)
    assert spread == pytest.approx(variance, abs=1e-9)
    negative = integral(lambda _: 1.0, width, high=0.0)
    expected = model.probability_negative(width * WAIST, WAIST)
    assert negative == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_cumulative_is_the_densitys_integral(width):
    points = np.array([-1.0, -0.9, -0.3, 0.0, 0.4, 0.95, 1.0])
    expected = [integral(lambda _: 1.0, width, high=point) for point in points]
    found = model.coupling_cumulative(points, width * WAIST, WAIST)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert (found[0], found[-1]) == pytest.approx((0, 1), abs=1e-15)


@pytest.mark.parametrize("width", WIDTHS)
def test_random_positions_agree(width):
    first, second = sampled(width)
    scale = (width * WAIST, WAIST)
    mean, variance = model.coupling_moments(*scale)
    assert within(first, mean)
    assert within((first - mean) ** 2, variance)
    assert within(first < 0, model.probability_negative(*scale))
    shared = (first - mean) * (second - mean)
    assert within(shared, model.coupling_correlation(*scale))
    for point in (-0.5, 0.2, 0.9):
        expected = model.coupling_cumulative([point], *scale)[0]
        assert within(first <= point, expected)


def test_the_samples_would_notice_another_width():
    first, _ = sampled(1.0)
    assert not within(first, model.coupling_moments(1.02 * WAIST, WAIST)[0])
    assert not within(first < 0, model.probability_negative(1.02 * WAIST, WAIST))


def test_wide_layouts_forget_the_geometry():
    points = np.linspace(-0.99, 0.99, 41)
    found = model.coupling_density(points, 50 * WAIST, WAIST)
    # Corrections are of relative order (pi/a)^2 with a = 5000.
    np.testing.assert_allclose(found, 1 / (np.pi * np.sqrt(1 - points**2)), rtol=1e-5)
    assert model.probability_negative(50 * WAIST, WAIST) == pytest.approx(0.5, rel=1e-5)
    mean, variance = model.coupling_moments(50 * WAIST, WAIST)
    assert (mean, variance) == pytest.approx((0, 0.5), abs=1e-6)
    assert model.coupling_correlation(50 * WAIST, WAIST) < 1e-6


def test_narrow_layouts_are_ferromagnetic():
    scale = (0.01 * WAIST, WAIST)
    assert model.coupling_moments(*scale)[0] == pytest.approx(1, abs=1e-7)
    assert model.probability_negative(*scale) < 1e-300
    assert model.coupling_cumulative([0.9], *scale)[0] < 1e-300


def test_nothing_lies_outside():
    np.testing.assert_array_equal(
        model.coupling_density([-1.5, -1.0, 1.0, 2.0], WAIST, WAIST), 0
    )
    np.testing.assert_array_equal(
        model.coupling_cumulative([-2.0, 2.0], WAIST, WAIST), [0, 1]
    )


@pytest.mark.parametrize("width", [0.0, -1.0, np.nan, True])
def test_a_bad_width_is_refused(width):
    for function in (model.probability_negative, model.coupling_moments):
        with pytest.raises(ParameterError, match="width"):
            function(width, WAIST)


def test_confocal_couplings_by_hand():
    # r = w0 (1, 0), (0, 2), (pi/2, 0): cos 0, cos pi, cos 0.
    sites = WAIST * np.array([[1, 0], [0, 2], [np.pi / 2, 0]])
    expected = [[0, 1, -1], [1, 0, 1], [-1, 1, 0]]
    np.testing.assert_allclose(
        model.confocal_couplings(sites, WAIST), expected, atol=1e-12
    )


@given(st.integers(1, 6), st.floats(0.1, 5), st.integers(0, 2**32 - 1))
def test_couplings_scale_with_the_waist_and_ignore_mirrors(count, scale, seed):
    rng = np.random.default_rng(seed)
    sites = rng.normal(scale=WAIST, size=(count, 2))
    expected = model.confocal_couplings(sites, WAIST)
    np.testing.assert_allclose(
        model.confocal_couplings(scale * sites, scale * WAIST), expected, atol=1e-9
    )
    np.testing.assert_array_equal(model.confocal_couplings(-sites, WAIST), expected)


def test_bad_positions_are_refused():
    with pytest.raises(ShapeError, match="positions"):
        model.confocal_couplings(np.zeros((3, 3)), WAIST)
    with pytest.raises(ParameterError, match="waist"):
        model.confocal_couplings(np.zeros((3, 2)), 0.0)


# Strength ------------------------------------------------------------------------


def test_the_coupling_scale_is_equation_b4():
    cavity = Cavity(kappa=angular(0.3e6), pump_detuning=angular(-2e6))
    g = Pump().mode_coupling(cavity)
    detuning, kappa = angular(2e6), angular(0.3e6)
    expected = g**2 * detuning / (TWO_PI * (detuning**2 + kappa**2))
    assert model.coupling_scale(cavity, Pump()) == pytest.approx(expected, rel=1e-12)


def test_the_consistent_operating_point_of_physics_4():
    # J0 = |D|/(M B) = 1.7136 rad/s at Omega = 2 pi 151.3 MHz, given to four digits:
    # twice 0.05/151.3 is 7e-4.
    assert model.coupling_scale(Cavity(), Pump()) == pytest.approx(1.7136, rel=7e-4)


def test_the_matrix_is_scale_times_kernel():
    sites = np.random.default_rng(1).normal(scale=WAIST, size=(5, 2))
    cavity, pump, cloud = Cavity(), Pump(), Cloud()
    expected = model.coupling_scale(cavity, pump) * overlap_kernel(
        sites, cavity.waist, cloud.size
    )
    np.testing.assert_allclose(
        model.coupling_matrix(sites, cavity, pump, cloud), expected, rtol=1e-12
    )


@given(
    st.integers(1, 10**6), st.floats(1e4, 1e7), st.floats(1e-6, 20e-6),
    st.floats(-1e9, -1e5),
)  # fmt: skip
def test_threshold_is_where_m_j0_beta_equals_omega_z(atoms, omega_z, size, detuning):
    cavity = Cavity(pump_detuning=detuning)
    cloud = Cloud(atoms=atoms, size=size)
    pump = Pump(omega_z=omega_z)
    found = model.threshold_rabi_frequency(cavity, pump, cloud)
    at_threshold = pump.replace(rabi_frequency=found)
    gain = atoms * model.coupling_scale(cavity, at_threshold) * cloud.beta(cavity)
    assert gain == pytest.approx(omega_z, rel=1e-12)
    # The same in the form of physics.md 4, M g^2 beta/2pi = wz (D^2+kappa^2)/|D|.
    g = at_threshold.mode_coupling(cavity)
    left = atoms * g**2 * cloud.beta(cavity) / TWO_PI
    right = omega_z * (detuning**2 + cavity.kappa**2) / abs(detuning)
    assert left == pytest.approx(right, rel=1e-12)


@pytest.mark.parametrize(
    ("atoms", "omega_z", "rabi_mhz", "scattering_ms"),
    [
        (3_000, 5e4, 150, 5.9), (3_000, 1e6, 667, 0.29),
        (10_000, 5e4, 82, 20), (10_000, 1e6, 366, 0.98),
        (100_000, 5e4, 26, 200), (100_000, 1e6, 116, 9.8),
    ],
)  # fmt: skip
def test_operating_points_of_the_laboratory_table(
    atoms, omega_z, rabi_mhz, scattering_ms
):
    """lab.md 1.5 follows from M J = omega_z; the printed 4 M J is a factor 2 off.

    g~ = Omega g0/|Delta_A| as in the text (A7-A12's sqrt(3)/24 would give 1.6 GHz),
    g0 = 2 pi 1.5 MHz, tau_sc = Delta_A^2/(2 Gamma Omega^2). Two or three digits given.
    """
    pump = Pump(omega_z=omega_z)
    found = model.threshold_rabi_frequency(Cavity(), pump, Cloud(atoms=atoms))
    assert found / angular(1e6) == pytest.approx(rabi_mhz, rel=0.007)
    rate = model.scattering_rate(found, pump, angular(6.065e6))
    assert 1e3 / rate == pytest.approx(scattering_ms, rel=0.02)
