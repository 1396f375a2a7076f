"""The table reproduces the rate functions it stands for."""

import numpy as np
import pytest

from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.params import Cavity
from sim_backend.laboratory.physics.kernel_table import tabulate
from sim_backend.laboratory.physics.rates import dressed_kernels, flip_kernel
from sim_backend.laboratory.physics.system import OhmicNoise

CAVITY = Cavity()
DETUNING = abs(CAVITY.pump_detuning)
NOISES = [None, OhmicNoise(), OhmicNoise(quantum=True)]
ENERGIES = np.random.default_rng(0).uniform(-1.6, 1.6, 500) * DETUNING
COUPLING = 1e-6 * DETUNING


def table(noise, model, omega_z=1e6):
    return tabulate(
        CAVITY,
        omega_z=omega_z,
        noise=noise,
        model=model,
        largest_energy=1.6 * DETUNING,
    )


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("model", ["exact", "printed"])
def test_dressed_rates(noise, model):
    found = table(noise, model).dressed(ENERGIES, COUPLING)
    expected = dressed_kernels(
        ENERGIES, 1.0, COUPLING, CAVITY, omega_z=1e6, noise=noise, model=model
    )
    for have, want in zip(found, expected, strict=True):
        # Second photons, absent in the table, matter where the first is far off.
        np.testing.assert_allclose(have, want, rtol=2e-5, atol=3e-5 * np.max(want))


@pytest.mark.parametrize("noise", NOISES)
def test_printed_kernel(noise):
    found = table(noise, "printed").kernel(ENERGIES, COUPLING)
    expected = flip_kernel(
        ENERGIES, COUPLING, CAVITY, omega_z=1e6, noise=noise, model="printed"
    )
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=3e-5 * expected.max())


def test_exact_kernel_is_dressed_by_omega_z_only():
    """K(de) times (de^2/(de^2 + wz^2)): finite where a field crosses zero."""
    found = table(None, "exact").kernel(ENERGIES, COUPLING)
    bare = flip_kernel(ENERGIES, COUPLING, CAVITY, omega_z=1e6)
    factor = ENERGIES**2 / (ENERGIES**2 + 1e12)
    np.testing.assert_allclose(found, bare * factor, rtol=1e-6)
    at_zero = table(None, "exact").kernel([-1e-3, 0.0, 1e-3], COUPLING)
    np.testing.assert_allclose(at_zero, at_zero[1], rtol=1e-6)


def test_far_from_zero_the_exact_kernel_is_the_bare_one():
    noise, far = OhmicNoise(), np.array([-1.2, -1.0, -0.6, 0.7]) * DETUNING
    found = table(noise, "exact", omega_z=1e4).kernel(far, COUPLING)
    bare = flip_kernel(far, COUPLING, CAVITY, omega_z=1e4, noise=noise)
    np.testing.assert_allclose(found, bare, rtol=1e-5)


def test_tables_are_shared():
    assert table(None, "exact") is table(None, "exact")
    assert table(None, "exact") is not table(None, "printed")


def test_unknown_kernel():
    with pytest.raises(ParameterError, match="measured"):
        table(None, "measured")
