"""Where traps and spots go, when axis and map are not the identity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccqed_ctrl.errors import ParameterError, ShapeError
from ccqed_ctrl.model.placement import commanded, seen
from ccqed_ctrl.params import Axis, Traps

PLACES = np.array([[30e-6, -20e-6], [5e-6, 60e-6], [0.0, 11e-6]])
NEAR = st.floats(-5e-6, 5e-6)
TURN = st.floats(-0.1, 0.1)


def test_a_laboratory_that_knows_nothing_commands_what_it_wants():
    np.testing.assert_array_equal(seen(PLACES, Axis()), PLACES)
    np.testing.assert_array_equal(commanded(PLACES, Axis(), Traps()), PLACES)


@given(NEAR, NEAR, TURN, TURN, TURN, TURN, NEAR, NEAR)
def test_the_map_brings_commands_to_where_they_were_wanted(a, b, p, q, r, s, x, y):
    axis, traps = Axis(a, b), Traps(1 + p, q, r, 1 + s, x, y)
    sent = commanded(PLACES, axis, traps)
    for command, place in zip(sent, PLACES, strict=True):
        right = traps.xx * command[0] + traps.xy * command[1] + traps.x
        up = traps.yx * command[0] + traps.yy * command[1] + traps.y
        np.testing.assert_allclose([right - axis.x, up - axis.y], place, atol=1e-15)
    np.testing.assert_allclose(seen(PLACES, axis) - axis.place, PLACES, atol=1e-18)


def test_a_map_that_mirrors_is_none():
    with pytest.raises(ParameterError, match="must not mirror"):
        Traps(xx=0.6, xy=1.0, yx=1.0, yy=0.6)


def test_places_are_pairs():
    with pytest.raises(ShapeError, match="places"):
        commanded(np.zeros((3, 3)), Axis(), Traps())
