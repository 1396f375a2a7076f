"""All runs of a folder: filters, order, broken files, finding one, speed."""

from __future__ import annotations

import os
import shutil
import time
from datetime import UTC, datetime

import h5py
import pytest

from analysis.files import listing
from ccqed_ctrl.errors import ParameterError, ResultsError

from .. import hostile_files, result_files
from ..hostile_files import HOSTILE, limited

DAY = 86400.0


@pytest.fixture
def results(tmp_path):
    """Five files, of which one is broken and one is foreign."""
    root = tmp_path / "results"
    hour = root / "2023-11-14" / "22"
    result_files.embedded(hour / "000000007-Recall.h5", rid=7, start=1.7e9 + DAY)
    result_files.embedded(hour / "000000005-Recall.h5", rid=5, status="exception")
    result_files.artiq_run(root / "mine.h5", backend="hardware")
    facts = {"rid": 6, "start_time": 1.7e9 + 60}
    result_files.write(hour / "000000006-Rabi.h5", {"counts": [1, 2]}, facts)
    (hour / "000000008-Recall.h5").write_bytes(b"")
    return root


def listed(root, **wanted):
    return listing.select(listing.scan(root), listing.Filter(**wanted))


def rids(runs):
    return [run.header.rid if run.header else "?" for run in runs]


def test_all_runs_are_listed_oldest_first(results):
    runs = listed(results)
    assert rids(runs) == ["?", None, 5, 6, 7]
    assert [run.status for run in runs] == [
        "unreadable", "complete", "failed", "unknown", "ok",
    ]  # fmt: skip
    assert runs[4].result == "dog taken for cat, overlap 0.5"
    assert runs[3].result == "1 datasets"
    assert "no readable HDF5 file" in runs[0].result


SUMMARIES = {
    "figures": ({"summary.threshold": 1.0312, "summary.fit": "good"},
                "fit good, threshold 1.03"),
    "shots": ({"progress.done": 3, "progress.total": 4}, "3 of 4 shots"),
    "strange": ({"progress.done": [1, 2], "summary.x": [3]}, "2 datasets"),
}  # fmt: skip


@pytest.mark.parametrize(("values", "result"), SUMMARIES.values(), ids=SUMMARIES)
def test_what_came_out_of_any_experiment(tmp_path, values, result):
    path = result_files.write(tmp_path / "a.h5", values, result_files.roots())
    assert [run.result for run in listing.scan(path)] == [result]


def local(seconds):
    return datetime.fromtimestamp(1.7e9 + seconds, UTC).astimezone().isoformat()


FILTERS = {
    "class": ({"class_name": "Recall"}, [5, 7]),
    "status": ({"status": "ok"}, [7]),
    "unreadable": ({"status": "unreadable"}, ["?"]),
    "backend": ({"backend": "doubtful"}, [None]),
    "rid": ({"rids": listing.parse_rids("6")}, [6]),
    "rids": ({"rids": listing.parse_rids("6-9")}, [6, 7]),
    "since": ({"since": listing.parse_time(local(30))}, [6, 7]),
    "until": ({"until": listing.parse_time(local(30))}, [5]),
    "both": ({"class_name": "Recall", "since": listing.parse_time(local(30))}, [7]),
    "none": ({"class_name": "Nothing"}, []),
}


@pytest.mark.parametrize(("wanted", "found"), FILTERS.values(), ids=FILTERS)
def test_filters(results, wanted, found):
    assert rids(listed(results, **wanted)) == found


@pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01"])
def test_bad_times(text):
    with pytest.raises(ParameterError, match="must look like 2026-03-01"):
        listing.parse_time(text)


@pytest.mark.parametrize("text", ["x", "", "3-", "-3", "3.5"])
def test_bad_run_numbers(text):
    with pytest.raises(ParameterError, match="must look like 7 or 7-12"):
        listing.parse_rids(text)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ResultsError, match="no results folder"):
        list(listing.scan(tmp_path / "none"))


