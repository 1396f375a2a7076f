"""From a summary to records: kept, confirmed, or refused with a reason."""

from __future__ import annotations

import dataclasses
import math

import pytest

from ccqed_ctrl.calibration.finding import Event, Finding, concluded, remembered
from ccqed_ctrl.calibration.graph import GRAPH
from ccqed_ctrl.errors import CalibrationError
from ccqed_ctrl.records import Entry

NAME = "camera_background"
VALUES = {
    "imaging.offset": (200.0, 0.1),
    "imaging.electrons_per_count": (0.4, 0.001),
    "imaging.read_noise": (1.2, 0.01),
}
TIME, LATER = "2026-11-27T06:00:00+00:00", "2026-11-27T07:00:00+00:00"


def summary(values=VALUES, refused=""):
    found = {"summary.refused": refused}
    for of, pair in values.items():
        found[f"summary.{of.replace('.', '_')}"] = pair
    return {Entry(key, (), "float64", ""): value for key, value in found.items()}


def conclude(finding, before=(), time=TIME, rid=5):
    return concluded(NAME, finding, dict(before), {"a": "1@x"}, rid, time)


def test_what_is_found_becomes_records_with_everything_about_them():
    records, event = conclude(Finding.of(NAME, summary()))
    assert {of: (r.value, r.uncertainty) for of, r in records.items()} == VALUES
    for record in records.values():
        assert (record.rid, record.time, record.by) == (5, TIME, NAME)
        assert record.parents == {"a": "1@x"}
        assert record.validity == GRAPH[NAME].validity
    assert (event.event, event.rid) == ("measured", 5)
    assert Event.of(event.to_dict()).values["imaging.offset"] == [200.0, 0.1]


def test_a_refused_fit_changes_nothing():
    before, _ = conclude(Finding.of(NAME, summary()))
    records, event = conclude(Finding.of(NAME, summary({}, "no light")), before, LATER)
    assert records == {}
    assert (event.event, event.why) == ("refused", "no light")


@pytest.mark.parametrize(
    ("pair", "why"),
    [
        ((math.nan, 0.1), "offset must be a finite number"),
        ((-3.0, 0.1), "offset must be a finite number in"),
        ((200.0, math.nan), "imaging.offset has no error: nan"),
        ((200.0, -1.0), "imaging.offset has no error"),
        ((200.0, math.inf), "imaging.offset has no error: inf"),
    ],
)
def test_what_cannot_be_believed_is_refused(pair, why):
    finding = Finding.of(NAME, summary(VALUES | {"imaging.offset": pair}))
    assert why in finding.refused
    assert conclude(finding)[0] == {}


def test_a_summary_without_its_values_is_a_mistake():
    found = summary({"imaging.offset": (1.0, 1.0)})
    with pytest.raises(CalibrationError, match="stores no summary.imaging_electrons"):
        Finding.of(NAME, found)


def test_the_same_value_found_again_keeps_its_id():
    before, _ = conclude(Finding.of(NAME, summary()))
    near = {of: (v + 0.9 * GRAPH[NAME].gives[of], e) for of, (v, e) in VALUES.items()}
    records, event = conclude(Finding.of(NAME, summary(near)), before, LATER, rid=6)
    assert event.event == "confirmed"
    for of, record in records.items():
        assert (record.value, record.id) == (VALUES[of][0], before[of].id)
        assert record.checked == LATER


def test_one_value_that_moved_makes_all_of_them_new():
    before, _ = conclude(Finding.of(NAME, summary()))
    moved = VALUES | {"imaging.offset": (202.0, 0.1)}
    records, event = conclude(Finding.of(NAME, summary(moved)), before, LATER, rid=6)
    assert event.event == "measured"
    assert {record.rid for record in records.values()} == {6}


@pytest.mark.parametrize("change", [{"by": ""}, {"rid": 3}])
def test_records_of_several_hands_are_not_confirmed(change):
    before, _ = conclude(Finding.of(NAME, summary()))
    other = dataclasses.replace(before["imaging.offset"], **change)
    before |= {"imaging.offset": other}
    assert conclude(Finding.of(NAME, summary()), before)[1].event == "measured"


def test_a_history_has_an_end():
    past = []
    for rid in range(250):
        past = remembered(past, Event("measured", TIME, rid))
    assert [Event.of(event).rid for event in past] == list(range(50, 250))
    with pytest.raises(CalibrationError, match="no event"):
        Event.of({"colour": 3})
