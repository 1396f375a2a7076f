"""Running the real experiment files on the twin, in this process or another."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import analysis
from sim_backend.host import runner

ROOT = Path(__file__).parents[2]
RECALL = ROOT / "repository" / "recall.py"
#: The twin's fastest dynamics, where they are not what is asked about.
FAST = {"dynamics": "steepest_descent"}


def stored(outcome):
    """Return a run's datasets by key, those that grew as arrays."""
    return {
        key: np.array(value) if isinstance(value, list) else value
        for key, value in outcome.datasets.local.items()
    }


@pytest.fixture
def recall(tmp_path):
    """Run Recall in this process; returns the runner's Outcome."""

    def run(lab_seed=0, /, twin=None, **arguments):
        request = runner.Request(
            file=RECALL,
            arguments=arguments,
            twin=twin or {},
            dataset_db=tmp_path / "datasets.sqlite",
            results=tmp_path / "results",
            seed=lab_seed,
        )
        return runner.run(request)

    return run


def experiment(name):
    """Return the file of an experiment of the repository."""
    (file,) = (ROOT / "repository").rglob(f"{name}.py")
    return file


@pytest.fixture
def opened(tmp_path):
    """Run an experiment of the repository; returns its file, opened."""
    runs = []

    def run(name, seed=0, twin=None, **arguments):
        request = runner.Request(
            file=experiment(name), arguments=arguments, twin=twin or {},
            dataset_db=tmp_path / "datasets.sqlite", results=tmp_path / "results",
            seed=seed,
        )  # fmt: skip
        outcome = runner.run(request)
        assert outcome.status == "ok", outcome.error
        runs.append(analysis.open(outcome.path))
        return runs[-1]

    yield run
    for made in runs:
        made.close()


@pytest.fixture
def ccqed(tmp_path):
    """Run the command line as an operator would; returns the finished process."""

    def run(*arguments, **options):
        command = [sys.executable, "-m", "ccqed_ctrl.cli", *map(str, arguments)]
        environment = os.environ | {"COLUMNS": "200"}
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True,
            timeout=120, check=False, **options,
        )  # fmt: skip

    return run
