"""Runs that die or cannot write: what was measured is there all the same."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest

import analysis
from analysis.files.reanalysis import reanalyse

from .conftest import FAST, RECALL

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
FRAMES = 2 * 256 * 256 * 2
TWIN = [f"--twin={name}={value}" for name, value in FAST.items()]


def start(folder, *arguments, **options):
    command = [
        sys.executable, "-m", "ccqed_ctrl.cli", "run", RECALL, *TWIN, *arguments,
    ]  # fmt: skip
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, **options,
    )  # fmt: skip


def wait_for_shots(folder, count, process):
    """Wait until the journal holds the frames of some shots."""
    deadline = time.monotonic() + 120
    while True:
        found = list(folder.glob("results/*/*/*.journal"))
        if found and found[0].stat().st_size > count * FRAMES:
            return
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_ctrl_c_ends_with_a_safe_apparatus_and_a_file(tmp_path):
    process = start(tmp_path, "shots=300")
    wait_for_shots(tmp_path, 2, process)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    (file,) = tmp_path.glob("results/*/*/000000000-Recall.h5")
    with h5py.File(file) as result:
        assert result["ccqed/status"][()] == b"terminated"
        done = int(result["datasets/progress.done"][()])
        assert 0 < done < 300
        assert np.all(result["datasets/shot.frames"][:done].max(axis=(1, 2, 3)) > 0)


def test_a_killed_run_is_recovered_and_the_next_run_says_so(tmp_path, ccqed):
    process = start(tmp_path, "shots=300")
    wait_for_shots(tmp_path, 4, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not list(tmp_path.glob("results/*/*/*.h5"))
    told = ccqed("run", RECALL, *TWIN)
    assert "ccqed recover" in told.stderr
    listed = ccqed("recover")
    assert "000000000-Recall.journal" in listed.stdout
    done = ccqed("recover", "--all")
    assert done.returncode == 0, done.stdout
    assert not list(tmp_path.glob("results/*/*/*.journal*"))
    (file,) = tmp_path.glob("results/*/*/000000000-Recall.h5")
    with analysis.open(file) as run:
        assert run.header.status == "killed"
        assert run.header.rid == 0
        assert run.shots >= 3
        assert run.frames.shape == (run.shots, 2, 256, 256)
        assert run.verdict == ["ok"] * run.shots
        assert run.file.find("datasets/plan.positions").attrs["unit"] == "um"
        assert reanalyse(run).agrees
    again = ccqed("run", "--resume", "0", f"shots={3 + 1}")
    assert again.returncode in (0, 2)  # enough shots may be there already


def test_a_full_disk_ends_the_run_and_keeps_its_shots(tmp_path, ccqed):
    """A limit on file sizes stands for the full disk."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8 * FRAMES, 8 * FRAMES))

    process = start(tmp_path, "shots=50", preexec_fn=limit)
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 3, errors
    assert "cannot be written" in errors
    assert ccqed("recover", "--all").returncode == 0
    (file,) = tmp_path.glob("results/*/*/000000000-Recall.h5")
    with analysis.open(file) as run:
        assert run.shots >= 6
        assert np.all(run.frames.max(axis=(1, 2, 3)) > 0)
        assert reanalyse(run).agrees


IMPATIENT = f'''
import importlib.util
import subprocess
import sys

spec = importlib.util.spec_from_file_location("recall", {str(RECALL)!r})
recall = importlib.util.module_from_spec(spec)
spec.loader.exec_module(recall)


class Impatient(recall.Recall):
    """Someone recovers journals while it sums up its shots."""

    def analyze(self):
        command = [sys.executable, "-m", "ccqed_ctrl.cli", "recover", "--all"]
        done = subprocess.run(command, capture_output=True, text=True)
        self.set_dataset("said", done.stdout)
        super().analyze()
'''


def test_shots_are_not_recovered_before_their_run_has_written_them(tmp_path, ccqed):
    (tmp_path / "impatient.py").write_text(IMPATIENT)
    database = RECALL.parents[1] / "device_db.py"
    options = ["-c", "Impatient", "--device-db", str(database), *TWIN]
    told = ccqed("run", "impatient.py", *options, "shots=2")
    assert told.returncode == 0, told.stderr
    (file,) = tmp_path.glob("results/*/*/*.h5")
    with analysis.open(file) as run:
        assert "not recovered" in run["said"]
        assert "its run is still going on" in run["said"]
        assert run.frames.shape[0] == 2
    assert not list(tmp_path.glob("results/*/*/*.journal*"))
