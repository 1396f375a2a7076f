"""Files that no experiment of ours wrote, and experiments without holograms."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from analysis.figures import pages, run_figure, shot_figure
from analysis.files.run import Run
from ccqed_ctrl.errors import ResultsError
from tests.analysis.figures.drawn_files import write_fluorescence


@pytest.fixture
def foreign(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["rid"] = 12
        file["datasets/rate"] = 1.5e6
        file["datasets/note"] = "tuesday"
        file["datasets/counts"] = np.arange(5)
        file["datasets/frame"] = np.arange(12.0).reshape(3, 4)
        file["datasets/cube"] = np.zeros((2, 2, 2))
    return tmp_path / "other.h5"


def test_numbers_are_listed_and_arrays_drawn(foreign, draw, texts, panel):
    figure = draw(foreign)
    written = texts(figure)
    for said in ("run 12", "no schema of ours", "1.5e+06", "tuesday", "2 x 2 x 2"):
        assert said in written
    (drawn,) = panel(figure, "counts").lines
    np.testing.assert_array_equal(drawn.get_ydata(), range(5))
    (image,) = panel(figure, "frame").images
    np.testing.assert_array_equal(image.get_array(), np.arange(12).reshape(3, 4))


def test_many_datasets_are_counted_not_crowded(tmp_path, draw, texts):
    with h5py.File(tmp_path / "many.h5", "w") as file:
        for index in range(80):
            file[f"datasets/value{index:02}"] = [index, 2.0]
    figure = draw(tmp_path / "many.h5")
    assert "and 31 more" in texts(figure)
    assert len([axes for axes in figure.axes if axes.lines]) == 6


def test_nothing_at_all_is_still_a_figure(tmp_path, draw, texts):
    with h5py.File(tmp_path / "empty.h5", "w") as file:
        file.create_group("datasets")
    assert "no schema of ours" in texts(draw(tmp_path / "empty.h5"))


def test_its_shots_are_not_known_as_such(foreign):
    with Run(foreign) as run, pytest.raises(ResultsError, match="known as such"):
        shot_figure(run, 0)


def test_arrays_of_a_shot_are_drawn(tmp_path, draw, panel, texts):
    file = write_fluorescence(tmp_path / "a.h5", [0, 0], [3, 4])
    figure = draw(file, 1)
    (drawn,) = panel(figure, "trace").lines
    np.testing.assert_allclose(drawn.get_ydata(), 4 * np.exp(-np.arange(20) / 5))
    assert "delay      5 µs" in texts(figure)
    assert "Median shot 0" in texts(draw(file))


def test_no_complete_shot(tmp_path):
    file = write_fluorescence(tmp_path / "a.h5", [0], [3])
    with h5py.File(file, "r+") as stored:
        stored["datasets/progress.done"][()] = 0
    with Run(file) as run, pytest.raises(ResultsError, match="no complete shot"):
        run_figure(run)


def test_pages_are_the_run_and_every_shot(tmp_path, foreign):
    with Run(write_fluorescence(tmp_path / "a.h5", [0] * 3, [1, 2, 3])) as run:
        titles = [page.get_suptitle() for page in pages(run)]
    assert len(titles) == 4
    assert titles[3].endswith("shot 2")
    with Run(foreign) as run:
        assert len(list(pages(run))) == 1
