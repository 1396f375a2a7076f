"""The results folder."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from ccqed_ctrl.errors import ResultsError, StorageError
from ccqed_ctrl.journal import Journal
from sim_backend.host import results
from sim_backend.host.datasets import Groups
from sim_backend.host.results import Contents, ResultsFolder
from tests.disks import disk

ROOT = Path(__file__).parents[2]


def contents(status="ok", **local):
    extra = {"status": status, "sub": {"a": 1}}
    return Contents(Groups(local, {}, {}), {"rid": 1}, extra)


TAKE = """
import sys
from sim_backend.host import ensure_artiq
ensure_artiq()
from sim_backend.host.results import ResultsFolder
folder = ResultsFolder(sys.argv[1])
print(*(folder.new_rid() for _ in range(50)))
"""


def test_run_numbers_are_never_given_twice(tmp_path):
    command = [sys.executable, "-c", TAKE, str(tmp_path)]
    pipes = {"stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    with contextlib.ExitStack() as stack:
        takers = [
            stack.enter_context(subprocess.Popen(command, **pipes)) for _ in range(3)
        ]
        taken = [int(rid) for taker in takers for rid in taker.stdout.read().split()]
    assert sorted(taken) == list(range(150))
    assert (tmp_path / "last_rid.pyon").read_text() == "149\n"


@pytest.mark.parametrize("suffix", [".h5", ".journal"])
@pytest.mark.parametrize(
    "counter",
    [
        None,
        b"",
        b"\xff\x00\x80",
        b"9" * 5000,
        b"9" * 20,
        b"-7\n",
        b"3.5",
        b"40\n",
        b"{}",
    ],
)
def test_a_broken_counter_is_mended_from_the_files(tmp_path, counter, suffix):
    folder = ResultsFolder(tmp_path)
    folder.path(41, "Recall", time.time()).with_suffix(suffix).touch()
    if counter is not None:
        (tmp_path / "last_rid.pyon").write_bytes(counter)
    assert [folder.new_rid(), folder.new_rid()] == [42, 43]
    assert (tmp_path / "last_rid.pyon").read_text() == "43\n"


def test_a_counter_that_is_ahead_of_the_files_counts(tmp_path):
    folder = ResultsFolder(tmp_path)
    folder.path(41, "Recall", time.time()).touch()
    (tmp_path / "last_rid.pyon").write_text("50\n")
    assert folder.new_rid() == 51


def test_a_counter_that_is_a_folder_is_refused_by_name(tmp_path):
    (tmp_path / "last_rid.pyon").mkdir()
    with pytest.raises(ResultsError, match=r"last_rid\.pyon cannot be used"):
        ResultsFolder(tmp_path).new_rid()


@pytest.fixture
def mounted(tmp_path):
    with disk(tmp_path, 4) as made:
        yield made


def test_a_counter_on_a_disk_that_is_read_only_is_refused_by_name(mounted):
    folder = ResultsFolder(mounted.root)
    assert folder.new_rid() == 0
    mounted.fail()
    with pytest.raises(ResultsError, match=r"last_rid\.pyon cannot be used"):
        folder.new_rid()
    with pytest.raises(ResultsError, match="cannot be written: Read-only"):
        folder.check_writable()


@pytest.mark.parametrize("room", [0, 5_000, 100_000, 700_000, 1_500_000])
def test_a_disk_too_full_for_a_file_has_nothing_of_it(mounted, room):
    """Wherever in the file the disk becomes full; HDF5 itself crashes of some."""
    many = {f"y{k}": np.arange(500.0) for k in range(400)}
    mounted.fill(leave=room)
    with pytest.raises(StorageError, match=r"x\.h5 cannot be written: No space left"):
        results.write(mounted.root / "x.h5", contents(big=np.zeros(10**5), **many))
    assert {path.name for path in mounted.root.iterdir()} == {"filler", "lost+found"}


@pytest.mark.skipif(os.name != "posix", reason="file sizes are limited by POSIX calls")
def test_a_quota_is_no_refusal_of_a_dataset(tmp_path):
    """The limit is on the size of files: EFBIG, as of a quota EDQUOT."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
        with pytest.raises(StorageError, match=r"x\.h5 cannot be written: File too"):
            results.write(tmp_path / "x.h5", contents(frames=np.zeros(10**5)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, old)
    assert list(tmp_path.iterdir()) == []


def test_a_written_file_survives_a_power_cut(mounted):
    hour = mounted.root / "2026-01-01" / "00"
    hour.mkdir(parents=True)
    results.write(hour / "x.h5", contents(x=np.arange(10)))
    with (
        mounted.after_power_cut() as after,
        h5py.File(after / "2026-01-01" / "00" / "x.h5") as file,
    ):
        assert list(file["datasets/x"]) == list(range(10))


def test_what_killed_runs_left_is_removed_or_named(tmp_path, caplog):
    folder = ResultsFolder(tmp_path)
    hour = folder.path(1, "A", time.time()).parent
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    here = socket.gethostname()
    dead = hour / f".000000001-A.h5.{here}.{child.pid}.partial"
    old = hour / ".000000001-A.h5.partial"
    mine = hour / f".000000002-A.h5.{here}.{os.getpid()}.partial"
    elsewhere = hour / ".000000003-A.h5.other.host.7.partial"
    for path in (dead, old, mine, elsewhere):
        path.write_bytes(b"half")
    with Journal.create(hour / "000000004-A.journal") as killed:
        killed.store({"a": 1})
    with Journal.create(hour / "000000005-A.journal") as pair:
        pair.store({"a": 1})
    (hour / "000000005-A.h5").touch()
    with Journal.create(hour / "000000006-A.journal"):  # its run goes on
        folder.tidy()
    assert {path for path in hour.iterdir() if path.suffix == ".partial"} == {
        mine, elsewhere,
    }  # fmt: skip
    assert f"ccqed recover {killed.path}`" in caplog.text
    assert "000000005" not in caplog.text
    assert "000000006" not in caplog.text
    assert str(dead) in caplog.text


def test_the_path_is_artiqs(tmp_path):
    start = time.mktime((2025, 3, 9, 7, 30, 0, 0, 0, -1))
    path = ResultsFolder(tmp_path).path(12, "Recall", start)
    assert path == tmp_path / "2025-03-09" / "07" / "000000012-Recall.h5"
    assert path.parent.is_dir()


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").touch()
    for root in (tmp_path / "file", tmp_path / "file" / "results", "/proc/results"):
        with pytest.raises(ResultsError, match="results folder"):
            ResultsFolder(root).check_writable()
    ResultsFolder(tmp_path / "new" / "deep").check_writable()
    assert list((tmp_path / "new" / "deep").iterdir()) == []


def test_writing_replaces_in_one_step(tmp_path):
    path = tmp_path / "x.h5"
    results.write(path, contents(x=1))
    with h5py.File(path) as reader:  # who has it open keeps the old one
        results.write(path, contents(x=2))
        assert reader["datasets/x"][()] == 1
    with h5py.File(path) as file:
        assert file["datasets/x"][()] == 2
        assert file["ccqed/sub/a"][()] == 1
    assert [p.name for p in tmp_path.iterdir()] == ["x.h5"]


def test_what_was_left_out_is_told_and_recorded(tmp_path):
    refused = results.write(tmp_path / "x.h5", contents(x=1, bad=None))
    assert len(refused) == 1
    with h5py.File(tmp_path / "x.h5") as file:
        assert file["ccqed/refused"].asstr()[()].tolist() == refused
        assert list(file["datasets"]) == ["x"]


def test_a_file_that_cannot_be_written(tmp_path):
    with pytest.raises(ResultsError, match="x.h5"):
        results.write(tmp_path / "missing" / "x.h5", contents())
