"""`import analysis`: light, and all that a notebook needs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import UTC, datetime

import h5py
import pytest

import analysis
from ccqed_ctrl.errors import ResultsError


@pytest.fixture
def results(recalled, scanned, tmp_path):
    for rid, path in enumerate((recalled, scanned)):
        copy = shutil.copy(path, tmp_path / f"{rid:09d}-Recall.h5")
        with h5py.File(copy, "a") as file:
            del file["rid"]
            file["rid"] = rid
    with h5py.File(tmp_path / "000000002-Rabi.h5", "w") as file:
        file["rid"] = 2
        file["start_time"] = 1e9
        file["expid"] = '{"class_name": "Rabi", "arguments": {"detuning": 1.5}}'
        file["datasets/counts"] = [1, 2, 3]
    return tmp_path


def test_importing_it_loads_nothing():
    program = (
        "import sys, analysis; heavy = {'h5py', 'numpy', 'xarray', 'pandas', "
        "'matplotlib', 'scipy'}; sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == 0


def test_reading_needs_neither_artiq_nor_pictures():
    program = (
        "import sys, analysis; analysis.open; "
        "sys.exit(', '.join({'artiq', 'xarray', 'pandas', 'matplotlib'} "
        "& set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == 0


def test_a_run_is_opened_by_number_name_or_file(results, recalled):
    with analysis.open(1, results) as run:
        assert run.shots == 8
    with analysis.open("0", results) as run:
        assert run.shots == 2
    with analysis.open("latest", results) as run:
        assert run.header.rid == 1
    with analysis.open(recalled) as run:
        assert run.path == recalled


def test_a_run_that_is_not_there(results):
    with pytest.raises(ResultsError, match="no run 9"):
        analysis.open(9, results)
    with pytest.raises(ResultsError, match="no results folder"):
        analysis.open(root=results / "none")


def test_runs_are_a_table(results):
    table = analysis.runs(results)
    assert table["rid"].tolist() == [2, 0, 1]  # oldest first
    table = table.set_index("rid")
    assert table["class"].to_dict() == {2: "Rabi", 0: "Recall", 1: "Recall"}
    assert table.loc[2, "time"] == datetime.fromtimestamp(1e9, UTC)
    assert table.loc[2, "detuning"] == 1.5
    assert table.loc[0, "status"] == "ok"
    assert table.loc[0, "cue.corruption"] == 0.1
    assert table.loc[1, "cue.corruption"] == (0.0, 0.2)
    with analysis.open(1, results) as run:
        assert table.loc[1, "recalled_overlap"] == run.recalled_overlap
        assert table.loc[1, "path"] == str(run.path)
    assert table["shots"].to_dict() == {2: 0, 0: 2, 1: 8}


@pytest.mark.parametrize("missing", ["xarray", "pandas"])
def test_what_is_not_installed_is_said_how_to_install(results, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    wanted = f"needs {missing}: pip install 'ccqed-ctrl\\[export\\]'"
    with analysis.open(0, results) as run:
        assert run.overlaps.shape == (2, 10)
        with pytest.raises(ResultsError, match=wanted):
            _ = run.to_xarray() if missing == "xarray" else analysis.runs(results)


def test_there_is_nothing_else():
    with pytest.raises(AttributeError, match="no attribute 'load'"):
        _ = analysis.load
