"""Layouts: distances that hold, mirror images included, and honest widths."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccqed_ctrl.errors import LayoutError, LimitError, ParameterError, ShapeError
from ccqed_ctrl.model import layout

WIDTH, DISTANCE = 50e-6, 8e-6


@given(st.integers(1, 30), st.floats(0, DISTANCE), st.integers(0, 2**32 - 1))
def test_distances_hold_mirror_images_included(count, distance, seed):
    sites = layout.sample_layout(count, WIDTH, distance, np.random.default_rng(seed))
    assert sites.shape == (count, 2)
    assert (sites[:, 0] >= 0).all()
    everywhere = [*sites, *(-sites)]
    gaps = [np.hypot(*(a - b)) for a, b in itertools.combinations(everywhere, 2)]
    assert min(gaps) >= distance
    assert layout.smallest_gap(sites) == pytest.approx(min(gaps))


def test_the_same_seed_the_same_layout():
    draw = [
        layout.sample_layout(20, WIDTH, DISTANCE, np.random.default_rng(seed))
        for seed in (3, 3, 4)
    ]
    np.testing.assert_array_equal(draw[0], draw[1])
    assert not np.any(draw[0] == draw[2])


def test_without_a_distance_the_layout_is_gaussian():
    sites = layout.sample_layout(500, WIDTH, 0.0, np.random.default_rng(0))
    # 1000 coordinates: the rms has a relative error of 1/sqrt(2000) = 2.2 %.
    assert layout.realised_width(sites) == pytest.approx(WIDTH, rel=0.1)
    assert abs(sites[:, 1].mean()) < 5 * WIDTH / np.sqrt(500)
    # |x| of a Gaussian has the mean sqrt(2/pi) and the deviation 0.603.
    expected = np.sqrt(2 / np.pi) * WIDTH
    error = 0.603 * WIDTH / np.sqrt(500)
    assert abs(sites[:, 0].mean() - expected) < 5 * error


def test_a_distance_pushes_the_layout_out():
    widths = [
        layout.realised_width(
            layout.sample_layout(64, WIDTH, distance, np.random.default_rng(1))
        )
        for distance in (0.0, 10e-6, 14e-6)
    ]
    assert widths == sorted(widths)
    assert widths[-1] > 1.1 * WIDTH


def test_an_impossible_layout_is_refused():
    with pytest.raises(LayoutError) as caught:
        layout.sample_layout(64, 10e-6, 10e-6, np.random.default_rng(0))
    message = str(caught.value)
    assert "of 64 ensembles fit a layout of width 10 um with 10 um" in message
    assert 0 < int(message.split()[1]) < 64


def test_known_widths_and_gaps():
    sites = np.array([[3.0, 4.0], [3.0, -4.0]])
    assert layout.realised_width(sites) == np.sqrt(12.5)
    # (3, 4) is 8 from (3, -4) and 6 from its mirror image (-3, 4).
    assert layout.smallest_gap(sites) == 6
    assert layout.smallest_gap([[1.0, 0.0]]) == 2


@pytest.mark.parametrize(
    ("count", "width", "distance"),
    [(0, WIDTH, 0), (1.5, WIDTH, 0), (3, 0.0, 0), (3, WIDTH, -1e-6), (3, np.nan, 0)],
)
def test_bad_input_is_refused(count, width, distance):
    with pytest.raises(ParameterError):
        layout.sample_layout(count, width, distance, np.random.default_rng(0))


def test_bad_positions_are_refused():
    for function in (layout.realised_width, layout.smallest_gap):
        with pytest.raises(ShapeError):
            function(np.zeros((3, 3)))


@pytest.mark.parametrize(
    ("sites", "um"),
    [
        ([[20, 0], [20, 2.5]], 2.5),  # each other
        ([[20, 5], [-19, -5]], 1),  # another's mirror image
        ([[50, 0], [1, 0]], 2),  # its own
    ],
)
def test_sites_keep_their_distance_from_all_mirror_images(sites, um):
    with pytest.raises(LimitError, match=rf"distance of sites .* asks for {um:g}e-06"):
        layout.enforce_spacing(np.multiply(sites, 1e-6))


def test_sites_apart_are_within_limits():
    assert (
        layout.enforce_spacing([[20e-6, 5e-6], [-19e-6, 5e-6], [1.5e-6, 0.0]]) is None
    )
    assert layout.enforce_spacing(np.empty((0, 2))) is None
    with pytest.raises(ShapeError):
        layout.enforce_spacing([1e-6, 2e-6])


# Product grids ------------------------------------------------------------------------


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_a_grid_is_a_product_and_its_distances_hold(columns, rows, seed):
    rng = np.random.default_rng(seed)
    sites = layout.sample_grid(columns * rows, columns, WIDTH, DISTANCE, rng)
    x, y = sites[:columns, 0], sites[::columns, 1]
    np.testing.assert_array_equal(
        sites, np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    )
    assert (x > 0).all()
    assert layout.smallest_gap(sites) >= DISTANCE


def test_without_a_distance_columns_and_rows_are_gaussian():
    rng = np.random.default_rng(0)
    sites = layout.sample_grid(400 * 400, 400, WIDTH, 0.0, rng)
    assert layout.realised_width(sites) == pytest.approx(WIDTH, rel=0.1)
    assert abs(sites[::400, 1].mean()) < 5 * WIDTH / np.sqrt(400)


@pytest.mark.parametrize(
    ("count", "columns", "message"),
    [
        (64, 7, "64 ensembles are no product grid of 7 columns"),
        (2, 4, "no product grid of 4 columns"),
        (128, 2, "of 64 rows fit"),
        (128, 64, "of 64 columns fit"),
    ],
)
def test_grids_that_cannot_be_are_refused(count, columns, message):
    with pytest.raises(LayoutError, match=message):
        layout.sample_grid(count, columns, WIDTH, DISTANCE, np.random.default_rng(0))
