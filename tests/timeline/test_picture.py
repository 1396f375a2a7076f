"""The picture of a run: lanes, window, gates."""

from __future__ import annotations

import io

import pytest

from ccqed_ctrl.errors import TimelineError
from sim_backend.crate.events import Event, Timeline
from sim_backend.timeline.picture import draw, lanes

NAMES = {
    "tone": "dds0", "tone_switch": "ttl9", "servo": "zotino0", "gate": "ttl5",
}  # fmt: skip


@pytest.fixture
def shot():
    timeline = Timeline(NAMES)
    for event in [
        Event(1_000_000, "zotino0", "dac0", 0.0),
        Event(2_000_000, "dds0", "amplitude", 0.5),
        Event(2_000_000, "dds0", "frequency", 200e6),
        Event(2_000_000, "other", "level", 1.0),
        Event(3_000_000, "ttl9", "level", 1.0),
        Event(4_000_000, "zotino0", "dac0", 2.5),
        Event(5_000_000, "ttl9", "level", 0.0),
        Event(6_000_000, "ttl5", "level", 1.0),
        Event(7_000_000, "ttl5", "level", 0.0),
        Event(90_000_000, "zotino0", "dac0", 0.0),
    ]:
        timeline.add(event)
    return timeline


def test_tones_come_first_with_their_switches_then_voltages_then_levels(shot):
    found = lanes(shot)
    assert [lane.name for lane in found] == ["tone", "servo dac0", "gate"]
    assert found[0].gate == [pytest.approx((2e-3, 4e-3))]
    assert found[1].gate is None
    assert list(found[1].values) == [0.0, 2.5, 0.0]


def test_the_picture_shows_when_something_was_on(shot):
    (axes,) = draw(shot).axes
    low, high = axes.get_xlim()
    assert 1.8 < low < 2
    assert 6 < high < 6.2
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "gate", "servo dac0", "tone",
    ]  # fmt: skip


def test_a_window_of_ones_own(shot):
    (axes,) = draw(shot, 0.0, 0.1).axes
    assert axes.get_xlim() == (0.0, 100.0)


def test_the_picture_can_be_drawn(shot):
    file = io.BytesIO()
    draw(shot).savefig(file, format="png")
    assert file.getvalue().startswith(b"\x89PNG")


def test_no_picture_of_nothing():
    with pytest.raises(TimelineError, match="no picture"):
        draw(Timeline(NAMES))
