"""From raw frames to the published rows of a recall."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.readout.scoring import RecallReader
from ccqed_ctrl import schema
from ccqed_ctrl.errors import DecodingError, ShapeError
from tests.laboratory.bench import ENSEMBLES, Laboratory, plan_shot, reader_of


@pytest.fixture(scope="module")
def plan():
    return plan_shot(0)


@pytest.fixture(scope="module")
def reader(plan) -> RecallReader:
    return reader_of(plan)


@pytest.fixture(scope="module")
def row(plan, reader):
    return reader.read(0, Laboratory(plan).run()["frames"])


def test_a_row_has_every_growing_dataset_but_what_the_camera_gives(reader, row):
    camera = {"shot.frames", "shot.exposure", "shot.saturated"}
    assert set(row) | camera == set(reader.empty())
    for key, value in row.items():
        whole = np.asarray(value)[None]
        assert schema.conform(key, whole).shape == reader.empty()[key].shape


def test_the_row_tells_what_happened(plan, row):
    target = plan.memories.patterns[0]
    np.testing.assert_array_equal(row["shot.recalled"], target)
    assert row["shot.pixels_wrong"] == 0
    assert row["shot.cue_overlap"] == 1.0
    np.testing.assert_allclose(
        row["shot.overlaps"], plan.memories.patterns @ target / ENSEMBLES
    )


def test_the_score_counts_pixels_not_spins(plan, reader):
    other = plan.memory.minima[1]
    score = reader.score(0, other)
    np.testing.assert_array_equal(score["shot.recalled"], plan.memories.patterns[1])
    differ = plan.memories.patterns[0] != plan.memories.patterns[1]
    assert score["shot.pixels_wrong"] == np.count_nonzero(differ)
    assert score["shot.overlaps"][1] == 1.0


def test_a_global_flip_recalls_the_negative(plan, reader):
    score = reader.score(0, -plan.memory.minima[0])
    assert score["shot.overlaps"][0] == -1.0
    assert score["shot.pixels_wrong"] == ENSEMBLES


def test_the_summary_is_a_mean_over_complete_shots(reader):
    count = {"S": 3, "P": 2, "N": ENSEMBLES}
    rows = {
        key: schema.allocate(key, count)
        for key in ("shot.overlaps", "shot.spins", "shot.cue_overlap",
                    "shot.pixels_wrong", "shot.residual")
    }  # fmt: skip
    rows["shot.overlaps"][:2] = [[1.0, 0.0], [0.2, 0.6]]
    rows["shot.spins"][:2] = 1
    rows["shot.spins"][0, :4] = 0
    rows["shot.cue_overlap"][:2] = [0.8, 0.6]
    rows["shot.pixels_wrong"][:2] = [0, 5]
    rows["shot.residual"][:2] = [0.1, 0.2]
    summary = reader.summary(rows, 2)
    assert summary["summary.memory"] == "a"
    assert summary["summary.recalled_as"] == "b"
    expected = {
        "cue_overlap": 0.7, "recalled_overlap": 0.6, "pixels_wrong": 2.5,
        "residual": 0.15, "undetermined_spins": 2.0,
    }  # fmt: skip
    for name, value in expected.items():
        assert summary[f"summary.{name}"] == pytest.approx(value), name


@pytest.mark.parametrize("shape", [(1, 160, 160), (2, 160, 159), (160, 160)])
def test_frames_of_another_shape_are_refused(reader, shape):
    with pytest.raises(ShapeError, match="frames must have shape"):
        reader.read(0, np.zeros(shape))


def test_dark_frames_are_refused(reader):
    with pytest.raises(DecodingError, match="local oscillator"):
        reader.read(0, np.full((2, 160, 160), 500))
