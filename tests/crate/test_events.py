"""The timeline: any order in, sorted out, sealed once used."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccqed_ctrl.errors import ShapeError, TimelineError
from sim_backend.crate.events import Event, Timeline, pack, unpack


def timeline(*steps, channel="ttl0", signal="level"):
    made = Timeline()
    for time_mu, value in steps:
        made.add(Event(time_mu, channel, signal, value))
    return made


def test_events_come_sorted_whatever_their_order():
    made = timeline((30, 1.0), (10, 1.0), (20, 0.0))
    assert [event.time_mu for event in made.events] == [10, 20, 30]
    assert made.track("ttl0", "level") == [(10, 1.0), (20, 0.0), (30, 1.0)]


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 3)), max_size=30),
    st.lists(st.integers(0, 60), max_size=5),
)
def test_values_are_those_of_the_last_event_before(steps, seals):
    made, last = Timeline(), {}
    for time_mu, value in steps:
        made.add(Event(time_mu, "a", "x", float(value)))
        last[time_mu] = float(value)
    for at in range(52):
        earlier = [time for time in last if time <= at]
        if last:
            expected = last[max(earlier)] if earlier else 0.0
            assert made.value("a", "x", at) == expected
    handed = [event for until in sorted(seals) for event in made.seal(until)]
    handed += made.seal(100)
    assert handed == made.events
    assert [(e.time_mu, e.value) for e in handed] == sorted(last.items())


def test_an_equal_time_replaces():
    made = timeline((10, 1.0), (10, 0.0))
    assert made.events == [Event(10, "ttl0", "level", 0.0)]
    assert made.pulses("ttl0") == []


def test_pulses():
    made = timeline((10, 1.0), (30, 0.0), (40, 1.0), (45, 1.0), (50, 0.0), (60, 1.0))
    assert made.pulses("ttl0") == [(10, 30), (40, 50)]
    assert made.pulses("never driven") == []


def test_the_past_is_closed_after_sealing():
    made = timeline((10, 1.0), (30, 0.0))
    assert [event.time_mu for event in made.seal(20)] == [10]
    assert made.sealed_mu == 20
    with pytest.raises(TimelineError, match="sealed up to 20 mu"):
        made.add(Event(19, "ttl0", "level", 1.0))
    made.add(Event(20, "ttl0", "level", 1.0))
    assert [event.time_mu for event in made.seal(40)] == [20, 30]
    assert made.seal(15) == []
    assert made.sealed_mu == 40


def test_an_unknown_signal_is_named():
    made = timeline((10, 1.0))
    with pytest.raises(TimelineError, match=r"ttl0.frequency; driven so far: ttl0.lev"):
        made.value("ttl0", "frequency")
    assert made.signals() == [("ttl0", "level")]
    assert made.value("ttl0", "level") == 1.0
    assert made.value("ttl0", "level", at=9) == 0.0


def test_the_laboratorys_names_may_be_asked_for():
    made = Timeline({"ttl_camera": "ttl4", "pump_plus": "urukul0_ch0"})
    made.add(Event(10, "ttl4", "level", 1.0))
    made.add(Event(20, "ttl4", "level", 0.0))
    made.add(Event(15, "urukul0_ch0", "amplitude", 0.5))
    assert made.pulses("ttl_camera") == made.pulses("ttl4") == [(10, 20)]
    assert made.value("pump_plus", "amplitude", at=16) == 0.5


EVENTS = st.builds(
    Event,
    st.integers(-(2**62), 2**62),
    st.sampled_from(["ttl0", "urukul0_ch1", "µ"]),
    st.sampled_from(["level", "frequency"]),
    st.floats(allow_nan=False, allow_infinity=False),
)


@given(st.lists(EVENTS, max_size=20))
def test_events_are_unpacked_as_they_were_packed(events):
    batch = pack(events)
    assert len(batch["lines"]) == len({event[1:3] for event in events})
    made = unpack(batch)
    assert made == events
    assert all(type(e.time_mu) is int and type(e.value) is float for e in made)


@pytest.mark.parametrize(
    ("key", "column"),
    [
        ("time_mu", np.zeros((2, 2))), ("value", np.zeros(3)), ("value", [np.nan] * 2),
        ("line", np.zeros(1)), ("line", [0, 1]), ("line", [0, -1]), ("lines", []),
        ("time_mu", ["a", "b"]),
    ],
)  # fmt: skip
def test_batches_that_are_none_are_refused(key, column):
    batch = pack([Event(1, "ttl0", "level", 1.0), Event(2, "ttl0", "level", 0.0)])
    with pytest.raises(ShapeError, match="of events|events of"):
        unpack(batch | {key: column})
