"""What is written beside the panels: numbers with their uncertainty, and which run."""

from __future__ import annotations

import numpy as np

from analysis.files.run import Run
from analysis.statistics import Estimate
from ccqed_ctrl.belief import GROUPS
from ccqed_ctrl.records import SHOTS
from ccqed_ctrl.records.shots import ShotRecord
from ccqed_ctrl.units import SCALES

from .measured import Measured, Shots
from .style import plus_minus, printed, shorten, words

Lines = list[tuple[str, str]]

#: Settings that say how a run was made, not what was done.
_ORGANISATION = "run"


def run_facts(run: Run, shots: Shots, quantities: list[Measured]) -> Lines:
    """Return what a run comes to, over all shots that count; its summary, settings."""
    lines: Lines = []
    for one in quantities if not shots.scans else ():
        found = shots.over_all(one)
        lines.append((words(one.name), _estimate(one, found, shots)))
    lines.append(("shots not ok", _bad(shots)))
    summed = [key for key in run.keys if key.startswith("summary.")]
    # Means over shots are above, with their errors.
    lines += [_line(run, key) for key in summed if _is_news(run, key)]
    return [*lines, *_origin(run), ("", ""), *_settings(run, None)]


def shot_facts(run: Run, shot: int) -> Lines:
    """Return every number of one shot, where it comes from, and its settings."""
    lines: Lines = []
    for key in run.declared:
        entry = run.entry(key)
        if entry.axes == (SHOTS,):
            lines.append((words(key), _text(run.row(key, shot), entry.unit)))
    point = int(run.row(ShotRecord.point.key, shot))
    return [*lines, *_origin(run), ("", ""), *_settings(run, point)]


def _is_news(run: Run, key: str) -> bool:
    return not run.entry(key).axes and not key.startswith("summary.mean_")


def _bad(shots: Shots) -> str:
    """Say how many shots are not ok, and why."""
    words = sorted({shots.verdicts[index] for index in np.flatnonzero(shots.bad)})
    count = f"{np.count_nonzero(shots.bad)} of {len(shots.bad)}"
    counting = np.count_nonzero(shots.bad & shots.good)
    if counting:
        count += f", {counting} of which count"
    return f"{count}: {', '.join(words)}" if words else count


def _origin(run: Run) -> Lines:
    lines = [("root seed", str(run.get(ShotRecord.seed.key)))]
    if run.header.started:
        when = run.header.started.astimezone()
        lines.append(("started", when.strftime("%Y-%m-%d %H:%M")))
    return [*lines, ("file", run.path.name)]


def _settings(run: Run, point: int | None) -> Lines:
    """Return what was chosen, not what is believed; of no point, what never varies."""
    lines = []
    for key in run.keys:
        prefix, group, *_ = *key.split("."), ""
        chosen = prefix == "settings" and group not in (*GROUPS, _ORGANISATION)
        if chosen and (point is not None or not run.entry(key).axes):
            value = run.get(key) if point is None else run.at(key, point)
            lines.append((words(key), _text(value, run.entry(key).unit)))
    return lines


def _line(run: Run, key: str) -> tuple[str, str]:
    return words(key), _text(run.get(key), run.entry(key).unit)


def _estimate(one: Measured, found: Estimate, shots: Shots) -> str:
    value, error = float(found.value[0]), float(found.error[0])
    if one.share:
        count = int(np.count_nonzero(shots.good & np.isfinite(one.values)))
        low, high = float(found.low[0]), float(found.high[0])
        return f"{value * count:.0f} of {count}: {value:.2f} ({low:.2f} to {high:.2f})"
    return f"{plus_minus(value, error)} {printed(one.unit)}".rstrip()


def _text(value: object, unit: str) -> str:
    if isinstance(value, bool | str):
        return shorten(str(value))
    number = complex(value) if isinstance(value, complex) else float(str(value))
    return f"{number / SCALES[unit]:.4g} {printed(unit)}".rstrip()
