"""Closed forms, limits, and quadrature of the defining integrals to 1e-8."""

import mpmath as mp
import numpy as np
import pytest

from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.params import Cavity
from sim_backend.laboratory.physics.rates import (
    dressed_kernels,
    effective_temperature,
    flip_kernel,
    waiting_time,
)
from sim_backend.laboratory.physics.system import OhmicNoise
from tests.reference_systems import CAVITY, DETUNING

CLASSICAL = OhmicNoise(20.0, 2e4)
QUANTUM = OhmicNoise(20.0, 2e4, quantum=True)
KAPPA = CAVITY.kappa / DETUNING
ENERGIES = np.array([-2.2, -1.0, -0.7, -0.3, 0.2, 0.6, 1.0, 1.7])


def quadrature(x, strength, noise, *, printed=False):
    """Return |Delta_C| K / omega_z^2 of the defining integral, in units of D."""
    mp.mp.dps = 25
    c = mp.mpf(KAPPA) + mp.j
    b = strength * (1 + mp.mpf(KAPPA) ** 2) / c**2
    decay, prefactor = KAPPA * strength, mp.mpf(1) / 2
    if printed:
        b, decay, prefactor = -mp.mpf(strength), 0, mp.mpf(1) / 8
    if noise is None:
        last = 55 / decay
    else:
        wc, last = noise.cutoff / DETUNING, 8 * DETUNING / noise.cutoff

    def integrand(t):
        exponent = -mp.j * x * t - decay * t + b * (1 - mp.exp(-c * t))
        value = mp.re(mp.exp(exponent))
        return value if noise is None else value * (1 + (wc * t) ** 2) ** -noise.alpha

    pieces = mp.linspace(0, last, int(last / 2))
    return float(prefactor * mp.quad(integrand, pieces, method="gauss-legendre"))


@pytest.mark.parametrize("noise", [CLASSICAL, QUANTUM], ids=["classical", "quantum"])
@pytest.mark.parametrize("x", [-0.9, -0.35, -0.04, 0.03])
def test_zero_photon_line_is_its_integral(noise, x):
    """D9 and E26, corrected, at Lam = 0, where they are the whole kernel."""
    rate = flip_kernel(x * DETUNING, 0.0, CAVITY, omega_z=1e3, noise=noise)
    mp.mp.dps = 40  # the line is exponentially small where the integrand is not
    wc = noise.cutoff / DETUNING
    alpha, y = mp.mpf(noise.alpha), mp.mpf(x) / wc

    def integrand(u):
        base = 1 + mp.j * u if noise.quantum else 1 + u**2
        return mp.re(mp.exp(-mp.j * y * u) * base ** (-alpha))

    step = max(200, int(abs(y) * 8))
    pieces = mp.linspace(0, 400, step) if noise.quantum else mp.linspace(0, 60, step)
    expected = mp.quad(integrand, pieces, method="gauss-legendre") / wc / 2
    if noise.quantum and x > 0:
        assert rate == 0
        assert abs(expected) < 1e-30
    else:
        assert rate * DETUNING / 1e6 == pytest.approx(float(expected), rel=1e-8)


def test_line_at_zero_energy_is_the_documented_number():
    noise = OhmicNoise()  # alpha = 20, 4 kHz
    rate = flip_kernel(0.0, 0.0, Cavity(), omega_z=1.0, noise=noise)
    assert rate == pytest.approx(0.5 * 8.03658253971662e-6, rel=1e-12)


@pytest.mark.parametrize("x", ENERGIES)
def test_first_order_closed_form_without_noise(x):
    """At Lam = 1e-10 the closed form is the integral to 1e-9."""
    strength = 1e-10
    rate = flip_kernel(x * DETUNING, strength * DETUNING, CAVITY, omega_z=1e3)
    expected = (
        strength * (1 + KAPPA**2) * KAPPA / (2 * x**2 * ((x + 1) ** 2 + KAPPA**2))
    )
    assert rate * DETUNING / 1e6 == pytest.approx(expected, rel=1e-12)
    full = flip_kernel(
        x * DETUNING, strength * DETUNING, CAVITY, omega_z=1e3, model="integral"
    )
    assert full == pytest.approx(rate, rel=1e-8)


@pytest.mark.parametrize("width", [-3.0, -1.0, 0.0, 0.5, 2.0])
def test_without_noise_the_zero_photon_line_is_a_lorentzian(width):
    """Its half width is kappa Lam/D, by which the cavity's light dephases the spin."""
    strength = 1e-5
    half = strength * CAVITY.kappa
    arguments = {"omega_z": 1e3, "self_coupling": strength * DETUNING, "cavity": CAVITY}
    rate = flip_kernel(width * half, **arguments)
    assert rate == pytest.approx(0.5e6 / half / (1 + width**2), rel=1e-4)
    full = flip_kernel(width * half, **arguments, model="integral")
    assert rate == pytest.approx(full, rel=1e-4)


