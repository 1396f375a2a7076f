"""`ccqed ls`: filters, order, broken files, speed."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime

import h5py
import pytest

from analysis.commands import LS
from analysis.files import listing
from ccqed_ctrl.cli import parser_of
from ccqed_ctrl.errors import ParameterError, ResultsError

from .. import result_files

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


def ls(capsys, monkeypatch, *arguments):
    monkeypatch.setenv("COLUMNS", "300")
    options = parser_of(LS).parse_intermixed_args([str(a) for a in arguments])
    assert LS.run(options) == 0
    return capsys.readouterr().out


def test_all_runs_are_listed_oldest_first(results, capsys, monkeypatch):
    shown = ls(capsys, monkeypatch, results)
    lines = [line for line in shown.splitlines() if line.startswith("│")]
    firsts = [line.split("│")[1].strip() for line in lines]
    assert firsts == ["?", "-", "5", "6", "7"]
    assert "dog taken for cat, overlap 0.500, 12.7 px wrong" in lines[4]
    assert "exception" in lines[2]
    assert "1 datasets" in lines[3]
    assert "no readable HDF5 file" in lines[0]
    assert "5 of 5 files, 1 unreadable" in shown


def test_a_run_without_result_says_how_far_it_came(tmp_path, capsys, monkeypatch):
    datasets = {
        key: value
        for key, value in result_files.values(shots=4, done=3).items()
        if not key.startswith("summary")
    }
    result_files.write(tmp_path / "a.h5", datasets, result_files.roots())
    shown = ls(capsys, monkeypatch, tmp_path / "a.h5")
    assert "3 of 4 shots" in shown
    assert "incomplete" in shown


def local(seconds):
    return datetime.fromtimestamp(1.7e9 + seconds, UTC).astimezone().isoformat()


FILTERS = {
    "class": (["--class", "Recall"], {5, 7}),
    "status": (["--status", "ok"], {7}),
    "unreadable": (["--status", "unreadable"], {None}),
    "backend": (["--backend", "hardware"], {None}),
    "rid": (["--rid", "6"], {6}),
    "rids": (["--rid", "6-9"], {6, 7}),
    "since": (["--since", local(30)], {6, 7}),
    "until": (["--until", local(30)], {5}),
    "both": (["--class", "Recall", "--since", local(30)], {7}),
    "none": (["--class", "Nothing"], set()),
}


@pytest.mark.parametrize(("arguments", "rids"), FILTERS.values(), ids=FILTERS)
def test_filters(results, arguments, rids):
    options = parser_of(LS).parse_intermixed_args([str(results), *arguments])
    wanted = listing.Filter(
        options.class_name, options.status, options.backend,
        options.since and listing.parse_time(options.since),
        options.until and listing.parse_time(options.until),
        options.rid and listing.parse_rids(options.rid),
    )  # fmt: skip
    found = listing.select(listing.scan(results), wanted)
    assert {run.header.rid if run.header else None for run in found} == rids


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


def test_a_thousand_runs_are_listed_fast(tmp_path, capsys, monkeypatch):
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
    shown = ls(capsys, monkeypatch, tmp_path / "results")
    assert "1000 of 1000 files" in shown
    taken = (time.process_time() - start) / 1000
    assert taken < 40 * visit