def test_a_run_is_found_by_number_path_or_as_the_latest(results, monkeypatch, caplog):
    hour = results / "2023-11-14" / "22"
    assert listing.find("latest", results) == hour / "000000007-Recall.h5"
    assert "1 files cannot be read; one may be newer" in caplog.text
    assert listing.find("5", results) == hour / "000000005-Recall.h5"
    assert listing.find(6, results) == hour / "000000006-Rabi.h5"
    path = results / "mine.h5"
    assert listing.find(path, "nowhere") == listing.find(str(path)) == path
    monkeypatch.chdir(results.parent)
    assert listing.find(7) == hour.relative_to(results.parent) / "000000007-Recall.h5"


def test_where_artiqs_worker_is_all_runs_of_its_master_are_found(
    results, monkeypatch, tmp_path
):
    other = results / "2023-11-15" / "03"
    other.mkdir(parents=True)
    monkeypatch.chdir(other)
    hour = results / "2023-11-14" / "22"
    assert listing.find(7) == hour / "000000007-Recall.h5"
    monkeypatch.chdir(other.parent)  # no such place: its own results, of which are none
    with pytest.raises(ResultsError, match="'results'"):
        listing.find(7)


def test_a_renamed_file_knows_its_number(tmp_path):
    path = result_files.embedded(tmp_path / "good one.h5", rid=12)
    result_files.embedded(tmp_path / "000000003-Recall.h5", rid=3)
    assert listing.find(12, tmp_path) == path


def test_a_number_used_twice_is_the_newer_run_with_a_note(tmp_path, caplog):
    newer = tmp_path / "a" / "000000003-Recall.h5"
    result_files.embedded(newer, rid=3, start=1.7e9 + DAY)
    result_files.embedded(tmp_path / "b" / "000000003-Recall.h5", rid=3)
    assert listing.find(3, tmp_path) == newer
    assert f"2 files are of run 3: taking {newer}" in caplog.text


def test_what_is_not_there_is_told_from_what_is(results, tmp_path):
    with pytest.raises(ResultsError, match=r"no run 9 in .*; the last are 5, 6, 7, 8"):
        listing.find(9, results)
    with pytest.raises(ResultsError, match=r"no run 8 .*no readable HDF5"):
        listing.find(8, results)
    for name in ("lates", "9" * 5000, "a\0b", ""):
        with pytest.raises(ResultsError, match="a run is 'latest', a run number, or"):
            listing.find(name, results)
    with pytest.raises(ResultsError, match="no results folder"):
        listing.find("latest", tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ResultsError, match="no run latest in .*no file is called"):
        listing.find("latest", tmp_path / "empty")


def statuses(root):
    return [run.status for run in listing.scan(root)]


def test_bad_files_never_block_a_listing(tmp_path):
    """Each hides where a summary is expected; one is a pipe, one has no proper name."""
    for builder in HOSTILE:
        (tmp_path / builder.__name__).mkdir()
        path = hostile_files.build(builder, tmp_path / builder.__name__ / "x.h5")
        path.with_name("other.h5").unlink()
        with h5py.File(path, "r+") as file:
            file.move(hostile_files.X, "datasets/summary.recalled_as")
    os.mkfifo(tmp_path / "pipe.h5")
    shutil.copy(path, os.fsencode(tmp_path) + b"/\xff.h5")
    found = limited(statuses, tmp_path)
    assert found.count("unreadable") == len(HOSTILE) + 2, found


def test_a_thousand_runs_are_listed_fast(tmp_path):
    model = result_files.embedded(tmp_path / "model.h5")
    for rid in range(1000):
        folder = tmp_path / "results" / f"hour{rid // 100}"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(model, folder / f"{rid:09d}-Recall.h5")
    # Of this process alone, and in units of what HDF5 takes to visit a file: neither
    # other programs nor a slow machine must fail the test.
    start = time.process_time()
    for _ in range(100):
        with h5py.File(model) as file:
            file.visititems(lambda _name, item: repr(item.attrs))
    visit = (time.process_time() - start) / 100
    start = time.process_time()
    assert len(listed(tmp_path / "results", status="ok")) == 1000
    taken = (time.process_time() - start) / 1000
    assert taken < 9 * visit  # it was 10 when h5py's own objects were made for each
