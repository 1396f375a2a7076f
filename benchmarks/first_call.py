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
        times, kernels = [], set()
        for _ in range(min(repeats, 3)):
            with tempfile.TemporaryDirectory() as cache:
                times.append((seconds(lambda: start(call, cache)), 0.0))
                times[-1] = (times[-1][0], seconds(lambda: start(call, cache)))
                found = Path(cache).rglob("*.nbi")
                kernels |= {path.name.split(".")[1].split("-")[0] for path in found}
        first, again = sorted(times)[len(times) // 2]
        only = "only" if kernels == {kernel} else "NOT only"
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


def start(call: str, cache: str) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    command = [sys.executable, "-c", SETUP + call]
    subprocess.run(command, env=environment, check=True)
