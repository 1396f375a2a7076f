"""Crossed deflectors: what is a product, and how many products the rest is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccqed_ctrl.errors import LimitError
from ccqed_ctrl.model.deflectors import enforce_turns, turns

UM = 1e-6


def product(x, y):
    return UM * np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 999))
def test_a_product_grid_is_lit_at_once_in_any_order_and_to_rounding(across, up, seed):
    rng = np.random.default_rng(seed)
    sites = product(rng.normal(size=across) * 50, rng.normal(size=up) * 50)
    sites = rng.permutation(sites) + rng.uniform(-1e-13, 1e-13, (len(sites), 2))
    assert turns(sites) == 1


@given(st.integers(2, 12), st.integers(0, 999))
def test_traps_anywhere_take_a_turn_each(count, seed):
    assert turns(np.random.default_rng(seed).normal(size=(count, 2))) == count


@pytest.mark.parametrize(
    ("sites", "wanted"),
    [
        (np.empty((0, 2)), 0),
        ([[1, 2]], 1),
        # Two columns with other rows each: one column, then the other.
        ([[0, 0], [0, 5], [9, 1], [9, 7]], 2),
        # Three columns, of which two have the same rows.
        ([[0, 0], [0, 5], [9, 0], [9, 5], [20, 3]], 2),
        # A grid without one trap: the full column, and the other.
        (product([0, 9], [0, 5, 11])[1:] / UM, 2),
        # Many columns of one trap in two rows: by rows it takes two turns.
        ([[x, 5 * (x % 2)] for x in range(10)], 2),
        # A diagonal shares nothing.
        ([[0, 0], [1, 1], [2, 2]], 3),
    ],
)
def test_columns_with_the_same_rows_share_a_turn(sites, wanted):
    assert turns(UM * np.asarray(sites)) == wanted


def test_traps_by_turns_are_allowed_while_each_is_lit_often_enough():
    """lab.md 6: 4 mm of tellurium dioxide, 6.2 us; at 5 kHz 32 traps."""
    sites = np.random.default_rng(0).normal(scale=50 * UM, size=(33, 2))
    enforce_turns(sites[None, :32], 6.2 * UM, 200 * UM)
    with pytest.raises(LimitError, match="these 33 traps in 33 turns of 6.2 us"):
        enforce_turns(sites[None], 6.2 * UM, 200 * UM)
    enforce_turns(sites[None], 0.0, 200 * UM)


def test_a_product_grid_needs_no_turns_however_slow_the_sound():
    grid = product(range(9), range(11))
    enforce_turns(grid[None], 1.0, 200 * UM)


def test_every_place_on_the_way_counts():
    grid = product([0, 9], [0, 5])
    astray = grid + UM * np.array([[0, 0], [1, 1], [2, 2], [3, 3]])
    way = np.stack([grid, astray, grid])
    enforce_turns(way, 50 * UM, 200 * UM)
    with pytest.raises(LimitError, match="in 4 turns"):
        enforce_turns(way, 51 * UM, 200 * UM)
    enforce_turns(np.empty((1, 0, 2)), 51 * UM, 200 * UM)
