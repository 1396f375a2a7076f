"""A run reads itself: attributes, keys, points of a scan, files of others."""

from __future__ import annotations

import re
from pathlib import Path

import h5py
import numpy as np
import pytest

from analysis.files.run import Run
from ccqed_ctrl.errors import SchemaError
from ccqed_ctrl.params import Imaging, Layout
from ccqed_ctrl.recalling import RecallRecord
from ccqed_ctrl.records import encoded

KEPT = sorted((Path(__file__).parents[1] / "revision_1").glob("*.h5"))


@pytest.fixture
def run(recalled):
    with Run(recalled) as run:
        yield run


@pytest.fixture
def scan(scanned):
    with Run(scanned) as run:
        yield run


@pytest.fixture
def foreign(tmp_path):
    path = tmp_path / "000000003-Rabi.h5"
    with h5py.File(path, "w") as file:
        file["rid"] = 3
        file["datasets/counts"] = [[1, 2], [3, 4]]
        file["datasets/lab/temperature"] = 21.5
        file["datasets/comment"] = "first light"
    with Run(path) as run:
        yield run


def test_datasets_are_attributes(run):
    with h5py.File(run.path) as file:
        overlaps = file["datasets/shot.overlaps"][()]
    np.testing.assert_array_equal(run.overlaps, overlaps)
    assert run.overlaps.shape == (2, 10)
    assert run.names[2] == run.memory == run.recalled_as
    assert {"overlaps", "names", "corruption", "shots"} <= set(dir(run))
    assert "last_overlaps" not in dir(run)  # it was shown, not stored


def test_a_name_that_two_have_is_told_apart_by_what_stands_before_it(run):
    assert run.phase.shape == (2,)  # of the shots
    assert run.imaging_phase == run.longitudinal_phase == 0.0
    assert run.attributes["exposure"] == "shot.exposure"
    assert run.sequence_exposure == 50e-6
    assert run.cue.shape == (2, 64)
    assert run.cue_memory == "2"


@pytest.mark.parametrize(
    "name", ["settings.cue.corruption", "cue.corruption", "corruption"]
)
def test_a_setting_by_key_group_and_name(run, name):
    assert run[name] == 0.1


def test_a_misspelt_name_says_which_there_are(run):
    with pytest.raises(
        AttributeError,
        match=r"did you mean 'overlaps'\? \(it has attempts, .* and settings",
    ):
        _ = run.overlap
    with pytest.raises(SchemaError, match="has no dataset 'shot.overlap'"):
        _ = run["shot.overlap"]


def test_settings_are_those_of_a_point(scan):
    points = [scan.settings(point) for point in range(scan.points)]
    widths = [groups["layout"]["relative_width"] for groups in points]
    memories = [groups["cue"]["memory"] for groups in points]
    corruptions = [groups["cue"]["corruption"] for groups in points]
    # The groups in order of their declaration, the last one fastest.
    assert list(zip(memories, corruptions, widths, strict=True)) == [
        (memory, corruption, width)
        for memory in ("heart", "cup")
        for corruption in (0.0, 0.2)
        for width in (1.4, 1.5)
    ]
    assert Imaging(**points[0]["imaging"]).pixels == Imaging().pixels
    assert Layout(**points[7]["layout"]).relative_width == widths[7]


def test_what_was_scanned(scan):
    assert set(scan.scanned) == {
        "layout.relative_width",
        "cue.memory",
        "cue.corruption",
    }
    assert {len(values) for values in scan.scanned.values()} == {8}
    np.testing.assert_array_equal(
        scan.per_shot("settings.layout.relative_width"),
        scan["relative_width"][scan.point],
    )


def test_what_is_stored_once_holds_for_every_shot(run):
    assert list(run.per_shot("settings.cue.corruption")) == [0.1, 0.1]
    assert run.per_shot("plan.patterns").shape == (2, 10, 64)


def test_planned_and_measured(run):
    assert {"shot.spins", "shot.frames", "summary.memory"} <= set(run.measured)
    assert not {"shot.cue", "shot.point", "plan.encoder"} & set(run.measured)


def test_names_of_places(run, foreign):
    assert run.labels("P") == run.names
    assert run.labels("N") is None
    assert foreign.labels("P") is None


