"""RTIO words per second of the interpreting twin: kernels of Recall, nothing behind.

Run as a script by whatever tree is first on the path, so that two of them can be
compared: `python benchmarks/interpretation.py ROOT SHOTS` prints words and seconds.
"""

from __future__ import annotations

import importlib
import importlib.util
import runpy
import sys
import time
from pathlib import Path


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


def first_of(*names: str):
    """Return the first module that there is: what was moved had another name."""
    for name in names:
        if importlib.util.find_spec(name) is not None:
            return importlib.import_module(name)
    raise ImportError(names)


class Devices:
    """The laboratory's device database, simulated, with the still plant."""

    def __init__(self, root: Path) -> None:
        from sim_backend.ddb import simulate

        device_db = runpy.run_path(str(root / "device_db.py"))["device_db"]
        self.device_db = simulate(device_db)
        link = first_of("sim_backend.link", "sim_backend.crate.link")
        self.made = {"plant": link.Link(self, {}, plant=Still())}

    def get_device_db(self):
        return self.device_db

    def get(self, name):
        while isinstance(self.device_db.get(name), str):
            name = self.device_db[name]
        if name not in self.made:
            entry = self.device_db[name]
            driver = getattr(importlib.import_module(entry["module"]), entry["class"])
            self.made[name] = driver(self, **entry.get("arguments", {}))
        return self.made[name]


def measure(root: Path, shots: int) -> tuple[int, float]:
    """Return words and seconds of `shots` shots, after one that warms up."""
    import numpy as np

    from ccqed_ctrl.params import Sequence
    from ccqed_ctrl.sequences.recall_shot import RecallShot

    devices = Devices(root)
    shot = RecallShot((devices, None, None, {}))
    sequence = Sequence()
    ramp = type("Ramp", (), {"volts": np.linspace(0, 1, 100), "step": 1e-5})
    shot.configure(sequence, ramp, 30e-3)
    rtio = devices.get("core").rtio
    shot.initialise()
    before = len(rtio.submitted)
    shot.run_shot(0.5)
    # Of one shot: what has been played may be dropped while many of them run.
    words = len(rtio.submitted) - before
    start = time.perf_counter()
    for _ in range(shots):
        shot.run_shot(0.5)
    return words * shots, time.perf_counter() - start


def main() -> None:
    root, shots = Path(sys.argv[1]), int(sys.argv[2])
    first_of("sim_backend.artiq_host", "sim_backend.host").ensure_artiq()
    words, taken = measure(root, shots)
    print(words, taken)


if __name__ == "__main__":
    main()
