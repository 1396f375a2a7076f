"""`ccqed analyse` and `ccqed export` on a run of the twin."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray

from analysis.commands import ANALYSE, EXPORT
from analysis.files import export
from analysis.files.reanalysis import reanalyse
from analysis.files.rebuild import parse_change, reader_of, stored_settings
from analysis.files.records import open_record
from ccqed_ctrl.cli import parser_of
from ccqed_ctrl.errors import ParameterError, ResultsError, SchemaError
from ccqed_ctrl.params import Imaging, Layout
from sim_backend.host import runner

RECALL = Path(__file__).parents[3] / "repository" / "recall.py"


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A run of two shots on the twin, seed 3."""
    folder = tmp_path_factory.mktemp("run")
    request = runner.Request(
        file=RECALL,
        arguments={"shots": 2, "memory": 2},
        twin={},
        dataset_db=folder / "datasets.sqlite",
        results=folder / "results",
        seed=3,
    )
    outcome = runner.run(request)
    assert outcome.status == "ok"
    return outcome.path


@pytest.fixture
def file(original, tmp_path):
    """A copy that may be changed."""
    return Path(shutil.copy(original, tmp_path / "000000000-Recall.h5"))


def change(file, edits):
    with h5py.File(file, "a") as opened:
        for key, value in edits.items():
            del opened[key]
            if value is not None:
                opened[key] = value


def analyse(*arguments):
    options = parser_of(ANALYSE).parse_intermixed_args([str(a) for a in arguments])
    return ANALYSE.run(options)


def test_what_was_stored_is_found_again(file, capsys):
    with open_record(file) as record:
        repeated = reanalyse(record)
        assert repeated.agrees
        assert repeated.summary == repeated.stored
        assert all(item.deviation == 0 for item in repeated.differences)
        assert {"shot.field", "shot.spins", "shot.overlaps"} <= set(repeated.rows)
    assert analyse(file) == 0
    assert "agrees" in capsys.readouterr().out


TAMPERED = ["shot.spins", "shot.recalled", "shot.amplitudes", "shot.overlaps"]


@pytest.mark.parametrize("key", TAMPERED)
def test_a_changed_result_is_found_out(file, capsys, monkeypatch, key):
    monkeypatch.setenv("COLUMNS", "250")
    with h5py.File(file, "a") as opened:
        opened[f"datasets/{key}"][1, 0] = -opened[f"datasets/{key}"][1, 0] * 1.5
    assert analyse(file) == 1
    assert f"differs in {key}" in capsys.readouterr().out


def test_a_changed_frame_changes_what_is_found(file):
    with h5py.File(file, "a") as opened:
        opened["datasets/shot.frames"][0, 0] = opened["datasets/shot.frames"][0, 1]
    with open_record(file) as record:
        repeated = reanalyse(record)
    changed = {item.key for item in repeated.differences if not item.agrees}
    assert {"shot.field", "shot.spins"} <= changed


def test_other_settings_are_no_mismatch(file):
    half_turn = str(np.pi)
    with open_record(file) as record:
        turned = reanalyse(record, {"imaging.phase": np.pi})
        spins = record.get("shot.spins")
        # The reference's phase fixes the global sign.
        np.testing.assert_array_equal(turned.rows["shot.spins"], -spins)
        other = reanalyse(record, {"memory.memory": 0})
        assert other.summary["summary.memory"] == record.get("memory.names")[0]
        smaller = reanalyse(record, {"cloud.size": 3e-6})
        assert smaller.summary["summary.residual"] > turned.summary["summary.residual"]
    assert analyse(file, "--set", f"imaging.phase={half_turn}") == 0


def test_a_folder_is_analysed_file_by_file(file, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "250")
    assert analyse(file.parent) == 0
    shutil.copy(file, file.with_name("000000001-Recall.h5"))
    change(file, {"datasets/plan.positions": None})
    (file.parent / "broken.h5").write_bytes(b"")
    assert analyse(file.parent) == 1
    shown = capsys.readouterr().out
    assert "no dataset 'plan.positions'" in shown
    assert "no readable HDF5 file" in shown
    assert "000000001-Recall.h5 │ 2" in shown


def test_settings_are_stored_field_by_field(file):
    with open_record(file) as record:
        assert stored_settings(record, "imaging") == Imaging()
        assert stored_settings(record, "layout") == Layout()
        assert stored_settings(record, "memory").memory == 2


