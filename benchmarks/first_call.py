"""The first call after installation: nothing compiled yet, a new process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .pairing import Row, seconds, shown

SETUP = """
import numpy as np
from ccqed_ctrl.model.relaxation import basin_size, recall_curve, relax
J, up, rng = 1 - np.eye(50), np.ones(50), np.random.default_rng(0)
"""

#: What is called, and the only entry point it may compile.
CALLS = {
    "relax(J, up[None])": "descend",
    "recall_curve(J, up, [3], rng=rng)": "recall",
    "basin_size(J, up, rng=rng, dynamics='0tmh')": "recall_at_random",
}

#: Seconds from the start of Python to the result.
LIMIT = 3.0


def measure(repeats: int) -> Iterator[Row]:
    """Yield one row per call, the median of up to three new caches."""
    for call, kernel in CALLS.items():
        runs = [first_and_second(call) for _ in range(min(repeats, 3))]
        first, again, kernels = sorted(runs)[len(runs) // 2]
        only = "only" if kernels == [kernel] else "NOT only"
        yield Row(
            "first call",
            call,
            shown(first),
            shown(again),
            first,
            LIMIT,
            smaller_is_better=True,
            note=f"in seconds; peer: the second call; compiled {only} {kernel}",
        )


def first_and_second(call: str) -> tuple[float, float, list[str]]:
    """Return the seconds of the first and second process, and what was compiled."""
    with tempfile.TemporaryDirectory() as cache:
        times = [seconds(lambda: start(call, cache)) for _ in range(2)]
        found = Path(cache).rglob("*.nbi")
        kernels = sorted(path.name.split(".")[1].split("-")[0] for path in found)
    return times[0], times[1], kernels


def start(call: str, cache: str) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    command = [sys.executable, "-c", SETUP + call]
    subprocess.run(command, env=environment, check=True)
