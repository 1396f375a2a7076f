"""Lanes of a run: order, names, gates, window."""

from __future__ import annotations

import pytest

from sim_backend.crate.events import Event, Timeline
from sim_backend.timeline.lanes import lanes, window

from .shots import sweep


def test_tones_come_first_with_their_switches_then_voltages_then_levels(shot):
    found = lanes(shot)
    assert [lane.name for lane in found] == ["tone", "servo", "gate"]
    assert [lane.device for lane in found] == ["dds0", "zotino0 dac0", "ttl5"]
    assert found[0].gate == [pytest.approx((2e-3, 4e-3))]
    assert found[0].carrier == 200e6
    assert found[1].gate is None
    assert list(found[1].values) == [0.0, 2.5, 0.0]


def test_a_frequency_that_changes_has_a_lane_below_its_amplitude():
    amplitude, frequency, voltage = lanes(sweep())
    assert (amplitude.name, amplitude.device) == ("probe", "dds0")
    assert (frequency.name, frequency.device) == ("probe", "dds0 frequency")
    assert amplitude.carrier == 0
    assert frequency.span == (79e6, 81e6)
    assert voltage.span == (-2.5, 1.5)


def test_the_window_is_where_something_is_on(shot):
    assert window(lanes(shot)) == pytest.approx((2e-3, 6e-3))


def test_without_anything_that_is_on_the_window_is_everything():
    found = [lane for lane in lanes(sweep()) if lane.gate is None]
    assert window(found) == pytest.approx((0, 3e-6))
    timeline = Timeline({"line": "ttl0"})
    timeline.add(Event(1000, "ttl0", "level", 1.0))
    start, stop = window(lanes(timeline))
    assert (start, stop) == (0.0, 1e-6)


def test_only_real_changes_count(shot):
    tone, servo, gate = lanes(shot)
    assert sorted(tone.changes()) == pytest.approx([1e-3, 2e-3, 4e-3])
    assert sorted(servo.changes()) == pytest.approx([3e-3, 89e-3])
    assert sorted(gate.changes()) == pytest.approx([5e-3, 6e-3])