def test_files_from_before_settings_were_stored(file):
    with h5py.File(file, "a") as opened:
        for key in [key for key in opened["datasets"] if key.startswith("settings.")]:
            del opened[f"datasets/{key}"]
    with open_record(file) as record:
        assert stored_settings(record, "memory").memory == 2  # a resolved argument
        assert reanalyse(record).agrees


def test_impossible_settings_in_a_file(file):
    change(file, {"datasets/settings.cloud.size": -1.0})
    with open_record(file) as record, pytest.raises(SchemaError, match="Cloud.size"):
        reader_of(record)


def test_frames_of_another_size_are_refused_before_any_template(file):
    change(file, {"datasets/settings.imaging.pixels": 4096})
    with (
        open_record(file) as record,
        pytest.raises(SchemaError, match="pixels is 4096"),
    ):
        reader_of(record)


def test_a_run_without_shots(file):
    change(file, {"datasets/progress.done": 0})
    with open_record(file) as record, pytest.raises(ResultsError, match="no complete"):
        reanalyse(record)


BAD_CHANGES = {
    "imaging.phase": "GROUP.FIELD=VALUE",
    "run.seed=3": "a group of cavity, cloud, imaging, memory",
    "memory.corruption=0.9": "depends on no 'corruption' of memory",
    "cavity.single_photon_coupling=1e6": "it does on waist, kappa, pump_detuning",
    "imaging.fase=1": "did you mean 'phase'",
    "imaging.phase=much": "must be a number; got 'much'",
    "imaging.phase=nan": "finite number",
}


@pytest.mark.parametrize(("text", "message"), BAD_CHANGES.items())
def test_bad_changes(text, message):
    with pytest.raises(ParameterError, match=message):
        parse_change(text)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"memory.memory": 99}, "must be below 10"), ({"cloud.size": -1}, "Cloud.size")],
)
def test_changes_out_of_bounds(file, changes, message):
    with open_record(file) as record, pytest.raises(ParameterError, match=message):
        reader_of(record, changes)


def exported(file, output, *flags):
    arguments = [str(file), "-o", str(output), *flags]
    assert EXPORT.run(parser_of(EXPORT).parse_intermixed_args(arguments)) == 0
    return output


def test_netcdf_holds_the_same_values(file, tmp_path):
    with h5py.File(file, "a") as opened:
        opened["datasets/lab/temperature"] = [20.5, 21.5]
    with (
        xarray.open_dataset(exported(file, tmp_path / "run.nc")) as found,
        open_record(file) as record,
    ):
        assert found["shot.frames"].dims == ("S", "F", "ny", "nx")
        assert found["plan.kernel"].dims == ("N", "N2")
        assert found["plan.positions"].attrs["units"] == "m"
        assert found["shot.exposure"].attrs["units"] == "s"
        assert list(found["memory.names"].values) == record.get("memory.names")
        frames = record.get("shot.frames")
        np.testing.assert_array_equal(found["shot.frames"].values, frames)
        field = found["shot.field_re"].values + 1j * found["shot.field_im"].values
        np.testing.assert_array_equal(field, record.get("shot.field"))
        assert found["lab|temperature"].values.tolist() == [20.5, 21.5]
        assert found.attrs["complete_shots"] == 2


def test_netcdf_without_images(file, tmp_path):
    path = exported(file, tmp_path / "run.nc", "--without-images")
    with xarray.open_dataset(path) as found:
        assert "shot.frames" not in found
        assert found["shot.spins"].shape == (2, 64)


def test_csv_has_a_line_per_shot(file, tmp_path):
    path = exported(file, tmp_path / "run.csv")
    with path.open() as opened:
        first, second = csv.DictReader(opened)
    with open_record(file) as record:
        names = record.get("memory.names")
        overlaps = record.get("shot.overlaps")
        assert float(second[f"shot.overlaps[{names[2]}]"]) == overlaps[1, 2]
        assert int(first["shot.pixels_wrong"]) == record.get("shot.pixels_wrong")[0]
    assert (first["shot"], second["shot"]) == ("0", "1")


def test_exports_that_cannot_be_written(file, tmp_path):
    with open_record(file) as record:
        with pytest.raises(ParameterError, match="must end in .nc or .csv"):
            export.write(record, tmp_path / "run.xlsx")
        with pytest.raises(ResultsError, match="cannot write"):
            export.write(record, tmp_path / "none" / "run.csv")
    assert not list(tmp_path.glob("*.partial"))
