"""The plant that only remembers: wires, clocks over them, scripts."""

from __future__ import annotations

import pytest

from ccqed_ctrl.errors import ParameterError
from sim_backend.crate.events import Event
from sim_backend.crate.recording import RecordingPlant


def _levels(plant, *steps):
    plant.advance([Event(t, "out", "level", float(v)) for t, v in steps], 0)


def test_a_wire_drives_a_pin_and_its_counter():
    plant = RecordingPlant({"out": ("pin", "counter")})
    _levels(plant, (100, 1), (200, 0))
    for driven in ("pin", "counter"):
        assert plant.edges(driven, 0, 1000) == [(100, 1), (200, 0)]
        assert [plant.observe(driven, "level", t) for t in (99, 100, 200)] == [0, 1, 0]


@pytest.mark.parametrize("cut", [100, 150, 200, 201])
def test_looks_at_an_input_meet_without_gap_or_overlap(cut):
    plant = RecordingPlant({"out": "pin"})
    _levels(plant, (100, 1), (200, 0))
    seen = plant.edges("pin", 0, cut) + plant.edges("pin", cut, 1000)
    assert seen == [(100, 1), (200, 0)]


def test_a_clock_goes_high_when_it_is_set_and_low_when_it_stops():
    plant = RecordingPlant({"clock": "pin"})
    plant.advance([Event(1000, "clock", "frequency", 1e6)], 0)
    plant.advance([Event(2600, "clock", "frequency", 0.0)], 0)
    edges = [(1000, 1), (1500, 0), (2000, 1), (2500, 0)]
    assert plant.edges("pin", 0, 10_000) == edges
    assert plant.edges("pin", 1500, 2500) == edges[1:3]
    assert [plant.observe("pin", "level", t) for t in (999, 1000, 1600)] == [0, 1, 0]


def test_a_clock_that_stops_high_falls():
    plant = RecordingPlant({"clock": "pin"})
    plant.advance([Event(0, "clock", "frequency", 1e6)], 0)
    plant.advance([Event(1100, "clock", "frequency", 0.0)], 0)
    assert plant.edges("pin", 600, 10_000) == [(1000, 1), (1100, 0)]


def test_scripts_are_steps():
    plant = RecordingPlant(inputs={"adc.adc3": [(20, 0.5), (10, -1.0)]})
    assert [plant.observe("adc", "adc3", t) for t in (9, 10, 20)] == [0.0, -1.0, 0.5]
    with pytest.raises(ParameterError, match="steps are"):
        RecordingPlant(inputs={"pin": [3]})
