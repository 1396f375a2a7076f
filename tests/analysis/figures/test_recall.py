"""A recall's figures: drawn from the file, and saying what is in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.files.run import Run
from ccqed_ctrl.recalling import RecallRecord
from tests.analysis.figures.drawn_files import CORRUPTION, write_recall
from tests.laboratory.bench import IMAGING, plan_shot

OLD = sorted((Path(__file__).parents[1] / "revision_1").glob("*.h5"))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Four equal shots, all right."""
    return write_recall(tmp_path_factory.mktemp("recall") / "a.h5", 4)


@pytest.fixture(scope="module")
def mistaken(tmp_path_factory):
    """Four shots: exact, two pixels wrong, taken for "1", not ok."""
    patterns = plan_shot(0).memories.patterns
    recalled = np.stack([patterns[0], patterns[0], patterns[1], patterns[0]])
    recalled[1, :2] *= -1
    return write_recall(
        tmp_path_factory.mktemp("mistaken") / "a.h5", 4, recalled=recalled,
        overlaps=recalled @ patterns.T.astype(float) / 16,
        pixels_wrong=np.count_nonzero(recalled != patterns[0], axis=1),
        verdict=["ok", "ok", "ok", "saturated"],
    )  # fmt: skip


def test_the_run_says_what_came_out_of_it(mistaken, draw, texts):
    written = texts(draw(mistaken))
    for said in (
        "run 7, simulation, ok: 4 of 4 shots",
        "Median shot 1: '0' recalled, 2 of 16 pixels wrong",
        "1 of 3: 0.33 (0.06 to 0.79)",  # exact, of the shots that count
        "2 of 3: 0.67 (0.21 to 0.94)",  # the right memory
        "1 of 4: saturated",
        "0 (cued)", "stored '0'", "cue, overlap 1.00", "recalled, overlap 0.75",
        "2 of 16 pixels differ", "share, Wilson 95 %", "mean ± standard error",
        "exact: 1", "cued memory: 1", "other memory: 1", "not ok: 1", "the cue",
    ):  # fmt: skip
        assert said in written


def test_overlaps_are_those_of_the_file(mistaken, draw, panel):
    with Run(mistaken) as run:
        overlaps = run.overlaps
    axes = panel(draw(mistaken), "overlap: recalled image with the cued memory")
    drawn = {
        one.get_label(): one.get_ydata()
        for one in axes.lines
        if not one.get_label().startswith("_")
    }
    for index, name in enumerate(
        ("exact: 1", "cued memory: 1", "other memory: 1", "not ok: 1")
    ):
        np.testing.assert_allclose(drawn[name], overlaps[index, :1])
    np.testing.assert_allclose(drawn["the cue"], 1)


def test_the_memories_bars_are_means_and_shares_of_good_shots(mistaken, draw, panel):
    with Run(mistaken) as run:
        mean = run.overlaps[:3].mean(axis=0)
        error = run.overlaps[:3].std(axis=0, ddof=1) / np.sqrt(3)
    figure = draw(mistaken)
    axes = panel(figure, "overlap with each memory")
    np.testing.assert_allclose([bar.get_width() for bar in axes.patches], mean)
    (_, _, (collection,)) = axes.containers[1].lines
    ends = np.array([segment[:, 0] for segment in collection.get_segments()])
    np.testing.assert_allclose(ends, np.stack([mean - error, mean + error], axis=1))
    shares = [
        bar.get_width() for bar in panel(figure, "recalled as (shots: 3)").patches
    ]
    np.testing.assert_allclose(shares, [2 / 3, 1 / 3])


def test_a_wrong_recall_says_so(mistaken, draw, texts, panel):
    figure = draw(mistaken, 2)
    written = texts(figure)
    assert "shot 2, recalled as '1', cued '0':" in written
    assert "1 (recalled)" in written
    assert "0 (cued)" in written
    with Run(mistaken) as run:
        widths = [bar.get_width() for bar in panel(figure, "overlap with").patches]
        np.testing.assert_allclose(widths, run.overlaps[2])


def test_a_shot_that_is_not_ok_says_why(mistaken, draw, texts):
    written = texts(draw(mistaken, 3))
    assert "shot 3 is not ok: saturated: pixels at full scale" in written


def test_a_good_shot_says_nothing_of_the_kind(mistaken, draw, texts):
    assert "not ok" not in texts(draw(mistaken, 0))


def test_images_are_those_of_the_file_with_wrong_pixels_crossed(mistaken, draw, panel):
    figure = draw(mistaken, 1)
    with Run(mistaken) as run:
        pictures = {
            "stored": run.patterns[0], "cue,": run.cue[1], "recalled,": run.recalled[1]
        }  # fmt: skip
        shape = tuple(run.image_shape)
    for title, pixels in pictures.items():
        (image,) = panel(figure, title).images
        np.testing.assert_array_equal(image.get_array(), pixels.reshape(shape))
    (crosses,) = panel(figure, "recalled,").lines
    np.testing.assert_array_equal(crosses.get_xydata(), [[0, 0], [1, 0]])


