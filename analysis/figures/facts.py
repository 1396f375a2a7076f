"""What is written beside the panels: numbers with their uncertainty, and which run."""

from __future__ import annotations

import numpy as np

from analysis.files.run import Run
from analysis.statistics import Estimate
from ccqed_ctrl.records import SHOTS
from ccqed_ctrl.records.shots import ShotRecord
from ccqed_ctrl.units import SCALES

from .measured import Measured, Shots
from .style import printed, shorten

Lines = list[tuple[str, str]]


def run_facts(run: Run, shots: Shots, quantities: list[Measured]) -> Lines:
    """Return what a run comes to: over all shots that count, and its summary."""
    lines: Lines = []
    for one in quantities if not shots.scans else ():
        found = shots.over_all(one)
        lines.append((one.name.replace("_", " "), _estimate(one, found, shots)))
    bad = int(np.count_nonzero(shots.bad))
    lines.append(("shots not ok", f"{bad} of {len(shots.bad)}"))
    lines += [
        line for line in _scalars(run, "summary.") if not line[0].startswith("mean ")
    ]
    return lines + _origin(run)


def shot_facts(run: Run, shots: Shots, shot: int) -> Lines:
    """Return every number of one shot, and where it comes from."""
    lines: Lines = []
    for key in run.keys:
        entry = run.entry(key)
        if entry.axes == (SHOTS,):
            lines.append((_name(key), _text(run.row(key, shot), entry.unit)))
    point = int(shots.point[shot])
    for scan, name in zip(shots.scans, run.scanned, strict=True):
        key = f"settings.{name}"
        lines.append((_name(key), _text(run.at(key, point), scan.unit)))
    return lines + _origin(run)


def _origin(run: Run) -> Lines:
    lines = [("root seed", str(run.get(ShotRecord.seed.key)))]
    if run.header.started:
        when = run.header.started.astimezone()
        lines.append(("started", when.strftime("%Y-%m-%d %H:%M:%S")))
    return [*lines, ("file", run.path.name)]


def _scalars(run: Run, prefix: str) -> Lines:
    found = []
    for key in run.keys:
        entry = run.entry(key)
        if key.startswith(prefix) and not entry.axes:
            found.append((_name(key), _text(run.get(key), entry.unit)))
    return found


def _estimate(one: Measured, found: Estimate, shots: Shots) -> str:
    value, error = float(found.value[0]), float(found.error[0])
    if one.share:
        count = int(np.count_nonzero(shots.good & np.isfinite(one.values)))
        low, high = float(found.low[0]), float(found.high[0])
        share = f"{value:.2f} ({low:.2f} to {high:.2f})"
        return f"{round(value * count)} of {count}: {share}"
    bars = f" ± {error:.1g}" if np.isfinite(error) else ""
    return f"{value:.4g}{bars} {printed(one.unit)}".rstrip()


def _name(key: str) -> str:
    return key.rpartition(".")[2].replace("_", " ")


def _text(value: object, unit: str) -> str:
    if isinstance(value, bool | str):
        return shorten(str(value))
    number = float(str(value)) / SCALES[unit]
    return f"{number:.4g} {printed(unit)}".rstrip()
