"""What was stored is found again, by what a file holds, at each point of a scan."""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from analysis.files.reanalysis import reanalyse
from analysis.files.rebuild import obstacle, parse_change
from analysis.files.run import Run
from ccqed_ctrl.errors import ParameterError, ResultsError, SchemaError

KEPT = sorted((Path(__file__).parents[1] / "revision_1").glob("*.h5"))


@pytest.fixture
def file(recalled, tmp_path):
    """A copy that may be changed."""
    return Path(shutil.copy(recalled, tmp_path / "000000000-Recall.h5"))


@pytest.fixture
def scan(scanned, tmp_path):
    return Path(shutil.copy(scanned, tmp_path / "000000000-Recall.h5"))


def repeated(path, **changes):
    with Run(path) as run:
        return reanalyse(run, {k.replace("__", "."): v for k, v in changes.items()})


def change(file, edits):
    with h5py.File(file, "a") as opened:
        for key, value in edits.items():
            del opened[f"datasets/{key}"]
            if value is not None:
                opened[f"datasets/{key}"] = value


def differing(found):
    return {item.key for item in found.differences if not item.agrees}


def test_what_was_stored_is_found_again(file):
    found = repeated(file)
    assert found.agrees
    assert found.summary == found.stored
    assert all(item.deviation == 0 for item in found.differences)
    assert {"shot.spins", "shot.overlaps", "shot.verdict"} <= set(found.rows)
    assert found.untouched == ()


def test_each_shot_of_a_scan_is_read_as_its_point_was_set(scan):
    with Run(scan) as run:
        positions, cued = run.positions, run.cued
        assert run.points == 8
    assert len(np.unique(positions[:, 0, 0])) == 2
    assert len(np.unique(cued)) == 2
    found = repeated(scan)
    assert found.agrees
    assert found.summary == found.stored


@pytest.mark.parametrize(
    ("key", "touched"),
    [
        ("plan.positions", {"shot.emission"}),
        ("plan.cued", {"shot.pixels_wrong"}),
        ("settings.cloud.size", {"shot.emission", "shot.residual"}),
    ],
)
def test_settings_of_the_wrong_point_are_found_out(scan, key, touched):
    """The finding of old: stored were the first point's, and all "agreed"."""
    with h5py.File(scan, "a") as opened:
        values = opened[f"datasets/{key}"]
        if values.shape:
            values[-1] = values[0]
        else:
            values[()] = 1.1 * values[()]
    assert touched <= differing(repeated(scan))


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_files_of_revision_1_agree(path):
    found = repeated(path)
    assert found.agrees
    assert found.summary == found.stored
    assert "summary.recalled_overlap" in found.stored
    assert "shot.verdict" not in found.rows


TAMPERED = ["shot.spins", "shot.recalled", "shot.emission", "shot.overlaps"]


@pytest.mark.parametrize("key", TAMPERED)
def test_a_changed_result_is_found_out(file, key):
    with h5py.File(file, "a") as opened:
        opened[f"datasets/{key}"][1, 0] = -opened[f"datasets/{key}"][1, 0] * 1.5
    assert differing(repeated(file)) == {key}


def test_an_emission_that_is_hardly_changed_is_found_out(file):
    """A millionth: far within its shot noise, and no rounding."""
    with h5py.File(file, "a") as opened:
        opened["datasets/shot.emission"][1] *= 1 + 1e-6
    assert differing(repeated(file)) == {"shot.emission"}


def test_a_changed_verdict_is_found_out(file):
    change(file, {"shot.verdict": ["ok", "dark"]})
    found = repeated(file)
    (verdict,) = [item for item in found.differences if not item.agrees]
    assert (verdict.key, verdict.changed, verdict.size) == ("shot.verdict", 1, 2)


def test_a_changed_frame_changes_what_is_found(file):
    with h5py.File(file, "a") as opened:
        opened["datasets/shot.frames"][0, 0] = opened["datasets/shot.frames"][0, 1]
    found = repeated(file)
    assert {"shot.spins", "shot.verdict"} <= differing(found)
    assert found.rows["shot.verdict"][0] == "dark"


