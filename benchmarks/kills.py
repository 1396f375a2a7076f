"""`python -m benchmarks kills`: is every shot that was announced there after SIGKILL?

Starts real runs of Recall (`ccqed run`, and under ARTIQ `artiq_run`, each in a process
group of its own), kills the group at a random instant, recovers, and compares with the
shots whose progress was announced. Kills done are kept: the same command goes on where
it stopped.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import analysis
from analysis.files import recovery
from ccqed_ctrl.errors import ResultsError
from ccqed_ctrl.journal import SUFFIX

from .sweep import ROOT, sweep

RECALL = ROOT / "repository" / "recall.py"
#: Says on a file every shot that is announced to whoever watches the run.
ANNOUNCED = '''
import importlib.util
import os
from pathlib import Path

spec = importlib.util.spec_from_file_location("recall", {recall!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
from artiq.experiment import *


class Announced(module.Recall):
    """Recall that writes down what it announces."""

    def set_dataset(self, key, value, **options):
        super().set_dataset(key, value, **options)
        if key == "progress.done":
            with Path({announced!r}).open("a") as file:
                file.write(f"{{value}}\\n")
                file.flush()
                os.fsync(file.fileno())
'''


def one(route: str, shots: int, rng: np.random.Generator) -> dict[str, object]:
    """Kill one run; return what was announced, and what could be recovered."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        announced = folder / "announced"
        experiment = folder / "announced.py"
        text = ANNOUNCED.format(recall=str(RECALL), announced=str(announced))
        experiment.write_text(text)
        process = subprocess.Popen(
            command(route, experiment, shots), cwd=folder, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=os.environ | {"CCQED_BACKEND": "simulation"},
        )  # fmt: skip
        while not announced.exists() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(float(rng.uniform(0, 0.25 * shots)))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        said = announced.read_text().split() if announced.exists() else ["0"]
        return {
            "route": route, "shots": shots, "announced": int(said[-1]),
            "recovered": recovered(folder),
        }  # fmt: skip


def command(route: str, experiment: Path, shots: int) -> list[str]:
    device_db = ["--device-db", str(ROOT / "device_db.py")]
    if route == "ccqed":
        module = ["-m", "ccqed_ctrl.cli", "run"]
        return [sys.executable, *module, str(experiment), *device_db, f"shots={shots}",
                "-c", "Announced", "-q"]  # fmt: skip
    return [sys.executable, "-m", "artiq.frontend.artiq_run", *device_db, "-c",
            "Announced", str(experiment), f"shots={shots}"]  # fmt: skip


def recovered(folder: Path) -> int:
    """Return how many shots a killed run's folder holds, each with all its data."""
    for journal in folder.rglob(f"*{SUFFIX}"):
        try:
            recovery.recover(journal)
        except ResultsError as error:
            print(error)
    found = [path for path in folder.rglob("*.h5") if "checkpoint" not in path.name]
    if not found:
        return 0
    with analysis.open(found[0]) as run:
        if not run.shots:
            return 0
        whole = run.frames.max(axis=(1, 2, 3)) > 0
        return int(np.count_nonzero(whole))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--shots", type=int, default=50)
    parser.add_argument("--route", choices=["ccqed", "artiq_run"], default="ccqed")
    options = parser.parse_args(arguments)
    done = sweep(
        "kills",
        {"route": options.route, "shots": options.shots},
        range(options.kills),
        lambda seed: one(options.route, options.shots, np.random.default_rng(seed)),
    )
    lost = sum(max(row["announced"] - row["recovered"], 0) for row in done)
    total = sum(row["announced"] for row in done)
    print(f"{len(done)} kills, {total} shots announced, {lost} lost")
    return int(lost > 0)
