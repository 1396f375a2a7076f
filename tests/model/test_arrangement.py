"""Loaded traps to their sites: all that can be filled is, and no two moves meet."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccqed_ctrl.errors import LayoutError, ParameterError
from ccqed_ctrl.model import arrangement
from ccqed_ctrl.model.arrangement import (
    PITCH,
    assign,
    closest_approach,
    top_speed,
    trajectories,
    with_reservoir,
)
from ccqed_ctrl.model.layout import sample_layout

UM = 1e-6


def sites(count, seed):
    return sample_layout(count, 50 * UM, 10 * UM, np.random.default_rng(seed))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 16), st.integers(0, 40), st.integers(0, 999))
def test_a_reservoir_keeps_its_distance(count, more, seed):
    placed = sites(count, seed)
    traps = with_reservoir(placed, more)
    assert traps.shape == (count + more, 2)
    np.testing.assert_array_equal(traps[:count], placed)
    assert closest_approach(traps[None]) >= PITCH * (1 - 1e-9)


def test_the_reservoir_is_near():
    """A hexagon of pitch a has a point for each sqrt(3)/2 a^2; two sites cost a few.

    Also about the axis, where mirror images are: nothing is loaded in light.
    """
    for middle in (80 * UM, 7.5 * UM):
        placed = np.array([[middle - 7.5 * UM, 0.0], [middle + 7.5 * UM, 0.0]])
        traps = with_reservoir(placed, 50)[2:]
        reach = np.linalg.norm(traps - placed.mean(axis=0), axis=1).max()
        assert reach < PITCH * math.sqrt(70 * math.sqrt(0.75) / math.pi)


def test_sites_too_close_to_pass_are_refused():
    with pytest.raises(LayoutError, match="4.25 um apart.*4 um apart.*reservoir=0"):
        with_reservoir([[20 * UM, 0.0], [24 * UM, 0.0]], 3)
    assert len(with_reservoir([[20 * UM, 0.0], [24 * UM, 0.0]], 0)) == 2


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(1, 30), st.floats(0.2, 1.0), st.integers(0, 999))
def test_sites_are_filled_and_moves_keep_apart(count, more, share, seed):
    """By construction within the limit of spacing: PITCH / sqrt(2)."""
    placed = sites(count, seed)
    traps = with_reservoir(placed, more)
    loaded = np.random.default_rng(seed).random(len(traps)) < share
    chosen = assign(traps, loaded, placed)
    assert len(set(chosen)) == count
    assert np.count_nonzero(loaded[chosen]) == min(count, np.count_nonzero(loaded))
    _, path = trajectories(traps[chosen], placed, 0.1)
    assert closest_approach(path) >= PITCH / math.sqrt(2)


@given(st.integers(1, 5), st.integers(0, 3), st.integers(0, 999))
@settings(max_examples=40, deadline=None)
def test_the_ways_are_the_shortest(count, more, seed):
    rng = np.random.default_rng(seed)
    traps, ends = rng.normal(size=(count + more, 2)), rng.normal(size=(count, 2))
    found = assign(traps, np.ones(len(traps), bool), ends)
    least = min(
        np.sum((traps[list(each)] - ends) ** 2)
        for each in itertools.permutations(range(len(traps)), count)
    )
    assert np.sum((traps[found] - ends) ** 2) == pytest.approx(least)


def test_a_straight_move_is_as_fast_as_told():
    times, path = trajectories([[0.0, 0.0], [0.0, 9 * UM]], [[6 * UM, 8 * UM]] * 2, 0.1)
    assert times[0] == 0.0
    assert times[-1] == pytest.approx(15 / 8 * 10 * UM / 0.1)
    np.testing.assert_array_equal(path[[0, -1], 0], [[0, 0], [6 * UM, 8 * UM]])
    assert top_speed(times, path)[0] == pytest.approx(0.1, rel=0.01)
    along = path[:, 0] @ [0.6, 0.8]
    np.testing.assert_allclose(path[:, 0], along[:, None] * [0.6, 0.8], atol=1e-12)


def test_what_stays_takes_no_time():
    times, path = trajectories([[1.0, 2.0]], [[1.0, 2.0]], 0.1)
    assert times.tolist() == [0.0]
    assert path.tolist() == [[[1.0, 2.0]]]
    np.testing.assert_array_equal(top_speed(times, path), [0.0])


def test_the_closest_approach_is_between_the_samples():
    """Two traps that pass each other on lines 2 um apart, sampled far from there."""
    path = np.array([[[-9, 0], [9, 2]], [[9, 0], [-9, 2]]]) * UM
    assert closest_approach(path) == pytest.approx(2 * UM)
    assert closest_approach(path[:, :1]) == math.inf
    assert closest_approach(path[:1]) == pytest.approx(math.hypot(18, 2) * UM)


@pytest.mark.parametrize("speed", [0.0, -1.0, math.nan, math.inf])
def test_a_speed_that_is_none(speed):
    with pytest.raises(ParameterError, match="speed"):
        trajectories([[0.0, 0.0]], [[1.0, 0.0]], speed)


def test_a_lattice_has_one_distance():
    points = arrangement._lattice(2)
    gaps = np.linalg.norm(points - points[12], axis=1)
    assert np.sort(gaps)[1:7] == pytest.approx(PITCH)
