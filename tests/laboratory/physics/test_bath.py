"""Noise in blocks: its correlation in closed form, and pieces that are one."""

import numpy as np
import pytest

from ccqed_ctrl.errors import ParameterError
from sim_backend.laboratory.physics.bath import Bath
from sim_backend.laboratory.physics.system import OhmicNoise

OHMIC = OhmicNoise(alpha=2.0, cutoff=1e5)
DURATION = 8e-3


def drawn(sites=1, seed=0):
    rng = np.random.default_rng(seed)
    return Bath.begin(OHMIC, sites, rng).reaching(DURATION, rng)


def test_correlation_is_that_of_the_spectrum_wherever_it_begins():
    """2 alpha cutoff^2 (1 - u^2)/(1 + u^2)^2, u = cutoff tau; also across blocks."""
    chi = drawn(sites=4000).rows
    lags = np.array([0, 4, 16, 48, 160])
    u = lags / 16
    scale = 2 * OHMIC.alpha * OHMIC.cutoff**2
    expected = scale * (1 - u**2) / (1 + u**2) ** 2
    # Standard error of a product of two Gaussians: scale / sqrt(4000) at most, twice.
    for row in (0, 700, 2047, 2048, 5000):
        found = np.mean(chi[row] * chi[row + lags], axis=1)
        np.testing.assert_allclose(
            found, expected, atol=4 * scale * np.sqrt(2 / 4000), err_msg=f"{row=}"
        )


def test_pieces_are_the_same_noise_as_the_whole():
    whole, rng = drawn(), np.random.default_rng(0)
    piece, passed = Bath.begin(OHMIC, 1, rng), 0.0
    for duration in (1e-7, 3e-3, 1.234e-3, 2e-3):
        piece = piece.reaching(duration, rng)
        row = int(passed * whole.density)
        assert piece.position == pytest.approx(passed * whole.density - row, abs=1e-6)
        ahead = int(duration * whole.density)
        assert len(piece.rows) >= ahead + 2
        np.testing.assert_array_equal(piece.rows[:ahead], whole.rows[row : row + ahead])
        piece, passed = piece.after(duration), passed + duration


def test_a_quantum_bath_is_refused():
    with pytest.raises(ParameterError, match="quantum bath is no waveform"):
        Bath.begin(OhmicNoise(quantum=True), 1, np.random.default_rng(0))
