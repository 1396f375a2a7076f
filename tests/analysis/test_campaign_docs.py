"""docs/campaigns.md: its code runs as it is written, in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "campaigns.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PYTHON = [text for language, text in BLOCKS if language == "python"]
SHELL = [text for language, text in BLOCKS if language == ""]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}


def python(folder, *arguments, code=0):
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=ENVIRONMENT,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done


def finished(folder):
    """Return when the last task was stored."""
    with contextlib.closing(sqlite3.connect(folder / "campaign.sqlite")) as store:
        return store.execute("SELECT MAX(finished) FROM tasks").fetchone()


@pytest.fixture
def pasted(tmp_path):
    """The page's study in a file of its own, as it says."""
    (tmp_path / "my_study.py").write_text(PYTHON[0])
    return tmp_path


def test_the_study_runs_when_pasted_and_can_be_read_elsewhere(pasted):
    said = python(pasted, "my_study.py").stdout
    easy, *_, hard = re.findall(r"-?\d\.\d*", said)[:4]
    assert float(easy) > 0.99  # two memories, few bits wrong
    assert float(hard) < 0.9  # twenty, and many wrong
    assert "(80, 100)" in said
    last = finished(pasted)
    assert python(pasted, "my_study.py").stdout == said
    assert finished(pasted) == last
    (pasted / "reader.py").write_text(PYTHON[1])
    assert python(pasted, "reader.py").stdout == "160 of 160 done, 0 failed\n"


def test_a_campaign_whose_every_task_fails_ends_with_an_error(pasted):
    broken = PYTHON[0].replace("stored.T @ stored", "stored @ stored")
    (pasted / "my_study.py").write_text(broken)
    said = python(pasted, "my_study.py", code=1).stderr.rstrip().splitlines()[-1]
    assert re.match(
        r"ccqed_ctrl.errors.CcqedError: all 160 tasks failed; the first: recall "
        r"\{'memories': 2, 'corruption': 0.1\}, seed 0: ValueError: matmul",
        said,
    )
    (pasted / "reader.py").write_text(PYTHON[1])
    assert python(pasted, "reader.py").stdout == "0 of 160 done, 160 failed\n"


def test_scheduler_and_workers_start_as_written_and_run_the_study(pasted):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    here = {"8786": port, "HEAD": "127.0.0.1", "--nworkers 16": "--nworkers 2"}
    (text,) = SHELL
    for word, replacement in here.items():
        text = text.replace(word, replacement)
    address = f"tcp://127.0.0.1:{port}"
    study = PYTHON[0].replace("Processes()", f'Cluster("{address}")')
    study = study.replace("import Processes,", "import Cluster,")
    (pasted / "my_study.py").write_text(study)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with (pasted / "log").open("w") as log:
        machines = [
            subprocess.Popen(
                ["/bin/sh", "-c", f"exec env {line}"], cwd=pasted, stdout=log,
                stderr=log, env=ENVIRONMENT | {"PATH": path},
            )
            for line in text.splitlines()
        ]  # fmt: skip
    try:
        assert "(80, 100)" in python(pasted, "my_study.py").stdout
    finally:
        for machine in reversed(machines):
            machine.terminate()
            machine.wait()
