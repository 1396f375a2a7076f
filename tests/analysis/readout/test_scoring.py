"""From raw frames to the stored rows of a recall."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.readout.scoring import RecallReader
from ccqed_ctrl.ending import Verdict
from ccqed_ctrl.recalling import RecallRecord
from ccqed_ctrl.records.writing import DatasetWriter
from tests.laboratory.bench import ENSEMBLES, Laboratory, plan_shot, reader_of
from tests.records.test_declaration import Owner

R = RecallRecord


@pytest.fixture(scope="module")
def plan():
    return plan_shot(0)


@pytest.fixture(scope="module")
def reader(plan) -> RecallReader:
    return reader_of(plan)


def raw(frames, saturated=0):
    return {R.frames: np.asarray(frames), R.exposure: 5e-5, R.saturated: saturated}


@pytest.fixture(scope="module")
def frames(plan):
    return Laboratory(plan).run()["frames"]


@pytest.fixture(scope="module")
def reading(plan, reader, frames):
    return reader.read(plan.shots[0], raw(frames))


def test_a_reading_has_every_measured_row_but_what_the_camera_gives(plan, reading):
    rows = {e for e in R.entries() if e.axes[:1] == ("S",) and not e.planned}
    devices = {
        R.frames, R.exposure, R.saturated, R.sequence, R.pattern_shown, R.cavity_locked,
        R.occupied, R.lateness,
    }  # fmt: skip
    assert set(reading.rows) == rows - devices - {R.verdict, R.attempts, R.rejected}
    DatasetWriter(Owner()).append({**reading.rows, **plan.shots[0].rows})


def test_a_reading_tells_what_happened(plan, reading):
    target = plan.memories.patterns[0]
    assert reading.verdict == Verdict.ok
    np.testing.assert_array_equal(reading.rows[R.recalled], target)
    assert reading.rows[R.pixels_wrong] == 0
    assert reading.rows[R.cue_overlap] == 1.0
    np.testing.assert_allclose(
        reading.rows[R.overlaps], plan.memories.patterns @ target / ENSEMBLES
    )


def test_what_is_shown_live_has_one_or_two_axes(reading, frames):
    assert {entry.key for entry in reading.shown} == {
        "live.frame", "live.field", "live.recalled_image", "live.last_overlaps",
    }  # fmt: skip
    # ARTIQ's image applet draws the first axis to the right.
    np.testing.assert_array_equal(reading.shown[R.frame], frames[0].T)
    upright = reading.shown[R.recalled_image].T
    np.testing.assert_array_equal(upright.ravel(), reading.rows[R.recalled])
    assert all(np.ndim(value) in (1, 2) for value in reading.shown.values())


def test_the_score_counts_pixels_not_spins(plan, reader):
    score = reader.score(plan.shots[0].cue, plan.memory.minima[1])
    np.testing.assert_array_equal(score[R.recalled], plan.memories.patterns[1])
    differ = plan.memories.patterns[0] != plan.memories.patterns[1]
    assert score[R.pixels_wrong] == np.count_nonzero(differ)
    assert score[R.overlaps][1] == 1.0


def test_a_global_flip_recalls_the_negative(plan, reader):
    score = reader.score(plan.shots[0].cue, -plan.memory.minima[0])
    assert score[R.overlaps][0] == -1.0
    assert score[R.pixels_wrong] == ENSEMBLES


@pytest.mark.parametrize("shape", [(1, 160, 160), (2, 160, 159), (2, 80, 80)])
def test_frames_of_a_shape_that_nobody_believes_are_kept(plan, reader, shape, caplog):
    frames = raw(np.zeros(shape))
    read = reader.read(plan.shots[0], frames)
    assert read.verdict == Verdict.undecodable
    assert "imaging.pixels in laboratory.toml" in caplog.text
    assert np.isnan(read.rows[R.residual])


def test_dark_frames_have_a_verdict_and_no_numbers(plan, reader, caplog):
    read = reader.read(plan.shots[0], raw(np.full((2, 160, 160), 500)))
    assert read.verdict == Verdict.undecodable
    assert "local oscillator" in caplog.text
    assert np.isnan(read.rows[R.residual])
    assert not read.rows[R.spins].any()


def test_without_the_pump_a_shot_is_dark(plan, reader):
    recorded = Laboratory(plan, leave_out=("pump",)).run()
    assert reader.read(plan.shots[0], raw(recorded["frames"])).verdict == Verdict.dark


def test_clipped_pixels_beyond_a_hundredth_are_a_verdict(plan, reader, frames):
    many = reader.read(plan.shots[0], raw(frames, saturated=600))
    few = reader.read(plan.shots[0], raw(frames, saturated=500))
    assert (many.verdict, few.verdict) == (Verdict.saturated, Verdict.ok)


def test_templates_are_made_once_for_points_of_one_layout(plan, reader):
    again = RecallReader.of_plan(plan, reader)
    assert again.hologram is reader.hologram
    other = RecallReader.of_plan(plan_shot(1), reader)
    assert other.hologram is not reader.hologram
