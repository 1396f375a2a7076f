"""`python -m benchmarks interpretation`: RTIO words per second of the twin.

The kernels of whole shots, interpreted, with nothing behind the wires.
"""

from __future__ import annotations

import argparse
import runpy
import statistics
import time
from pathlib import Path

import numpy as np

from ccqed_ctrl.belief import Apparatus
from ccqed_ctrl.holograms import HologramPlan
from ccqed_ctrl.params import Sequence
from sim_backend.host import devices

# ruff: isort: split
# `host` makes artiq importable, which these need.
from ccqed_ctrl.sequences.holographic_shot import HolographicShot
from sim_backend.crate import link
from sim_backend.ddb import simulate

ROOT = Path(__file__).parents[1]


class Still:
    """A plant where nothing happens."""

    def advance(self, *_):
        """Ignore."""

    def observe(self, *_):
        return 0.0

    def edges(self, *_):
        return []

    def safe_state(self):
        return []


def measure(shots: int) -> float:
    """Return words per second of `shots` shots, after two that warm up."""
    device_db = runpy.run_path(str(ROOT / "device_db.py"))["device_db"]
    slow = dict.fromkeys(("camera", "dmd", "tweezers"))  # no kernel asks for them
    manager = devices.DeviceManager(devices.DeviceDB(simulate(device_db)), slow)
    plant = manager.get_desc("plant")
    manager.active_devices.append((plant, link.Link(manager, {}, plant=Still())))
    shot = HolographicShot((manager, None, None, {}))
    shot.configure(HologramPlan.at(np.array([[3e-5, 0.0]]), Apparatus(), Sequence()))
    rtio = manager.get("core").rtio
    shot.initialise()
    shot.run_shot(0.5)
    before = len(rtio.submitted)
    shot.run_shot(0.5)
    # Of one shot: what has been played may be dropped while many of them run.
    words = len(rtio.submitted) - before
    start = time.perf_counter()
    for _ in range(shots):
        shot.run_shot(0.5)
    return words * shots / (time.perf_counter() - start)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shots", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args(arguments)
    speeds = [measure(options.shots) for _ in range(options.repeats)]
    print(f"{statistics.median(speeds):.0f} words per second (median), {speeds}")
    return 0
