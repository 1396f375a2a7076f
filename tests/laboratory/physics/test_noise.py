"""I(z) against independent closed forms, and its symmetries."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_backend.laboratory.physics.noise import coherence_transform, lineshape
from sim_backend.laboratory.physics.system import OhmicNoise

ARGUMENTS = [0.1j, 3j, 40j, -0.5j, -20j, 700j, -700j, 37.0, 37 - 20j, 0.01 + 5j]


@pytest.mark.parametrize("alpha", [0.7, 1.5, 20.0, 60.0])
@pytest.mark.parametrize("z", ARGUMENTS)
def test_quantum_transform_is_an_exponential_integral(alpha, z):
    """I(z) wc = -i exp(-iz) E_alpha(-iz), z in units of the cutoff."""
    mp.mp.dps = 40
    shifted = mp.mpc(z) + mp.mpf("1e-35")  # which side of the cut
    expected = complex(-1j * mp.exp(-1j * shifted) * mp.expint(alpha, -1j * shifted))
    value, _ = coherence_transform(OhmicNoise(alpha, 2.0, quantum=True), 2 * z)
    assert abs(2 * complex(value) - expected) < 1e-9 * abs(expected)


@pytest.mark.parametrize("alpha", [0.7, 1.5, 20.0])
@pytest.mark.parametrize("z", [3.0, 37.0, 5 + 3j])
def test_classical_transform_is_a_struve_function(alpha, z):
    """Integral of exp(-zt)(1+t^2)^(nu-1/2), nu = 1/2 - alpha: DLMF 11.5.2."""
    mp.mp.dps = 60
    alpha = mp.mpf(alpha) + mp.mpf("1e-25")  # off the poles at whole alpha
    order = mp.mpf(1) / 2 - alpha
    struve = mp.struveh(order, z) - mp.bessely(order, z)
    scale = mp.sqrt(mp.pi) / 2 * mp.gamma(1 - alpha) * (2 / mp.mpc(z)) ** order
    value, _ = coherence_transform(OhmicNoise(float(alpha), 2.0), 2 * z)
    expected = complex(scale * struve)
    assert abs(2 * complex(value) - expected) < 1e-10 * abs(expected)


@pytest.mark.parametrize("quantum", [False, True])
def test_slope_is_the_derivative(quantum):
    noise = OhmicNoise(5.0, 1e4, quantum)
    z = np.array([3e4j, 1e4 + 2e4j, 5e5 + 0j])
    step = 1.0
    ahead, behind = (coherence_transform(noise, z + sign * step)[0] for sign in (1, -1))
    _, slope = coherence_transform(noise, z)
    np.testing.assert_allclose((ahead - behind) / (2 * step), slope, rtol=1e-6)


@given(alpha=st.floats(0.6, 200), x=st.floats(-300, 300), quantum=st.booleans())
def test_line_is_positive_and_of_the_right_symmetry(alpha, x, quantum):
    noise = OhmicNoise(alpha, 1e4, quantum)
    here, there = lineshape(noise, np.array([x, -x]) * 1e4)
    assert here >= 0
    if quantum:
        assert x == 0 or here * there == 0  # a cold bath only takes energy
    else:
        assert here == pytest.approx(there, rel=1e-9)


@pytest.mark.parametrize("alpha", [0.8, 5.0, 20.0, 190.0])
@pytest.mark.parametrize("quantum", [False, True])
def test_area_of_the_line_is_pi(alpha, quantum):
    """Its Fourier transform is exp(-C(0)) = 1, whatever alpha."""
    noise = OhmicNoise(alpha, 1e4, quantum)
    edge = np.linspace(0, (40 + 12 * alpha) ** 0.25, 40001) ** 4
    energy = 1e4 * np.concatenate([-edge[:0:-1], edge[1:]])
    area = np.trapezoid(lineshape(noise, energy), energy)
    # The classical line below alpha = 1 has an integrable spike at zero.
    assert area == pytest.approx(np.pi, rel=2e-3 if alpha < 1 else 1e-5)


def test_no_noise_is_a_pole():
    value, slope = coherence_transform(None, [2j, 4.0])
    np.testing.assert_allclose(value, [-0.5j, 0.25])
    np.testing.assert_allclose(slope, [0.25, -0.0625])
    assert np.all(lineshape(None, [-1.0, 0.0, 1.0]) == 0)
