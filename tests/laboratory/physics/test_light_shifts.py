"""Stark shifts against the estimates of an independent hand (physics.md 9)."""

from __future__ import annotations

import numpy as np
import pytest

from ccqed_ctrl.params import Cavity, Pump
from ccqed_ctrl.units import TWO_PI
from sim_backend.laboratory.physics.light_shifts import cavity_shift, pump_shift

CAVITY, PUMP = Cavity(), Pump()


def test_the_pumps_shift_is_that_of_the_papers_parameters():
    # "pump 2 pi x 267 kHz": within the convention of one or both beams.
    assert pump_shift(PUMP, PUMP.rabi_frequency) / TWO_PI == pytest.approx(
        267e3, rel=0.2
    )
    # Perturbation theory of two levels: half the splitting sqrt(D^2 + O^2) - D, twice.
    D, rabi = abs(PUMP.atomic_detuning), PUMP.rabi_frequency
    assert pump_shift(PUMP, rabi) == pytest.approx(
        2 * (np.hypot(D, rabi) - D), rel=1e-3
    )


def test_the_cavitys_shift_is_that_of_its_photons():
    field = np.array([0.3, -0.3]) * abs(CAVITY.pump_detuning)
    shift = cavity_shift(PUMP, PUMP.rabi_frequency, field)
    # "about 4.8e6 rad/s at |de| = 0.3 |D|".
    assert shift.tolist() == pytest.approx([4.8e6, 4.8e6], rel=0.2)
    # From the amplitude itself: |de| = 2 g~ |alpha|.
    alpha = field / (2 * PUMP.mode_coupling(CAVITY))
    photons = CAVITY.single_photon_coupling**2 * alpha**2 / abs(PUMP.atomic_detuning)
    np.testing.assert_allclose(shift, photons)
    assert cavity_shift(PUMP, 0.0, field).tolist() == [0.0, 0.0]
