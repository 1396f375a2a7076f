"""The link: seals, hands events over once, asks the plant."""

from __future__ import annotations

import pytest

from ccqed_ctrl.errors import DeviceError, TimelineError
from sim_backend.crate.link import Link


class Plant:
    def __init__(self):
        self.lived = []

    def advance(self, events, until_mu):
        self.lived.append((events, until_mu))

    def observe(self, channel, signal, time_mu):
        return {"adc0": 1.5}[signal] + time_mu

    def safe_state(self):
        return ["pump_servo"]


@pytest.fixture
def link():
    return Link(None, {"pump_servo": "zotino0"}, plant=Plant())


def test_events_are_handed_over_once_and_in_order(link):
    link.output(20, "ttl0", "level", 1)
    link.output(10, "ttl1", "level", 1)
    link.sync(15)
    link.sync(30)
    first, second = link.plant.lived
    assert [(e.time_mu, e.channel) for e in first[0]] == [(10, "ttl1")]
    assert [(e.time_mu, e.channel) for e in second[0]] == [(20, "ttl0")]
    assert (first[1], second[1]) == (15, 30)
    assert all(type(e.time_mu) is int and type(e.value) is float for e in first[0])


def test_time_never_runs_back(link):
    link.sync(30)
    link.sync(10)
    assert [until for _, until in link.plant.lived] == [30, 30]
    with pytest.raises(TimelineError):
        link.output(29, "ttl0", "level", 1)


def test_observing_lets_everything_before_happen(link):
    link.output(20, "ttl0", "level", 1)
    assert link.observe("sampler0", "adc0", 25) == 26.5
    ((events, until),) = link.plant.lived
    assert [e.time_mu for e in events] == [20]
    assert until == 25


def test_safe_state_is_the_plants(link):
    assert link.safe_state() == ["pump_servo"]


def test_a_plant_without_digital_inputs_is_named(link):
    with pytest.raises(DeviceError, match="drives ttl0"):
        link.edges("ttl0", 0, 10)
