"""The results folder."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from pathlib import Path

import h5py
import pytest

from ccqed_ctrl.errors import ResultsError
from sim_backend.host import results
from sim_backend.host.datasets import Snapshot
from sim_backend.host.results import Contents, ResultsFolder

ROOT = Path(__file__).parents[2]


def contents(status="ok", owner=None, **local):
    extra = {"status": status, "owner": owner or results.owner(), "sub": {"a": 1}}
    return Contents(Snapshot(local, {}, {}), {"rid": 1}, extra)


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


def test_a_lost_counter_is_found_again_from_the_files(tmp_path):
    folder = ResultsFolder(tmp_path)
    folder.path(41, "Recall", time.time()).touch()
    assert folder.new_rid() == 42


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


def test_leftover_checkpoints(tmp_path):
    folder = ResultsFolder(tmp_path)
    mine = results.checkpoint_path(folder.path(1, "A", time.time()))
    dead = results.checkpoint_path(folder.path(2, "B", time.time()))
    torn = results.checkpoint_path(folder.path(3, "C", time.time()))
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    results.write(mine, contents("running"))
    host = results.owner().partition(":")[0]
    results.write(dead, contents("running", owner=f"{host}:{child.pid}"))
    torn.write_bytes(b"half")
    assert folder.leftovers() == [dead, torn]
