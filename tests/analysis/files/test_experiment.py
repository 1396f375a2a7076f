"""A summary that an experiment's own file works out is repeated from that file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from analysis.commands import ANALYSE
from analysis.files.experiment import record_of
from analysis.files.reanalysis import reanalyse
from analysis.files.run import Run
from ccqed_ctrl.cli import parser_of
from ccqed_ctrl.errors import ResultsError
from sim_backend.host import runner

ROOT = Path(__file__).parents[3]
POWERS = "0.4,0.6,0.8,1.4,1.8,2.4"
FIT = "summary.fitted_threshold"


def own(file):
    """Run an experiment of one's own: one of ours, by another name, elsewhere."""
    shutil.copy(ROOT / "repository/calibrations/pump_threshold.py", file)
    request = runner.Request(
        file=file,
        arguments={"pump_over_threshold": POWERS, "shots": 3},
        dataset_db=file.parent / "datasets.sqlite",
        results=file.parent / "results",
        device_db=ROOT / "device_db.py",
        seed=3,
    )
    outcome = runner.run(request)
    assert outcome.status == "ok", outcome.error
    return outcome.path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The file of an experiment, and that of a run of it."""
    file = tmp_path_factory.mktemp("lab") / "mine.py"
    return file, own(file)


@pytest.fixture
def results(made, tmp_path, monkeypatch):
    """A copy of the results that names an experiment which may be changed."""
    file, path = made
    copy = Path(shutil.copy(path, tmp_path / path.name))
    mine = shutil.copy(file, tmp_path / "mine.py")
    rename(copy, str(mine))
    monkeypatch.chdir(tmp_path)
    return copy


def rename(results, file):
    """Let results name another file of their experiment."""
    with h5py.File(results, "a") as opened:
        for key in ("expid", "datasets/provenance"):
            about = json.loads(opened[key][()])
            del opened[key]
            opened[key] = json.dumps(about | {"file": file})


def repeated(path, **changes):
    with Run(path) as run:
        return reanalyse(run, {k.replace("__", "."): v for k, v in changes.items()})


def test_a_fit_of_ones_own_is_repeated_to_the_last_bit(results):
    found = repeated(results)
    assert found.agrees
    assert (found.untouched, found.why) == ((), "")
    assert {FIT, "summary.light", "summary.light_fit"} <= set(found.summary)
    assert np.isfinite(found.summary[FIT])
    for key, value in found.summary.items():
        np.testing.assert_array_equal(value, found.stored[key])


def test_other_settings_move_it(results, capsys):
    """A camera of twice the electrons per count saw twice the field, 4 times as bright.

    Where the light begins is no matter of its units.
    """
    with Run(results) as run:
        gain = run["settings.imaging.electrons_per_count"]
    options = [str(results), "--set", f"imaging.electrons_per_count={4 * gain}"]
    assert ANALYSE.run(parser_of(ANALYSE).parse_intermixed_args(options)) == 0
    said = capsys.readouterr().out
    assert "summary.light" in said.split("moved: ")[1]
    assert "not repeated" not in said
    found = repeated(results, imaging__electrons_per_count=4 * gain)
    moved = {item.key for item in found.differences if not item.agrees}
    assert {"shot.emission", "summary.light", "summary.light_fit"} <= moved
    assert found.summary[FIT] == pytest.approx(found.stored[FIT], rel=1e-3)


def test_a_stored_fit_that_was_changed_is_found_out(results):
    with h5py.File(results, "a") as opened:
        opened[f"datasets/{FIT}"][()] *= 1.01
    found = repeated(results)
    assert [item.key for item in found.differences if not item.agrees] == [FIT]


def test_masters_name_their_files_within_the_repository(results, tmp_path, monkeypatch):
    (tmp_path / "repository").mkdir()
    (tmp_path / "mine.py").rename(tmp_path / "repository" / "mine.py")
    rename(results, "mine.py")
    monkeypatch.chdir(tmp_path)
    assert repeated(results).why == ""
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert "is gone: repository/mine.py" in repeated(results).why


def test_results_do_not_choose_a_file_elsewhere(results, monkeypatch):
    (results.parent / "other").mkdir()
    monkeypatch.chdir(results.parent / "other")
    assert "outside of this folder" in repeated(results).why


LOST = {
    "PumpThreshold is gone: ": lambda file: file.unlink(),
    "has no record ThresholdRecord any more": lambda file: file.write_text("x = 1"),
    "cannot be imported: ZeroDivisionError": lambda file: file.write_text("1 / 0"),
    "cannot be imported: SyntaxError": lambda file: file.write_text("def"),
    "cannot be imported: SystemExit": lambda file: file.write_text("exit(1)"),
}


@pytest.mark.parametrize(("reason", "lose"), LOST.items(), ids=LOST)
def test_without_its_experiment_the_rest_is_repeated(results, capsys, reason, lose):
    lose(results.parent / "mine.py")
    found = repeated(results)
    assert reason in found.why
    assert found.agrees
    assert "shot.emission" in found.rows
    assert set(found.untouched) >= {FIT, "summary.light"}
    ANALYSE.run(parser_of(ANALYSE).parse_intermixed_args([str(results)]))
    said = capsys.readouterr().out
    assert f"not repeated: {FIT} (" in said
    assert said.endswith(f"far as it was repeated: {len(found.untouched)} were not\n")
    assert reason in said


def test_a_summary_that_fails_says_so(results):
    file = results.parent / "mine.py"
    file.write_text(file.read_text().replace("powers = self", "powers = 1 / 0; self"))
    with pytest.raises(
        ResultsError, match="of its ThresholdRecord fails: ZeroDivision"
    ):
        repeated(results)


@pytest.mark.parametrize(
    "named", ["/dev/null/x.py", "import os; os.abort()", "\n1/0\n", "", "a\0b"]
)
def test_what_results_say_is_a_place_and_is_not_run(results, named):
    rename(results, named)
    assert "gone" in repeated(results).why


def test_records_that_are_shared_need_no_file(recalled):
    with Run(recalled) as run:
        kind, why = record_of(run)
    assert (kind.__name__, why) == ("RecallRecord", "")
