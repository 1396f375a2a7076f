"""Hologram geometry: centred pixels, a tilted plane wave."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.model.imaging import Region, pixel_axis, reference_wave
from ccqed_ctrl.params import Imaging


@given(st.integers(16, 64), st.floats(1e-9, 1e-3))
def test_pixels_are_centred_on_the_axis(pixels, pitch):
    axis = pixel_axis(Imaging(pixels=pixels, pixel_size=pitch))
    assert len(axis) == pixels
    np.testing.assert_allclose(axis, -axis[::-1], atol=0)
    np.testing.assert_allclose(np.diff(axis), pitch)


def test_the_reference_is_a_tilted_plane_wave():
    imaging = Imaging(pixels=16, pixel_size=1e-6, carrier_x=2e5, carrier_y=-7e5)
    wave = reference_wave(imaging)
    assert wave.shape == (16, 16)
    np.testing.assert_allclose(np.abs(wave), 1)
    # y along rows, x along columns.
    np.testing.assert_allclose(np.angle(wave[1:] / wave[:-1]), -0.7)
    np.testing.assert_allclose(np.angle(wave[:, 1:] / wave[:, :-1]), 0.2)


def test_a_region_is_said_whole_or_not_at_all():
    assert (Region().left, Region().top) == (-1, -1)
    assert Region(left=0, top=7).top == 7
    for half in ({"left": 5}, {"top": 5}):
        with pytest.raises(ParameterError, match="Region"):
            Region(**half)
