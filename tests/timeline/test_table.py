"""The table of a timeline."""

from __future__ import annotations

import pytest

from sim_backend.crate.events import Event, Timeline
from sim_backend.timeline.table import rows


@pytest.fixture
def shot():
    timeline = Timeline({"ttl_camera": "ttl4", "pump_servo": "zotino0"})
    timeline.add(Event(500, "ttl_ldac", "level", 1.0))
    timeline.add(Event(1000, "zotino0", "dac0", 2.5))
    timeline.add(Event(3000, "ttl4", "level", 1.0))
    timeline.add(Event(5000, "ttl4", "level", 0.0))
    return timeline


def test_rows_are_named_and_start_at_zero(shot):
    assert rows(shot) == [
        (0.0, "pump_servo", "dac0", 2.5, "V"),
        (pytest.approx(2e-6), "ttl_camera", "level", 1.0, ""),
        (pytest.approx(4e-6), "ttl_camera", "level", 0.0, ""),
    ]
    everything = rows(shot, names_only=False)
    assert everything[0][1] == "ttl_ldac"
    assert len(everything) == 4


def test_no_rows_of_nothing():
    assert rows(Timeline()) == []
