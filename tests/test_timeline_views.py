"""Tables and pictures of a timeline."""

from __future__ import annotations

import pytest

from ccqed_ctrl.errors import TimelineError
from sim_backend.timeline import Event, Timeline
from sim_backend.timeline_views import picture, rows


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


def test_the_picture_has_one_axis_per_signal(shot):
    figure = picture(shot)
    assert [axis.get_ylabel() for axis in figure.axes] == [
        "pump_servo\ndac0 / V",
        "ttl_camera\nlevel",
    ]
    camera = figure.axes[1].lines[0]
    assert list(camera.get_xdata()) == pytest.approx([0, 2e-3, 4e-3, 4e-3])
    assert list(camera.get_ydata()) == [0, 1, 0, 0]


def test_a_part_of_the_picture(shot):
    low, high = picture(shot, 1e-6, 3e-6).axes[-1].get_xlim()
    assert (low, high) == pytest.approx((1e-3, 3e-3))


def test_no_picture_of_nothing():
    with pytest.raises(TimelineError, match="no picture"):
        picture(Timeline())
    assert rows(Timeline()) == []
