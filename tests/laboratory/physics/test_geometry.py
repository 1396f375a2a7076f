"""Maps of the sites, and the pump that they see."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_backend.laboratory.physics.geometry import gaussian_profile, turned


def test_a_quarter_turn_takes_x_to_y():
    np.testing.assert_allclose(
        turned([[1.0, 0.0], [0.0, 1.0]], 2.0, np.pi / 2), [[0, 2], [-2, 0]], atol=1e-15
    )


@given(st.floats(0.5, 2), st.floats(-3, 3), st.floats(-3, 3))
def test_distances_scale_and_turns_add(magnification, first, second):
    sites = np.random.default_rng(0).normal(size=(5, 2))
    once = turned(sites, magnification, first)
    np.testing.assert_allclose(
        np.linalg.norm(once, axis=1), magnification * np.linalg.norm(sites, axis=1)
    )
    np.testing.assert_allclose(
        turned(once, 1.0, second), turned(sites, magnification, first + second),
        atol=1e-12,
    )  # fmt: skip


def test_ideal_is_exactly_as_commanded():
    sites = np.random.default_rng(1).normal(size=(7, 2))
    np.testing.assert_array_equal(turned(sites, 1.0, 0.0), sites)
    np.testing.assert_array_equal(gaussian_profile(sites, None), np.ones(7))


def test_the_pump_falls_to_one_part_in_e_at_its_waist():
    profile = gaussian_profile([[0, 0], [3e-4, 0], [0, -3e-4]], 3e-4)
    assert profile.tolist() == pytest.approx([1, np.exp(-1), np.exp(-1)])
