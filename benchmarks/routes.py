"""One experiment by each route: `ccqed run`, `artiq_run`, and a real `artiq_master`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from tests.end_to_end.masters import Master

from .sweep import ROOT

EXPERIMENT = Path(__file__).with_name("watched_recall.py")
CLASS, ANNOUNCED = "Watched", "announced"
DEVICE_DB = Path(__file__).with_name("fast_device_db.py")
#: Seconds between looks at a run, few against a shot.
PERIOD = 0.02


class Started(Protocol):
    """A run on its way."""

    def over(self) -> bool:
        """Tell whether it has ended."""

    def kill(self) -> None:
        """Kill it without warning, once it has announced anything."""

    def close(self) -> None:
        """Leave no process behind."""


class Command:
    """A run by a command, its processes in a group of their own."""

    def __init__(self, folder: Path, *command: str) -> None:
        with (folder / "command.log").open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *command], cwd=folder, start_new_session=True,
                stdout=log, stderr=log,
                env=os.environ | {"CCQED_BACKEND": "simulation"},
            )  # fmt: skip

    def over(self) -> bool:
        return self._process.poll() is not None

    def kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        if not self.over():
            self.kill()


class OfMaster:
    """A run that a master's worker does; with_master: a kill takes both."""

    def __init__(self, folder: Path, shots: int, with_master: bool = False) -> None:
        self._folder = folder
        (folder / "repository").mkdir()  # which it scans
        self.master = Master(folder, device_db=DEVICE_DB)
        self._with_master = with_master
        self._rid = self.master.submit(str(EXPERIMENT), CLASS, {"shots": shots})

    def over(self) -> bool:
        return self._rid not in self.master.states()

    def kill(self) -> None:
        if self._with_master:
            self.master.process.kill()
        worker = announced(self._folder)[-1]["process"]  # leads its own group
        os.killpg(worker, signal.SIGKILL)

    def close(self) -> None:
        self.master.close()


def start(route: str, folder: Path, shots: int) -> Started:
    """Begin a run of `shots` shots in an empty folder.

    route: "ccqed", "artiq_run", or "artiq_master", which in a kill stays alive, or is
    killed with its worker where "with worker" is added.
    """
    # Processes run this tree, whatever is installed.
    os.environ["PYTHONPATH"] = str(ROOT)
    what = ["--device-db", str(DEVICE_DB), "-c", CLASS, str(EXPERIMENT)]
    if route == "ccqed":
        return Command(folder, "ccqed_ctrl.cli", "run", *what, f"shots={shots}", "-q")
    if route == "artiq_run":
        run = "artiq.frontend.artiq_run"
        return Command(folder, run, "-o", "results.h5", *what, f"shots={shots}")
    return OfMaster(folder, shots, route.endswith("with worker"))


@contextmanager
def started(route: str, folder: Path, shots: int) -> Iterator[Started]:
    """Begin a run, and leave nothing of it behind; see `start`."""
    run = start(route, folder, shots)
    try:
        yield run
    finally:
        run.close()


def announced(folder: Path) -> list[dict[str, Any]]:
    """Return what a run in a folder has announced so far, line by line."""
    lines = [path.read_text() for path in folder.rglob(ANNOUNCED)]
    return [json.loads(line) for text in lines for line in text.splitlines(True)
            if line.endswith("\n")]  # fmt: skip


def wait_for(run: Started, folder: Path, done: int) -> None:
    """Wait until a run has announced so many shots, or is over."""
    while not run.over():
        said = announced(folder)
        if said and said[-1]["done"] >= done:
            return
        time.sleep(PERIOD)
