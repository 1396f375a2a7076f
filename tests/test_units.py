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
    assert set(shared) == set(artiq_units.__all__)
    for unit in shared:
        assert units.SCALES[unit] == getattr(artiq_units, unit), unit


def test_lengths():
    assert [units.SCALES[unit] for unit in ("nm", "um", "m")] == [1e-9, 1e-6, 1.0]


def test_angular_units_are_turns():
    for unit in ("Hz", "kHz", "MHz", "GHz"):
        assert units.SCALES[f"2pi {unit}"] == units.angular(units.SCALES[unit])


@pytest.mark.parametrize(
    ("unit", "base"),
    [("um", "m"), ("s", "s"), ("kHz", "Hz"), ("2pi kHz", "rad/s"), ("rad/s", "rad/s")]
    + [("%", ""), ("", ""), ("mW", "W"), ("uA", "A"), ("kV", "V"), ("atoms", "atoms")],
)
def test_si_units(unit, base):
    assert units.si_unit(unit) == base


def test_the_si_unit_is_one_of_the_table_and_worth_one():
    assert {units.SCALES[units.si_unit(unit)] for unit in units.SCALES} == {1.0}
