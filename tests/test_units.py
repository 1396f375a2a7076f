"""Units: one 2*pi, and ARTIQ's own scales."""

from __future__ import annotations

import math

import pytest
from artiq.language import units as artiq_units
from hypothesis import given
from hypothesis import strategies as st

from ccqed_ctrl import units


@given(st.floats(-1e15, 1e15))
def test_angular_and_back(hertz):
    assert units.frequency(units.angular(hertz)) == pytest.approx(hertz, rel=1e-15)


def test_one_hertz_is_one_turn_a_second():
    assert math.cos(units.angular(1.0)) == 1.0
    assert units.angular(1.0) == pytest.approx(math.tau, rel=1e-15)


def test_display_units_are_those_of_artiq():
    shared = [unit for unit in units.SCALES if hasattr(artiq_units, unit)]
    assert {"ns", "us", "ms", "s", "kHz", "MHz", "mV", "V", "dB"} <= set(shared)
    for unit in shared:
        assert units.SCALES[unit] == getattr(artiq_units, unit), unit


def test_lengths():
    assert [units.SCALES[unit] for unit in ("nm", "um", "m")] == [1e-9, 1e-6, 1.0]
