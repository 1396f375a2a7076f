"""docs/calibration_devices.md names devices and experiments that there are."""

from __future__ import annotations

import re
from pathlib import Path

from ccqed_ctrl.calibration.graph import GRAPH
from sim_backend.host.devices import load_device_db

ROOT = Path(__file__).parents[2]


def rows():
    """Return the cells of each calibration, by its name."""
    page = (ROOT / "docs" / "calibration_devices.md").read_text(encoding="utf-8")
    cells = [line.strip("| ").split(" | ") for line in page.splitlines()
             if line.startswith("| `")]  # fmt: skip
    return {row[0].strip("`"): row[1:] for row in cells}


def test_every_device_is_in_the_database():
    database = load_device_db(ROOT / "device_db.py")
    for name, (_, varied, read, _) in rows().items():
        named = re.findall(r"`(\w+)`", f"{varied} {read}")
        assert named, name
        assert set(named) <= set(database), name


def test_every_experiment_is_there_and_every_calibration_listed():
    files = {path.stem for path in (ROOT / "repository/calibrations").glob("*.py")}
    listed = rows()
    assert {name for name, cells in listed.items() if cells[-1] == "yes"} == files
    assert set(GRAPH) <= set(listed)
