"""The suites of `artiq.test.coredevice` on real ARTIQ with simulated devices."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

from . import bench
from .outcomes import DEVICE, FAILED, PASSED, SKIPPED, Outcome

REPOSITORY = Path(__file__).parents[2]

#: Suites that look at the Urukul and run on each of the bench's.
OF_URUKUL = ("test_urukul", "test_ad9910", "test_ad9910_waveform", "test_ad9912")

#: How a suite says that its device is not there.
ABSENT = "test device not available"

WORST_FIRST = (FAILED, PASSED, DEVICE, SKIPPED)


def find(artiq: Path) -> list[str]:
    """Return the suites by name."""
    folder = artiq / "artiq" / "test" / "coredevice"
    return sorted(file.stem for file in folder.glob("test_*.py"))


def run(suite: str, artiq: Path, python: str) -> list[Outcome]:
    """Run a suite on each Urukul that it looks at; a test is as bad as its worst."""
    kasli = artiq / "artiq" / "examples" / "kasli" / "device_db.py"
    urukuls = list(bench.URUKULS) if suite in OF_URUKUL else ["revision 9"]
    found: dict[str, list[Outcome]] = {}
    for urukul in urukuls:
        with tempfile.TemporaryDirectory() as folder:
            bench.write(Path(folder), kasli, urukul)
            for outcome in _run(suite, python, Path(folder)):
                found.setdefault(outcome.name, []).append(outcome)
    return [_worst(outcomes) for outcomes in found.values()]


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
        return Outcome(name, DEVICE, reason.split("'")[1])
    return Outcome(name, verdict, reason)


def _worst(outcomes: list[Outcome]) -> Outcome:
    return min(outcomes, key=lambda outcome: WORST_FIRST.index(outcome.verdict))
