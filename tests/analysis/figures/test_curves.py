"""What was measured, shot by shot, along a scan, over two: the file's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.analysis.figures.drawn_files import (
    CORRUPTION,
    HOLD_TIME,
    MEMORY,
    write_fluorescence,
)


def bars(axes):
    """Return x, y, lower and upper ends of the error bars of a panel."""
    (drawn,) = axes.containers
    line, _, (collection,) = drawn.lines
    segments = collection.get_segments()
    unknown = [np.nan, np.nan]
    ends = [part[:, 1] if len(part) else unknown for part in segments]
    return *line.get_data(), *np.transpose(ends)


def line(axes, label):
    (found,) = [one for one in axes.lines if one.get_label().startswith(label)]
    return np.array(found.get_data())


def test_shots_and_their_mean(tmp_path, draw, panel, texts):
    verdicts = ["ok", "ok", "ok", "dark"]
    file = write_fluorescence(tmp_path / "a.h5", [0] * 4, [1, 0, 5, 0], verdicts)
    figure = draw(file)
    axes = panel(figure, "photons: photons of the shot")
    np.testing.assert_array_equal(line(axes, "shots: 3"), [[0, 1, 2], [1, 0, 5]])
    np.testing.assert_array_equal(line(axes, "not ok: 1"), [[3], [0]])
    np.testing.assert_array_equal(line(axes, "mean 2.0 ± 1.5")[1], [2, 2])
    written = texts(figure)
    assert "1 of 4: dark" in written
    # 2 of 3, and Wilson's interval.
    assert "2 of 3: 0.67 (0.21 to 0.94)" in written
    assert "rate          2.5 MHz" in written


def test_a_scan_is_a_curve_with_error_bars_in_its_unit(tmp_path, draw, panel, texts):
    points, photons = [0, 0, 1, 1, 2], [2, 4, 5, 5, 7]
    scans = [(*HOLD_TIME, [1e-4, 2e-4, 5e-4])]
    file = write_fluorescence(tmp_path / "a.h5", points, photons, scans=scans)
    figure = draw(file)
    axes = panel(figure, "photons")
    x, y, low, high = bars(axes)
    np.testing.assert_allclose(x, [100, 200, 500])
    np.testing.assert_allclose(y, [3, 5, 7])
    # The standard error of 2 and 4 is 1, of 5 and 5 it is 0, of 7 alone it is unknown.
    np.testing.assert_allclose(low, [2, 5, np.nan])
    np.testing.assert_allclose(high, [4, 5, np.nan])
    assert axes.get_xlabel() == "hold time (µs)"
    assert axes.get_ylabel() == "photons"
    assert panel(figure, "delay").get_ylabel() == "delay (µs)"
    assert "Against hold time, hold with pump and longitudinal drive on" in texts(
        figure
    )


def test_a_point_without_shots_has_no_bar(tmp_path, draw, panel):
    scans = [(*HOLD_TIME, [1e-4, 2e-4, 5e-4])]
    file = write_fluorescence(tmp_path / "a.h5", [0, 0, 1], [2, 4, 0], scans=scans)
    _, y, _, _ = bars(panel(draw(file), "clicked"))
    np.testing.assert_allclose(y, [1, 0, np.nan])


def test_texts_are_places_that_no_line_joins(tmp_path, draw, panel):
    scans = [(*MEMORY, ["cat", "dog"])]
    file = write_fluorescence(tmp_path / "a.h5", [0, 1], [2, 4], scans=scans)
    axes = panel(draw(file), "photons")
    assert [text.get_text() for text in axes.get_xticklabels()] == ["cat", "dog"]
    (drawn,) = axes.containers
    assert drawn.lines[0].get_linestyle() == "None"


def test_two_scans_are_a_map(tmp_path, draw, panel, texts):
    scans = [(*HOLD_TIME, [1e-4, 2e-4]), (*CORRUPTION, [0.0, 0.1, 0.2])]
    points = [0, 0, 1, 2, 3, 4]  # of the last point there is no shot
    file = write_fluorescence(
        tmp_path / "a.h5", points, [2, 4, 0, 6, 7, 8], scans=scans
    )
    figure = draw(file)
    axes = panel(figure, "photons")
    (mesh,) = axes.collections
    grid = np.ma.filled(mesh.get_array().astype(float), np.nan)
    np.testing.assert_allclose(grid, [[3, 0, 6], [7, 8, np.nan]])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("corruption", "hold time (µs)")
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == ["100", "200"]
    cells = [text.get_text() for text in axes.texts]
    assert cells[0] == "3.0\n± 1.0"
    assert cells[-1] == "no\nshot"
    assert "1.00\n2 of 2" in texts(figure)


@pytest.mark.parametrize("dimensions", [1, 3])
def test_more_scans_are_drawn_point_by_point(tmp_path, draw, panel, dimensions):
    settings = [HOLD_TIME, CORRUPTION, ("cue", "contrast", CORRUPTION[2])]
    scans = [(*one, [0.1, 0.2]) for one in settings[:dimensions]]
    count = 2**dimensions
    file = write_fluorescence(
        tmp_path / "a.h5", range(count), range(count), scans=scans
    )
    x, y, _, _ = bars(panel(draw(file), "photons"))
    np.testing.assert_allclose(y, range(count))
    if dimensions == 3:
        np.testing.assert_allclose(x, range(8))
