"""Basins on a graphics card: the very numbers of the host; the page is of its rows."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from benchmarks.large_basins.command import STORE, sources
from benchmarks.large_basins.page import write
from benchmarks.sweep import ROOT

#: In Numba's simulator, whose threads are Python's: two of them, two trials at a look.
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


def test_the_page_is_that_of_the_rows_which_are_of_this_code(tmp_path):
    page = tmp_path / "docs" / "large_basins.md"
    page.parent.mkdir()
    write(STORE, page)
    assert page.read_text() == (ROOT / "docs/large_basins.md").read_text()
    for path in STORE.glob("*.jsonl"):
        for line in filter(None, path.read_text().splitlines()):
            assert f'"commit": "{sources()}"' in line