def test_what_could_not_be_decoded_is_still_that(file):
    """NaN agrees with NaN, and with nothing else."""
    with h5py.File(file, "a") as opened:
        frames = opened["datasets/shot.frames"]
        frames[0, 1] = 0  # no reference light
    found = repeated(file)
    assert found.rows["shot.verdict"][0] == "undecodable"
    assert "shot.phase" in differing(found)
    with h5py.File(file, "a") as opened:
        for key, values in {**found.rows, **found.summary}.items():
            opened[f"datasets/{key}"][...] = values
    assert repeated(file).agrees


def test_files_without_memories_are_decoded(file):
    with h5py.File(file, "a") as opened:
        for key in [k for k in opened["datasets"] if k.startswith("summary.")]:
            del opened[f"datasets/{key}"]
        del opened["datasets/plan.patterns"]
    found = repeated(file)
    assert found.agrees
    assert "shot.spins" in found.rows
    assert "shot.overlaps" not in found.rows
    assert "shot.overlaps" in found.untouched
    assert found.summary == {}


def test_other_settings_are_used(file):
    with Run(file) as run:
        spins, names = run.spins, run.names
    turned = repeated(file, imaging__phase=np.pi)
    # The reference's phase fixes the global sign.
    np.testing.assert_array_equal(turned.rows["shot.spins"], -spins)
    other = repeated(file, cue__memory=names[0])
    assert other.summary["summary.memory"] == names[0]
    smaller = repeated(file, cloud__size=3e-6)
    assert smaller.summary["summary.mean_residual"] > 1e-3


def test_a_file_without_frames_has_nothing_to_repeat(tmp_path):
    path = tmp_path / "rabi.h5"
    with h5py.File(path, "w") as opened:
        opened["datasets/counts"] = [1, 2, 3]
    with Run(path) as run:
        assert obstacle(run).startswith(
            "nothing to repeat: rabi.h5 holds no shot.frames"
        )
        with pytest.raises(ResultsError, match="nothing to repeat"):
            reanalyse(run)


def test_a_run_without_shots(file):
    change(file, {"progress.done": 0})
    with pytest.raises(ResultsError, match="no complete shot"):
        repeated(file)


WRONG = {
    "settings.cloud.size": (-1.0, "Cloud.size"),
    "settings.imaging.pixels": (2048, "imaging.pixels is 2048"),
    "shot.point": ([0, 7], "points that the scan has not"),
    "plan.cued": (10, "memory 10 was cued, of 10"),
}


@pytest.mark.parametrize("key", WRONG)
def test_files_that_contradict_themselves(file, key):
    value, message = WRONG[key]
    change(file, {key: value})
    with pytest.raises(SchemaError, match=message):
        repeated(file)


def test_a_file_that_does_not_say_how_to_read_its_frames(file):
    with h5py.File(file, "a") as opened:
        for key in [k for k in opened["datasets"] if k.startswith("settings.imaging")]:
            del opened[f"datasets/{key}"]
    with pytest.raises(SchemaError, match="no settings.imaging"):
        repeated(file)


BAD_CHANGES = {
    "imaging.phase": "GROUP.FIELD=VALUE",
    "run.seed=3": "a group of cavity, cloud, imaging, axis, cue",
    "cue.corruption=0.9": "depends on no 'corruption' of cue",
    "cavity.single_photon_coupling=1e6": "it does on kappa, pump_detuning, waist",
    "imaging.fase=1": "did you mean 'phase'",
    "imaging.phase=much": "must be a number such as .*; got 'much'",
    "cloud.size=5ms": "Cloud.size must be a length",
    "cloud.size=-1um": "Cloud.size must be a finite number",
}


@pytest.mark.parametrize(("text", "message"), BAD_CHANGES.items())
def test_bad_changes(text, message):
    with pytest.raises(ParameterError, match=message):
        parse_change(text)


def test_changes_as_people_write_them():
    assert parse_change("cloud.size=4um") == ("cloud.size", 4e-6)
    assert parse_change("cue.memory=heart") == ("cue.memory", "heart")
    assert parse_change("imaging.pixels=64") == ("imaging.pixels", 64)


def test_a_memory_that_is_not_stored(file):
    with pytest.raises(ParameterError, match="did you mean 'heart'"):
        repeated(file, cue__memory="hearts")
