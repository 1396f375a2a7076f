"""The graph of calibrations: which hold, and what is to be run in which order."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccqed_ctrl import belief
from ccqed_ctrl.calibration import graph
from ccqed_ctrl.calibration.graph import GRAPH, Node, State, statuses
from ccqed_ctrl.calibration.record import Record
from ccqed_ctrl.errors import CalibrationError

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
#: a and b stand alone, c rests on both, d on c.
SMALL = {
    "d": Node({"d.x": 0.0}, ("c",), 1000.0),
    "c": Node({"c.x": 0.0, "c.y": 0.0}, ("a", "b"), 1000.0),
    "b": Node({"b.x": 0.0}, (), 1000.0),
    "a": Node({"a.x": 0.0}, (), 1000.0),
}


def measured(name, rid, age=100.0, parents=(), **changes):
    """Return the records of one calibration, `age` s old."""
    time = (NOW - timedelta(seconds=age)).isoformat()
    record = Record(
        1.0, rid, time, 0.1, "", name, SMALL[name].validity, dict(parents), **changes
    )
    return dict.fromkeys(SMALL[name].gives, record)


def id_of(records, name):
    return records[next(iter(SMALL[name].gives))].id


def whole():
    """Return records of all, each measured with what stands."""
    records = measured("a", 1) | measured("b", 2)
    parents = {"a": id_of(records, "a"), "b": id_of(records, "b")}
    records |= measured("c", 3, parents=parents)
    return records | measured("d", 4, parents={"c": id_of(records, "c")})


def states(records, now=NOW):
    return {name: str(s.state) for name, s in statuses(records, now, SMALL).items()}


def test_a_laboratory_that_was_never_calibrated_may_work():
    found = statuses({}, NOW, SMALL)
    assert {status.state for status in found.values()} == {State.amber}
    assert graph.refusal(found, found) == ""
    names = graph.due(found)
    assert set(names) == set(SMALL)
    assert names.index("c") > max(names.index("a"), names.index("b"))
    assert names[-1] == "d"


def test_what_was_measured_with_what_holds_is_green():
    assert set(states(whole()).values()) == {"green"}
    assert graph.due(statuses(whole(), NOW, SMALL)) == []


def test_a_changed_one_makes_its_children_stale_and_nothing_else():
    records = whole() | measured("a", 9, age=10.0)
    found = statuses(records, NOW, SMALL)
    assert states(records) == {"a": "green", "b": "green", "c": "red", "d": "amber"}
    assert found["c"].reason == "stale: a was measured anew (run 9)"
    assert found["d"].reason == "rests on c"
    assert graph.due(found) == ["c"]  # d may hold again
    assert "c is stale: a was measured anew" in graph.refusal(found, found)
    assert graph.refusal(found, graph.ancestors("c", SMALL)) == ""


def test_one_that_is_gone_makes_its_children_orphans():
    records = whole()
    del records["b.x"]
    found = statuses(records, NOW, SMALL)
    assert found["b"].reason == "never measured"
    assert found["c"].reason == "orphaned: b (run 2) is gone"
    assert found["c"].state is State.red
    assert graph.due(found) == ["b", "c"]


def test_one_that_was_found_again_keeps_its_children():
    records = whole()
    later = NOW + timedelta(seconds=2000)
    for name in ("a", "b", "c", "d"):
        of = dict.fromkeys(SMALL[name].gives, records[next(iter(SMALL[name].gives))])
        for field, record in of.items():
            records[field] = record.holds(later.isoformat(), record.parents)
    assert set(states(records, later).values()) == {"green"}


@pytest.mark.parametrize(
    ("age", "state", "reason"),
    [
        (0.0, "green", "measured by a"),
        (749.0, "green", "measured by a"),
        (751.0, "amber", "due in 4 min"),
        (999.0, "amber", "due in 1 s"),
        (1001.0, "red", "too old: valid for 17 min"),
    ],
)
def test_age_is_amber_before_it_is_red(age, state, reason):
    status = statuses(measured("a", 1, age=age), NOW, SMALL)["a"]
    assert (status.state, status.reason) == (state, reason)
    assert status.age == pytest.approx(age)


def test_half_a_calibration_is_none():
    records = whole()
    del records["c.y"]
    assert statuses(records, NOW, SMALL)["c"].reason == "orphaned: no c.y"
    records = whole()
    records["c.y"] = dataclasses.replace(records["c.y"], rid=7)
    assert "values of several runs" in statuses(records, NOW, SMALL)["c"].reason


def test_a_record_of_nobody_is_red():
    stray = Record(1.0, 5, NOW.isoformat(), by="gone")
    found = statuses({"x.y": stray}, NOW, SMALL)
    assert found["gone"].state is State.red
    assert "there is no calibration 'gone' that gives x.y" in found["gone"].reason
    assert graph.refusal(found, found)


def test_a_record_from_before_the_graph_is_only_amber():
    found = statuses({"a.x": Record(1.0, 5, "yesterday")}, NOW, SMALL)
    assert found["a"].state is State.amber
    assert graph.refusal(found, found) == ""


def test_a_time_that_is_none_is_red():
    record = dataclasses.replace(measured("a", 1)["a.x"], time="yesterday")
    status = statuses({"a.x": record}, NOW, SMALL)["a"]
    assert status.state is State.red
    assert "no known time ('yesterday')" in status.reason


@given(st.permutations(list(SMALL)))
def test_the_order_respects_what_rests_on_what(names):
    found = graph.order({name: SMALL[name] for name in names})
    assert sorted(found) == sorted(SMALL)
    for name in found:
        for need in SMALL[name].needs:
            assert found.index(need) < found.index(name)


def test_circles_and_strangers_are_refused():
    with pytest.raises(CalibrationError, match="rest on themselves: a"):
        graph.order({"a": Node({}, ("a",), 1.0)})
    with pytest.raises(CalibrationError, match="no calibration is called b"):
        graph.order({"a": Node({}, ("b",), 1.0)})


def test_ancestors_are_all_of_them():
    assert graph.ancestors("d", SMALL) == {"a", "b", "c"}
    assert graph.ancestors("a", SMALL) == frozenset()


def test_the_laboratorys_own_graph_gives_what_is_believed_once_each():
    assert set(graph.order()) == set(GRAPH)
    given = [of for node in GRAPH.values() for of in node.gives]
    assert len(given) == len(set(given))
    assert set(given) <= set(belief.named())
    for node in GRAPH.values():
        assert node.validity > 0
        assert all(tolerance >= 0 for tolerance in node.gives.values())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (119, "119 s"), (150, "2 min"), (7200, "2 h"), (172800, "2 d")],
)
def test_time_spans_are_said_as_people_do(seconds, text):
    assert graph.duration(seconds) == text