@pytest.mark.parametrize("noise", [None, CLASSICAL], ids=["none", "classical"])
@pytest.mark.parametrize("x", [-2.2, -1.0, -0.3, 0.6])
def test_integral_is_the_defining_integral(x, noise):
    strength = 0.5
    rate = flip_kernel(
        x * DETUNING,
        strength * DETUNING,
        CAVITY,
        omega_z=1e3,
        noise=noise,
        model="integral",
    )
    expected = quadrature(x, strength, noise)
    assert rate * DETUNING / 1e6 == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("x", [-1.0, -0.3, 0.6])
def test_first_order_with_noise_is_the_derivative_of_the_integral(x):
    strength = 1e-6
    arguments = {"omega_z": 1e3, "noise": CLASSICAL}
    rate = flip_kernel(x * DETUNING, strength * DETUNING, CAVITY, **arguments)
    expected = quadrature(x, strength, CLASSICAL)
    # The second order is Lam^2/2 of a quantity of order 1/kappa.
    assert rate * DETUNING / 1e6 == pytest.approx(expected, rel=1e-4)
    line = flip_kernel(x * DETUNING, 0.0, CAVITY, **arguments)
    doubled = flip_kernel(x * DETUNING, 2 * strength * DETUNING, CAVITY, **arguments)
    assert doubled - line == pytest.approx(2 * (rate - line), rel=1e-9)


def exponent(tau):
    return CLASSICAL.alpha * np.log1p((CLASSICAL.cutoff * tau) ** 2)


@pytest.mark.parametrize("model", ["exact", "integral"])
@pytest.mark.parametrize("x", [-1.3, -1.0, -0.2, 0.4])
def test_any_correlation_function_agrees_with_its_closed_form(model, x):
    """A callable C(tau) takes another route: panels on the real axis."""
    rates = [
        flip_kernel(
            x * DETUNING, 0.01 * DETUNING, CAVITY, omega_z=1e3, noise=noise, model=model
        )
        for noise in (exponent, CLASSICAL)
    ]
    assert rates[0] == pytest.approx(rates[1], rel=1e-9)


@pytest.mark.parametrize("x", [-1.3, -1.0, 0.4])
def test_printed_with_any_correlation_function_is_equation_19(x):
    rate = flip_kernel(
        x * DETUNING,
        0.3 * DETUNING,
        CAVITY,
        omega_z=1e3,
        noise=exponent,
        model="printed",
    )
    expected = quadrature(x, 0.3, CLASSICAL, printed=True)
    assert rate * DETUNING / 1e6 == pytest.approx(expected, rel=1e-8)


def test_printed_is_equation_21():
    """K = h + e^-Lam J wz^2 kappa / (8|D| [...]), to first order in Lam."""
    x, coupling = ENERGIES * DETUNING, 1e-7 * DETUNING
    rate = flip_kernel(x, coupling, CAVITY, omega_z=1e3, model="printed")
    lorentzian = CAVITY.kappa / ((x + DETUNING) ** 2 + CAVITY.kappa**2)
    expected = np.exp(-1e-7) * 1e-7 * 1e6 / 8 * lorentzian
    np.testing.assert_allclose(rate, expected, rtol=1e-5)


def test_printed_quantum_is_equation_24():
    """phi(s, z) = z^(s-1) e^z Gamma(1-s, z), with the missing 1/omega_c."""
    strength, x = 0.05, -0.8
    rate = flip_kernel(
        x * DETUNING,
        strength * DETUNING,
        CAVITY,
        omega_z=1e3,
        noise=QUANTUM,
        model="printed",
    )
    mp.mp.dps = 30
    wc, alpha = mp.mpf(QUANTUM.cutoff / DETUNING), mp.mpf(QUANTUM.alpha)
    y = abs(mp.mpf(x)) / wc
    total = mp.pi / (mp.gamma(alpha) * wc) * mp.exp(-y) * y ** (alpha - 1)
    for n in range(1, 12):
        z = (x + n - mp.j * n * KAPPA) / wc
        phi = z ** (alpha - 1) * mp.exp(z) * mp.gammainc(1 - alpha, z)
        total += mp.mpf(strength) ** n / mp.factorial(n) * mp.im(phi) / wc
    expected = mp.exp(-strength) / 8 * total
    assert rate * DETUNING / 1e6 == pytest.approx(float(expected), rel=1e-8)


