"""Basins on a graphics card: the very numbers of the host, in Numba's simulator."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from benchmarks.sweep import ROOT

#: Two threads, two trials at a look: the simulator's threads are Python's.
PROGRAM = """
import warnings
warnings.simplefilter("ignore")  # words of 64 bits overflow, as they shall
from ccqed_ctrl.model import basins
basins.BATCH = 2
from benchmarks.large_basins.check import agree
rough = dict(threshold=0.7, width=0.29, error=0.3)
raise SystemExit(not agree(9, layouts=2, each=2, threads=2, **rough))
"""


@pytest.fixture(scope="module")
def simulated():
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_minima_and_basins_are_those_of_the_host(simulated):
    assert simulated.returncode == 0, simulated.stdout + simulated.stderr
    assert "0 of 4 differ" in simulated.stdout
