"""The simulated tweezers: where they were told to go, within reach."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from ccqed_ctrl.errors import LimitError, ShapeError
from sim_backend.laboratory.controllers.tweezers import FIELD_RADIUS, SimulatedTweezers

SITES = np.array([[20e-6, 0.0], [50e-6, -10e-6], [30e-6, 40e-6]])


@pytest.fixture
def tweezers(device_manager):
    return SimulatedTweezers(device_manager)


def test_it_answers_and_is_empty_at_first(tweezers):
    assert tweezers.ping()
    assert tweezers.status() == {
        "model": "simulated tweezers",
        "simulated": True,
        "sites": 0,
    }
    assert tweezers.positions().shape == (0, 2)


def test_moving_fills_every_site(tweezers, link):
    tweezers.set_positions(SITES)
    np.testing.assert_array_equal(tweezers.positions(), SITES)
    assert tweezers.status()["sites"] == 3
    assert link.plant.magnetization().shape == (3,)
    assert np.all(link.plant.magnetization() != 0)


def test_traps_that_move_take_their_atoms_along(tweezers, link):
    tweezers.set_positions(SITES)
    path = np.stack([SITES[1:], SITES[1:] + 5e-6])
    tweezers.program([1, 2], [0.0, 1e-3], path)
    np.testing.assert_array_equal(tweezers.positions(), path[-1])
    np.testing.assert_array_equal(tweezers.occupied(), [True, True])
    assert link.plant.magnetization().shape == (2,)
    path[:] = 0
    assert np.all(tweezers.positions() != 0)


def test_deflectors_hold_only_so_many_traps_that_are_no_product_grid(link):
    truth = link.plant.scenario
    slow = truth.traps.replace(access_time=80e-6, longest_cycle=200e-6)
    link.plant.scenario = dataclasses.replace(truth, traps=slow)
    tweezers = SimulatedTweezers(SimpleNamespace(get=lambda _: link))
    with pytest.raises(LimitError, match="these 3 traps in 3 turns of 80 us"):
        tweezers.set_positions(SITES)
    grid = 1e-6 * np.array([[20, 0], [20, 50], [60, 0], [60, 50]])
    tweezers.set_positions(grid)
    # Three traps that part in both take three turns, two columns two.
    apart = np.stack([grid[:3], grid[:3] + 1e-6 * np.array([[0, 0], [1, 0], [0, 9]])])
    path = np.stack([grid, grid + 1e-6 * np.array([[0, 0], [0, 0], [0, 9], [0, 9]])])
    with pytest.raises(LimitError, match="these 3 traps in 3 turns"):
        tweezers.program([0, 1, 2], [0.0, 1e-3], apart)
    tweezers.program([0, 1, 2, 3], [0.0, 1e-3], path)
    np.testing.assert_array_equal(tweezers.positions(), path[-1])


def test_arrays_travel_by_copy(tweezers):
    sites = SITES.copy()
    tweezers.set_positions(sites)
    sites[:] = 0
    tweezers.positions()[:] = 0
    np.testing.assert_array_equal(tweezers.positions(), SITES)


def test_atoms_outlive_the_connection(tweezers, link):
    tweezers.set_positions(SITES.tolist())
    tweezers.close()
    assert link.plant.magnetization().shape == (3,)


def test_beyond_the_field_of_the_deflectors(tweezers):
    tweezers.set_positions([[FIELD_RADIUS, 0.0]])
    with pytest.raises(LimitError, match="reach 500 um .* a site is at 510 um"):
        tweezers.set_positions([[0.0, 0.0], [-FIELD_RADIUS - 10e-6, 0.0]])
    np.testing.assert_array_equal(tweezers.positions(), [[FIELD_RADIUS, 0.0]])


@pytest.mark.parametrize("bad", [np.zeros(2), np.zeros((2, 3)), [[np.nan, 0.0]], "a"])
def test_bad_positions_are_refused(tweezers, bad):
    with pytest.raises(ShapeError, match="tweezer positions"):
        tweezers.set_positions(bad)
    assert tweezers.status()["sites"] == 0
