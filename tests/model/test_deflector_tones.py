"""Tones of crossed deflectors: found again in the samples, trap by trap."""

from __future__ import annotations

import numpy as np
import pytest

from ccqed_ctrl.model.deflector_tones import STILL, Deflection

RATE, GRAIN = 50e6, 32
DEFLECTION = Deflection((5e-6, -8e-6), (10e6, 12e6), (10e-12, -20e-12), 0.3, 20e-6)
STRAIGHT = Deflection((0.0, 0.0), (10e6, 10e6), (10e-12, 10e-12), 0.0, 20e-6)
GRID = np.array([[x, y] for x in (-20e-6, 5e-6, 30e-6) for y in (-10e-6, 10e-6)])


def found(samples):
    """Return the tones (M,) Hz of samples (S,), and their amplitudes."""
    heights = np.abs(np.fft.rfft(samples)) * 2 / len(samples)
    tones = np.flatnonzero(heights > 0.05)
    return tones * RATE / len(samples), heights[tones]


def test_a_trap_is_where_its_tones_put_it():
    """r = centre + A (f - frequency) scale, with A a turn by the rotation."""
    sites = np.array([[30e-6, 10e-6], [-7e-6, 60e-6]])
    turn = np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    shifts = (DEFLECTION.tones(sites) - [10e6, 12e6]) * [10e-12, -20e-12]
    np.testing.assert_allclose(shifts @ turn.T + [5e-6, -8e-6], sites, atol=1e-12)


def test_a_product_grid_is_as_many_tones_as_columns_and_rows_of_one_strength():
    samples = STRAIGHT.still(GRID, RATE, GRAIN)
    assert samples.shape == (2, round(STILL * RATE / GRAIN) * GRAIN)
    assert np.abs(samples).max() <= 1
    for axis, wanted in ((0, [8e6, 10.5e6, 13e6]), (1, [9e6, 11e6])):
        tones, heights = found(samples[axis])
        # To half of 1 / STILL, which is 5 nm.
        np.testing.assert_allclose(tones, wanted, atol=0.5 / STILL)
        np.testing.assert_allclose(heights, 1 / len(wanted), rtol=1e-6)


def test_traps_of_no_grid_are_lit_by_turns():
    sites = np.array([[0.0, 0.0], [20e-6, 10e-6], [-30e-6, 40e-6]])
    samples = STRAIGHT.still(sites, RATE, GRAIN)
    window = round(20e-6 * RATE)
    assert abs(samples.shape[1] - 3 * window) < GRAIN
    for number, site in enumerate(sites[[2, 0, 1]]):  # from the left
        for axis in range(2):
            part = samples[axis, number * window : (number + 1) * window]
            tones, _ = found(part[: window - GRAIN])
            np.testing.assert_allclose(
                tones.mean(), 10e6 + site[axis] / 10e-12, atol=2 * RATE / window
            )


def test_a_tone_follows_its_trap_without_a_jump():
    """The phase is the integral of the frequency: from 10 to 12 MHz, and to 11."""
    times = np.array([0.0, 1e-4, 3e-4])
    path = np.array([[[0.0, 0.0]], [[20e-6, 0.0]], [[10e-6, 0.0]]])
    samples = STRAIGHT.moving(times, path, RATE, GRAIN)
    assert samples.shape[1] == GRAIN * np.ceil(3e-4 * RATE / GRAIN)
    instants = np.arange(samples.shape[1]) / RATE
    first = 10e6 * instants + 2e6 * instants**2 / 2e-4
    later = instants - 1e-4
    second = 11e6 * 1e-4 + 12e6 * later - 1e6 * later**2 / 4e-4
    cycles = np.where(instants < 1e-4, first, second)[: round(3e-4 * RATE)]
    wanted = np.sin(2 * np.pi * cycles)
    np.testing.assert_allclose(samples[0, : len(wanted)], wanted, atol=1e-6)


@pytest.mark.parametrize("times", [[0.0], [0.0, 1e-9]])
def test_a_move_takes_a_grain_at_least(times):
    path = np.zeros((len(times), 1, 2))
    assert STRAIGHT.moving(np.array(times), path, RATE, GRAIN).shape == (2, GRAIN)
