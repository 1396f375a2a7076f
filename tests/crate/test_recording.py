"""The plant that only remembers: wires, clocks over them, scripts."""

from __future__ import annotations

import pytest
from artiq.experiment import delay, delay_mu, kernel, now_mu, parallel, sequential, us

from ccqed_ctrl.errors import ParameterError
from sim_backend.crate.events import Event
from sim_backend.crate.recording import REMEMBERED, RecordingPlant
from sim_backend.crate.rtio import OUTPUT_LATENCY


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


def test_a_script_replaces_what_an_input_did():
    plant = RecordingPlant(inputs={"pin": [(10, 1)]})
    plant.script("pin", [(30, 1), (20, 1), (40, 0)])
    assert plant.edges("pin", 0, 100) == [(20, 1), (40, 0)]


def test_an_endless_wire_is_forgotten():
    plant = RecordingPlant({"out": "pin"})
    for start in range(0, 5 * REMEMBERED, REMEMBERED):
        _levels(plant, *((start + t, t % 2) for t in range(REMEMBERED)))
    last = 5 * REMEMBERED
    assert len(plant.edges("pin", 0, last)) <= 2 * REMEMBERED
    assert plant.edges("pin", last - 2, last) == [(last - 2, 0), (last - 1, 1)]


class Looped:
    """One output on one input, another input by script."""

    @kernel
    def edges(self):
        self.core.reset()
        delay(100 * us)
        start = now_mu()
        with parallel:
            end = self.in0.gate_rising_mu(20_000)
            with sequential:
                delay_mu(1000)
                for _ in range(3):
                    self.ttl0.pulse_mu(500)
                    delay_mu(1500)
        first = self.in0.timestamp_mu(end)
        return first - start, self.in0.count(end)

    @kernel
    def levels(self):
        self.core.reset()
        delay(100 * us)
        self.ttl0.on()
        delay(1 * us)
        self.in0.sample_input()
        delay(1 * us)
        self.ttl0.off()
        delay(1 * us)
        self.in0.sample_input()
        self.in1.sample_input()
        return self.in0.sample_get(), self.in0.sample_get(), self.in1.sample_get()


def test_a_kernel_sees_what_comes_over_the_wire(make_bench, bench):
    plant = RecordingPlant({"ttl0": "in0"}, {"in1": [(1000, 1)]})
    lab = make_bench(bench.device_db, plant).experiment(Looped, "ttl0", "in0", "in1")
    first, more = lab.edges()
    assert first == 1000 + OUTPUT_LATENCY * 8
    assert more == 2
    assert lab.levels() == (1, 0, 1)
