"""The picture of a run: panels, names, legends, folds, the time axis."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from ccqed_ctrl.errors import TimelineError
from sim_backend.crate.events import Timeline
from sim_backend.timeline.picture import draw

from .shots import sweep, two_exposures


def words(axes):
    return [text.get_text() for text in axes.texts]


def test_a_panel_per_kind_with_title_legend_and_names(shot):
    tones, voltages, lines = draw(shot, head="Shot, seed 3").axes
    assert [axes.get_title("left") for axes in (tones, voltages, lines)] == [
        "DDS tones", "Analog outputs", "Digital lines",
    ]  # fmt: skip
    legends = [
        [text.get_text() for text in axes.get_legend().get_texts()]
        for axes in (tones, voltages, lines)
    ]
    assert legends == [["amplitude", "through the RF switch"], ["voltage"], ["high"]]
    assert words(tones) == ["tone", "dds0", "0.5 at 200 MHz"]
    assert words(voltages) == ["servo", "zotino0 dac0", "2.5 V"]
    assert words(lines) == ["gate", "ttl5"]
    assert tones.figure.get_suptitle() == "Shot, seed 3, 4 ms of the run"


def test_the_picture_shows_when_something_was_on(shot):
    low, high = draw(shot).axes[0].get_xlim()
    assert 1.7e-3 < low < 2e-3
    assert 6e-3 < high < 6.3e-3


def test_a_window_of_ones_own(shot):
    figure = draw(shot, 0.0, 0.1)
    low, high = figure.axes[0].get_xlim()
    assert low < 0
    assert high > 0.1
    assert figure.axes[-1].get_xlabel().startswith("time since the first event / ms")
    with pytest.raises(TimelineError, match="needs start < stop; got 0.2 s and 0.1 s"):
        draw(shot, 0.2, 0.1)


def test_a_pause_is_folded_and_says_how_long():
    (axes,) = draw(two_exposures()).axes
    assert words(axes) == ["camera", "ttl4", "30 ms"]
    ticks = [
        (round(1e3 * tick, 9), label.get_text())
        for tick, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
    ]
    assert (0.0, "0.0") in ticks
    assert (32.0, "32.0") in ticks
    assert not [tick for tick, _ in ticks if 1.1 < tick < 30.9]
    assert all(float(label) == tick for tick, label in ticks)


def test_ticks_do_not_overlap():
    timeline = two_exposures()
    for event in [e._replace(time_mu=e.time_mu * 3 + 10**9) for e in timeline.events]:
        timeline.add(event)
    figure = draw(timeline)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [
        label.get_window_extent(canvas.get_renderer())
        for label in figure.axes[-1].get_xticklabels()
    ]
    assert len(boxes) >= 4
    assert all(
        left.x1 < right.x0 for left, right in zip(boxes, boxes[1:], strict=False)
    )


def test_lanes_stay_in_their_place_whatever_the_sign():
    tones, voltages = draw(sweep()).axes
    assert words(voltages) == ["piezo", "zotino1 dac3", "1.5 V", "−2.5 V"]
    assert words(tones)[:5] == ["probe", "dds0 frequency", "81 MHz", "79 MHz", "probe"]
    for axes in (tones, voltages):
        low, high = axes.get_ylim()
        for line in axes.lines:
            height = np.asarray(line.get_ydata(), float)
            assert np.nanmin(height) > low
            assert np.nanmax(height) < high


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_the_picture_can_be_drawn(shot, form):
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    file = io.BytesIO()
    draw(shot).savefig(file, format=form)
    assert file.getvalue().startswith(starts[form])


def test_no_picture_of_nothing():
    with pytest.raises(TimelineError, match="no picture"):
        draw(Timeline({"line": "ttl0"}))