def test_light_is_read_from_the_raw_frames(file, draw, panel):
    with Run(file) as run:
        frames, positions, spins = run.frames[1], run.positions * 1e6, run.spins[1]
    figure = draw(file, 1)
    (image,) = panel(figure, "hologram").images
    np.testing.assert_array_equal(image.get_array(), frames[0])
    half = IMAGING.pixels * IMAGING.pixel_size / 2 * 1e6
    np.testing.assert_allclose(image.get_extent(), [-half, half, -half, half])
    up, down, undetermined = panel(figure, "spins").collections
    np.testing.assert_allclose(up.get_offsets(), positions[spins > 0])
    np.testing.assert_allclose(down.get_offsets(), positions[spins < 0])
    assert not len(undetermined.get_offsets())
    # The field is bright where ensembles are, and its phase tells their spins.
    inside = (np.abs(positions) < 0.9 * half).all(axis=1)
    pixel = (positions[inside] / (2 * half) + 0.5) * IMAGING.pixels - 0.5
    column, row = np.rint(pixel).astype(int).T
    (image,) = panel(figure, "field, magnitude").images
    field = np.asarray(image.get_array())
    assert np.median(field[row, column]) > 3 * np.median(field)
    (image,) = panel(figure, "field, phase").images
    cosine = np.cos(image.get_array()[row, column])
    # Where clouds are near each other the brighter one has its way.
    assert np.mean(np.sign(cosine) == spins[inside]) > 0.8


def test_lengths_are_marked(file, draw, texts):
    written = texts(draw(file))
    assert "w₀ = 35.2 µm" in written
    assert "20 µm" in written


def test_without_reference_light_there_is_a_reason_instead_of_a_field(
    tmp_path, draw, texts
):
    dark = np.full((1, 2, IMAGING.pixels, IMAGING.pixels), 500, np.uint16)
    dead = write_recall(
        tmp_path / "a.h5", frames=dark, verdict=["undecodable"],
        phase=np.array([np.nan]), spins=np.zeros((1, 16), np.int8),
    )  # fmt: skip
    written = texts(draw(dead, 0))
    assert "no field: the reference frame holds" in written
    assert "undetermined 16" in written
    assert "shot 0 is not ok: undecodable" in written


def test_a_scan_has_a_curve_of_overlap_and_of_each_share(tmp_path, draw, panel, texts):
    overlaps = np.array([[1, 0], [1, 0], [0.2, 0.8], [0.6, 0.1], [0.6, 0]])
    file = write_recall(
        tmp_path / "a.h5", 5, [(*CORRUPTION, [0.1, 0.3])], point=[0, 0, 1, 1, 1],
        overlaps=overlaps, pixels_wrong=[0, 0, 6, 3, 3],
    )  # fmt: skip
    figure = draw(file)
    curves = {
        "overlap": ([1, 1.4 / 3], [0, 0.4 / 3]), "exact recall": ([1, 0], None),
        "right memory": ([1, 2 / 3], None),
    }  # fmt: skip
    for title, (values, errors) in curves.items():
        (drawn,) = panel(figure, title).containers
        line, _, (collection,) = drawn.lines
        np.testing.assert_allclose(line.get_data(), [[0.1, 0.3], values])
        if errors:
            ends = np.array([part[:, 1] for part in collection.get_segments()])
            np.testing.assert_allclose(np.diff(ends).ravel() / 2, errors, atol=1e-12)
    assert "Median shot 3, at corruption 0.3" in texts(figure)


@pytest.mark.parametrize("old", OLD, ids=lambda path: path.stem)
def test_files_of_revision_1(old, draw, texts):
    assert "'heart' recalled exactly" in texts(draw(old))
    assert "'heart' recalled exactly" in texts(draw(old, 0))


def test_every_shot_of_a_real_scan(scanned, draw, texts):
    with Run(scanned) as run:
        record = run.as_record(RecallRecord)
        cued = record.per_shot(RecallRecord.cued)
        names = record.per_shot(RecallRecord.names)
        shots = run.shots
    assert len(set(cued)) == 2
    for shot in (0, shots - 1):
        assert f"stored '{names[shot][cued[shot]]}'" in texts(draw(scanned, shot))
    assert "no\nshot" not in texts(draw(scanned))


def test_it_saves_to_a_picture_of_its_size(file, draw, tmp_path):
    draw(file).savefig(tmp_path / "figure.png", dpi=50)
    with Image.open(tmp_path / "figure.png") as picture:
        assert picture.size == (650, 350)
        grey = np.asarray(picture.convert("L"))
    assert grey.std() > 20
