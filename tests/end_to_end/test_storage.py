"""Disks that fill, fail and vanish in a run of the real experiment: nothing is lost."""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import analysis
from analysis.files import recovery
from sim_backend.host import runner
from sim_backend.host.scheduler import Termination

from .conftest import FAST, RECALL

SHOTS = 4


def run(tmp_path, results, trouble, after=2, shots=SHOTS):
    """Recall with `trouble` once some shots are announced; returns the outcome."""

    def watch(datasets):
        def follow(key):
            if key == "progress.done" and datasets.local[key] == after:
                trouble()

        datasets.watchers.append(follow)

    request = runner.Request(
        RECALL, arguments={"shots": shots, "memory": "heart"}, results=results,
        dataset_db=tmp_path / "datasets.sqlite", seed=3, twin=FAST,
    )  # fmt: skip
    outcome = runner.run(request, watch=watch)
    assert outcome.plant.safe_state() == []
    return outcome


def check(path, shots, status):
    """Compare every shot with those of a run that nothing troubled."""
    with analysis.open(path) as found:
        assert found.header.status == status
        assert found.shots == shots
        assert found.verdict == ["ok"] * shots
        frames = found.frames
    assert frames.shape == (shots, 2, 256, 256)
    np.testing.assert_array_equal(frames, UNTROUBLED["frames"][:shots])


UNTROUBLED: dict[str, np.ndarray] = {}


@pytest.fixture(autouse=True, scope="module")
def untroubled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("untroubled")
    outcome = run(folder, folder / "results", lambda: None)
    assert outcome.error is None
    with analysis.open(outcome.path) as found:
        UNTROUBLED["frames"] = found.frames


def only(folder, pattern):
    (found,) = folder.rglob(pattern)
    return found


@pytest.mark.parametrize("removed", [False, True], ids=["stored", "removed"])
def test_a_run_leaves_no_file_open(tmp_path, removed):
    """Of the journal's lock nobody but the run knows, and a process may have many."""
    results = tmp_path / "results"
    trouble = (lambda: only(results, "*.journal").unlink()) if removed else lambda: None
    outcome = run(tmp_path, results, trouble)
    assert outcome.status == ("storage failed" if removed else "ok")
    places = [descriptor.resolve() for descriptor in Path("/proc/self/fd").iterdir()]
    assert not [place for place in places if place.is_relative_to(tmp_path)]


@pytest.mark.parametrize("after", [2, SHOTS])
def test_a_full_disk(tmp_path, mounted, after):
    """In the run, or when all is measured and the results file is made."""
    results = mounted.root / "results"
    filler = []
    outcome = run(tmp_path, results, lambda: filler.append(mounted.fill()), after)
    assert (outcome.status, outcome.exit_code, outcome.path) == (
        "storage failed", 3, None,
    )  # fmt: skip
    journal = only(results, "*.journal")
    assert f"`ccqed recover {journal}`" in str(outcome.error)
    assert not list(results.rglob("*.partial"))
    with pytest.raises(OSError, match="No space left"):
        recovery.recover(journal)
    assert not list(results.rglob("*.partial"))
    filler[0].unlink()
    # A status finds its room on a full disk; of the last shot nothing is missing.
    ending = "ok" if after == SHOTS else "storage failed"
    check(recovery.recover(journal), after, ending)


def test_a_disk_that_becomes_read_only(tmp_path, mounted):
    results = mounted.root / "results"
    outcome = run(tmp_path, results, mounted.fail)
    assert (outcome.status, outcome.exit_code, outcome.path) == (
        "storage failed", 3, None,
    )  # fmt: skip
    assert "Read-only file system" in str(outcome.error)
    journal = only(results, "*.journal")
    assert f"`ccqed recover {journal}`" in str(outcome.error)
    with mounted.after_power_cut() as again:  # as mounted anew
        check(recovery.recover(only(again, "*.journal")), 2, "killed")


@pytest.mark.parametrize("after", [2, SHOTS])
@pytest.mark.parametrize("how", ["removed", "unmounted"])
def test_a_folder_that_is_gone(tmp_path, mounted, how, after):
    results = mounted.root / "results"
    gone = mounted.vanish if how == "unmounted" else lambda: shutil.rmtree(results)
    outcome = run(tmp_path, results, gone, after)
    assert (outcome.status, outcome.exit_code) == ("storage failed", 3)
    assert "removed" in str(outcome.error)
    check(outcome.path, after, "storage failed")
    assert not list(results.rglob("*.journal"))
    shutil.rmtree(results)  # what is now below the place of the mount


@pytest.mark.parametrize("trouble", ["fill", "fail", "vanish"])
def test_the_second_folder_takes_the_run(tmp_path, mounted, spare, caplog, trouble):
    results = mounted.root / "results"
    outcome = run(tmp_path, results, getattr(mounted, trouble))
    assert (outcome.status, outcome.exit_code) == ("ok", 0)
    assert spare in outcome.path.parents
    assert str(outcome.path) in caplog.text
    check(outcome.path, SHOTS, "ok")
    assert not list(spare.rglob("*.journal"))


def test_a_run_that_its_disk_cannot_hold_is_refused(tmp_path, mounted):
    mounted.fill(leave=300_000)
    request = runner.Request(
        RECALL, arguments={"shots": 50}, results=mounted.root / "results",
        dataset_db=tmp_path / "datasets.sqlite",
    )  # fmt: skip
    outcome = runner.run(request)
    assert (outcome.status, outcome.exit_code) == ("bad input", 2)
    assert re.search(
        r"50 shots of 0\.26\d MB take 13\.\d MB, and .* has room for 0\.\d+ MB",
        str(outcome.error),
    )


class BeforeRun(Termination):
    """Something happens after prepare, before run."""

    def __init__(self, trouble):
        super().__init__()
        self.trouble = trouble
        self.phases = 0

    def interruptible(self):
        self.phases += 1
        if self.phases == 3:
            self.trouble()
        return super().interruptible()


def test_without_a_journal_no_device_moves(tmp_path, mounted, caplog):
    request = runner.Request(
        RECALL, results=mounted.root / "results", history=True,
        dataset_db=tmp_path / "datasets.sqlite",
    )  # fmt: skip
    outcome = runner.run(request, BeforeRun(mounted.fail))
    assert (outcome.status, outcome.exit_code) == ("storage failed", 3)
    assert "Recall.journal cannot be written" in caplog.text
    assert outcome.minimum_slack is None
    assert "progress.total" not in outcome.datasets.local


LOCKER = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
time.sleep(600)
"""


@contextlib.contextmanager
def locked(path):
    """Have another process lock a database."""
    with subprocess.Popen(
        [sys.executable, "-c", LOCKER, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        yield
        process.kill()


@pytest.mark.parametrize("how", ["locked", "garbage"])
def test_the_dataset_database_is_not_in_the_way(tmp_path, caplog, how):
    path = tmp_path / "datasets.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE datasets (key TEXT PRIMARY KEY, pyon TEXT)")
    with contextlib.ExitStack() as stack:

        def trouble():
            if how == "locked":
                stack.enter_context(locked(path))
            else:
                path.write_bytes(b"garbage" * 1000)

        outcome = run(tmp_path, tmp_path / "results", trouble)
    assert (outcome.status, outcome.exit_code) == ("ok", 0)
    check(outcome.path, SHOTS, "ok")
    assert "nothing of this run was to persist" in caplog.text