def test_corrected_over_printed_is_four_times_the_mixing_factor():
    x = ENERGIES * DETUNING
    arguments = (x, 1e-9 * DETUNING, CAVITY)
    exact = flip_kernel(*arguments, omega_z=1e3)
    printed = flip_kernel(*arguments, omega_z=1e3, model="printed")
    factor = 4 * (DETUNING**2 + CAVITY.kappa**2) / x**2
    np.testing.assert_allclose(exact / printed, factor, rtol=1e-6)


@pytest.mark.parametrize("model", ["exact", "printed"])
def test_ratio_of_rates_and_effective_temperature(model):
    """K(-x)/K(x) = ((1+x)^2 + k^2)/((1-x)^2 + k^2), slope 1/T_eff (Eq. 22)."""
    x = np.array([1e-4, 0.1, 0.5, 0.9]) * DETUNING
    down, up = (
        flip_kernel(sign * x, 1e-9 * DETUNING, CAVITY, omega_z=1e3, model=model)
        for sign in (-1, 1)
    )
    k2 = CAVITY.kappa**2
    expected = ((DETUNING + x) ** 2 + k2) / ((DETUNING - x) ** 2 + k2)
    np.testing.assert_allclose(down / up, expected, rtol=1e-7)
    assert np.log(down[0] / up[0]) * effective_temperature(CAVITY) / x[0] == (
        pytest.approx(1, rel=1e-6)
    )


def test_net_downhill_rate_falls_up_to_one_over_root_five():
    """Section 5: steepest-descent order holds only beyond 0.447 |Delta_C|."""
    narrow = Cavity(kappa=1e3, pump_detuning=-1e6)
    x = np.linspace(0.2, 0.8, 6001)
    down, up = (
        flip_kernel(sign * x * 1e6, 1e-3, narrow, omega_z=1e3) for sign in (-1, 1)
    )
    assert x[np.argmin(down - up)] == pytest.approx(5**-0.5, abs=1e-3)


def test_dressed_kernels_are_the_kernel_at_the_dressed_energy():
    field = np.array([-3e5, 0.0, 8e5])
    down, up = dressed_kernels(field, 0.5, 2.0, CAVITY, omega_z=1e5)
    energy = np.sqrt(field**2 + 1e10)
    np.testing.assert_allclose(down, flip_kernel(-energy, 1.0, CAVITY, omega_z=1e5))
    np.testing.assert_allclose(up, flip_kernel(energy, 1.0, CAVITY, omega_z=1e5))
    assert np.all(down > up)


def test_waiting_time_is_the_integral_of_the_mean_field_equation():
    for S, down, up in ((0.5, 2.0, 1.0), (5.0, 3.0, 0.1), (5e4, 0.5, 0.4)):

        def inverse(m, S=S, down=down, up=up):
            collective = S * (down - up) * (1 - m * m)
            return 1 / (collective + (1 - m) * down - (1 + m) * up)

        pieces = [-1, *(-1 + mp.mpf(10) ** -k for k in range(8, 0, -1)), 0]
        expected = float(mp.quad(inverse, pieces))
        assert waiting_time(S, down, up) == pytest.approx(expected, rel=1e-9)


def test_waiting_time_tends_to_equation_28_corrected():
    S, down, up = 1e7, 0.5, 0.2
    rate = 2 * S * (down - up)
    expected = np.log(rate / down) / rate
    assert waiting_time(S, down, up) == pytest.approx(expected, rel=1e-6)
    printed = np.log(8 * S) / (4 * rate)
    assert printed < 0.4 * expected


def test_nothing_flips_uphill_or_without_atoms():
    assert np.all(np.isinf(waiting_time([5.0, 0.0, 5.0], [1.0, 2, 0], [2.0, 1, 0])))


def test_broadcasting_and_empty_sites():
    rate = flip_kernel(np.zeros((3, 1)), np.array([0.0, 2.0]), CAVITY, omega_z=1e3)
    assert rate.shape == (3, 2)
    assert np.all(rate[:, 0] == 0)
    assert np.all(np.isfinite(rate))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"model": "measured"}, "model"),
        ({"omega_z": -1.0}, "omega_z"),
        ({"self_coupling": -1.0}, "self_coupling"),
        ({"energy_change": np.nan}, "energy_change"),
        ({"noise": lambda tau: 1e-9 * tau}, "C\\(tau\\)"),
        ({"noise": lambda tau: np.nan * tau}, "finite"),
    ],
)
def test_bad_input_is_named(changes, named):
    arguments = {"energy_change": 1e5, "self_coupling": 1.0, "omega_z": 1e3} | changes
    with pytest.raises(ParameterError, match=named):
        flip_kernel(cavity=CAVITY, **arguments)
