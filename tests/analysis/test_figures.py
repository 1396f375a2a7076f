"""The logbook figure: drawn from the file, and saying what is in it."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from PIL import Image

from analysis import figures
from analysis.files.records import open_record

from .conftest import write_result


@pytest.fixture(scope="module")
def drawn(result):
    with open_record(result) as record:
        return figures.recall_figure(record, 1)


def axes(figure, title):
    (found,) = [a for a in figure.axes if a.get_title().startswith(title)]
    return found


def test_the_title_says_which_run(drawn):
    title = drawn.get_suptitle()
    for said in ("'a'", "shot 1", "0 pixels wrong", "run 7", "simulation"):
        assert said in title


def test_every_panel_is_there(drawn):
    titles = {a.get_title() for a in drawn.axes} - {""}
    assert titles == {
        "cue (0 px differ)", "recalled (0 px differ)", "hologram", "field, magnitude",
        "field, phase", "spins (size: confidence)", "overlap with the memories",
    }  # fmt: skip
    bars = {a.get_ylabel() for a in drawn.axes}
    assert {"counts", "sqrt(e-)", "rad"} <= bars


def test_panels_show_the_data(drawn, result):
    with h5py.File(result) as file:
        data = {key: file[f"datasets/{key}"][1] for key in
                ("shot.cue", "shot.frames", "shot.spins", "shot.overlaps")}  # fmt: skip
        positions = file["datasets/plan.positions"][()]
    (image,) = axes(drawn, "cue").images
    np.testing.assert_array_equal(image.get_array().ravel(), data["shot.cue"])
    (image,) = axes(drawn, "hologram").images
    np.testing.assert_array_equal(image.get_array(), data["shot.frames"][0])
    (dots,) = axes(drawn, "spins").collections
    np.testing.assert_allclose(dots.get_offsets(), positions * 1e6)
    red = dots.get_facecolors()[:, 0] > 0.5
    np.testing.assert_array_equal(red, data["shot.spins"] > 0)
    widths = [bar.get_width() for bar in axes(drawn, "overlap").patches]
    np.testing.assert_allclose(widths, data["shot.overlaps"])
    labels = [label.get_text() for label in axes(drawn, "overlap").get_yticklabels()]
    assert labels == ["a", "b"]


def test_the_facts_are_written_out(drawn):
    (text,) = [t.get_text() for a in drawn.axes for t in a.texts]
    for line in ("recalled overlap   1.000", "spins undetermined 0 of 16",
                 "backend            simulation"):  # fmt: skip
        assert line in text


def test_wrong_and_undetermined_are_marked(tmp_path):
    with h5py.File(write_result(tmp_path / "r.h5", shots=1), "r+") as file:
        file["datasets/shot.recalled"][0, :3] *= -1
        file["datasets/shot.pixels_wrong"][0] = 3
        file["datasets/shot.spins"][0, 5] = 0
        file["datasets/shot.error_probability"][0, 5] = 0.5
    with open_record(tmp_path / "r.h5") as record:
        figure = figures.recall_figure(record, 0)
    (crosses,) = axes(figure, "recalled (3 px differ)").lines
    np.testing.assert_array_equal(crosses.get_xydata(), [[0, 0], [1, 0], [2, 0]])
    (dots,) = axes(figure, "spins").collections
    sizes = dots.get_sizes()
    assert sizes[5] < 0.2 * np.delete(sizes, 5).min()
    assert "spins undetermined 1 of 16" in str(
        [t for a in figure.axes for t in a.texts]
    )


def test_it_saves_to_a_picture_of_its_size(drawn, tmp_path):
    drawn.savefig(tmp_path / "figure.png", dpi=50)
    with Image.open(tmp_path / "figure.png") as picture:
        assert picture.size == (675, 360)
        grey = np.asarray(picture.convert("L"))
    assert grey.std() > 20
