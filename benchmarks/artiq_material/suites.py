"""The suites of `artiq.test.coredevice` on real ARTIQ with simulated devices."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

from . import bench
from .outcomes import DEVICE, FAILED, PASSED, PORT, SKIPPED, Outcome

REPOSITORY = Path(__file__).parents[2]

#: Urukuls on which a suite runs; of the others any will do.
OF_URUKUL = {
    "test_urukul": tuple(bench.URUKULS),
    "test_ad9910": tuple(bench.URUKULS),
    "test_ad9910_waveform": tuple(bench.URUKULS),
    "test_ad9912": (bench.AD9912,),
}

#: How a suite says that its device is not there, and what the device would be.
ABSENT = "test device not available"
KINDS = {
    "ad9914dds0": "AD9914",
    "dds0": "AD9834",
    "mirny0_ch0": "Mirny with ADF5356",
    "phaser0": "Phaser",
    "spi_mmc": "SD card",
    "urukul_ch1": "Urukul with AD9912",
}

WORST_FIRST = (FAILED, PORT, PASSED, DEVICE, SKIPPED)


def find(artiq: Path) -> list[str]:
    """Return the suites by name."""
    folder = artiq / "artiq" / "test" / "coredevice"
    return sorted(file.stem for file in folder.glob("test_*.py"))


def run(suite: str, artiq: Path, python: str) -> list[Outcome]:
    """Run a suite on each Urukul that it looks at; a test is as bad as its worst."""
    kasli = artiq / "artiq" / "examples" / "kasli" / "device_db.py"
    found: dict[str, list[Outcome]] = {}
    for urukul in OF_URUKUL.get(suite, ("revision 9",)):
        with tempfile.TemporaryDirectory() as folder:
            bench.write(Path(folder), kasli, urukul)
            for outcome in _run(suite, python, Path(folder)):
                found.setdefault(outcome.name, []).append(outcome)
    return [worst(outcomes) for outcomes in found.values()]


def _run(suite: str, python: str, root: Path) -> list[Outcome]:
    report = root / "report.json"
    paths = (str(REPOSITORY), os.environ.get("PYTHONPATH", ""))
    environment = os.environ | {
        "ARTIQ_ROOT": str(root),
        "ARTIQ_LOW_LATENCY": "1",  # the twin's network has no load
        "PATH": f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
    }
    command = [python, "-m", f"{__package__}.one_suite", suite, str(report)]
    ended = subprocess.run(
        command, env=environment, cwd=root, capture_output=True, text=True, check=False
    )
    if not report.exists():
        last = (ended.stderr.strip().splitlines() or ["no word"])[-1]
        return [Outcome(suite, FAILED, f"did not start: {last}")]
    rows = json.loads(report.read_text()).items()
    return [_outcome(name, verdict, reason) for name, (verdict, reason) in rows]


def _outcome(name: str, verdict: str, reason: str) -> Outcome:
    if ABSENT in reason:
        key = reason.split("'")[1]
        return Outcome(name, DEVICE, KINDS.get(key, key))
    return Outcome(name, verdict, reason)


def worst(outcomes: list[Outcome]) -> Outcome:
    """Return the outcome of a test that ran more than once."""
    return min(outcomes, key=lambda outcome: WORST_FIRST.index(outcome.verdict))