def test_a_run_shows_what_it_is(scan, foreign):
    shown = repr(scan)
    assert "Recall, run 0, simulation, ok: 8 shots" in shown
    assert "scanned cue.corruption = 0, 0.2\n" in shown
    assert "recalled_overlap" in shown
    lines = [line.split(maxsplit=1) for line in shown.splitlines()]
    assert [".overlaps", "S x P            recalled image with each memory"] in lines
    assert [".exposure", "S                exposure as used (us)"] in lines
    assert "settings()" in shown
    assert "Rabi, run 3" in repr(foreign)
    assert re.search(r"  .counts +\? x \?$", repr(foreign))


def test_files_of_others_as_far_as_they_go(foreign):
    assert foreign.counts.tolist() == [[1, 2], [3, 4]]
    assert foreign.temperature == foreign["lab/temperature"] == 21.5
    assert foreign.comment == "first light"
    assert (foreign.shots, foreign.points, foreign.settings()) == (0, 1, {})


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_files_of_revision_1_have_todays_names(path):
    with Run(path) as run:
        assert run.shots == 1
        assert run.pump_over_threshold == 2.0
        assert run.settings()["cue"]["memory"] == 3
        assert "final_power" not in run.settings()["sequence"]
        assert "memory.names" not in run.keys
        assert run.as_record(RecallRecord).names == run.names
        assert run.verdict == ["ok"]
        assert run.implies("shot.verdict")


def test_a_newer_file_is_refused(recalled, tmp_path):
    path = tmp_path / "new.h5"
    path.write_bytes(recalled.read_bytes())
    with h5py.File(path, "a") as file:
        file["datasets/schema_revision"][()] = 99
    with pytest.raises(SchemaError, match="revision 99.*update ccqed-ctrl"):
        Run(path)


def test_names_of_each_point_stay_apart(tmp_path):
    path = tmp_path / "a.h5"
    entry = RecallRecord.names.along("K")
    with h5py.File(path, "w") as file:
        file["datasets/schema_revision"] = 2
        file["datasets/schema"] = encoded([entry], "RecallRecord")
        file["datasets/plan.names"] = [["cat", "dog"], ["one", "two"], ["a", "b"]]
    with Run(path) as run:
        assert run.names == [["cat", "dog"], ["one", "two"], ["a", "b"]]
        assert run.at("plan.names", 1) == ["one", "two"]


#: A dataset, what is put in its place, and what is to be said of it.
CONTRADICTIONS = [
    ("shot.residual", np.array([1, 1j]), "is complex128, not float64 as its schema"),
    ("shot.spins", np.zeros((2, 64)), "is float64, not int8 as its schema"),
    ("shot.verdict", np.zeros(2), "is float64, not str as its schema"),
    ("plan.seed", "seven", "is str, not int64 as its schema"),
    ("shot.overlaps", np.zeros(2), r"has axes \('S', 'P'\); its shape is \(2,\)"),
    ("plan.couplings", 1.0, r"has axes \('N', 'N'\); its shape is \(\)"),
    ("plan.condition", [1.0], r"has axes \(\); its shape is \(1,\)"),
    ("shot.overlaps", np.zeros((2, 9)), "has P = 9, but plan.names has 10"),
    ("shot.cue", np.zeros((2, 63), np.int8), "has N = 63, but plan.positions has 64"),
    ("shot.phase", np.zeros(1), "has 1 shots of 2"),
    ("plan.image_shape", np.array([8, 8, 1]), "has 2 = 3, but the schema has 2"),
]


@pytest.mark.parametrize(("key", "value", "said"), CONTRADICTIONS)
def test_a_dataset_that_is_not_as_the_schema_says_is_named(
    recalled, tmp_path, key, value, said
):
    path = tmp_path / "bad.h5"
    path.write_bytes(recalled.read_bytes())
    with h5py.File(path, "a") as file:
        del file[f"datasets/{key}"]
        file[f"datasets/{key}"] = value
    with Run(path) as run, Run(recalled) as good:
        run.get("plan.names"), run.get("plan.positions")  # sizes are known by these
        with pytest.raises(SchemaError, match=f"bad.h5: {key} {said}"):
            run.get(key)
        if key.startswith("shot."):
            with pytest.raises(SchemaError, match=f"{key} {said}"):
                run.row(key, 0)
        # All else is readable as ever.
        for other in set(good.keys) - {key}:
            assert np.array_equal(run.get(other), good.get(other)), other
