"""What the operator sees at the end of a run, and the table of experiments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from artiq.tools import scale_from_metadata, short_format
from rich.console import Console, Group, RenderableType
from rich.text import Text

from ccqed_ctrl.records import ShotRecord
from ccqed_ctrl.tables import Column, Fitted, pairs
from sim_backend.crate.plant import Knob

from .discovery import Scanned, Unscanned
from .runner import Outcome

#: Datasets below this key are shown at the end of a run.
SUMMARY = "summary."


def show_outcome(outcome: Outcome, console: Console) -> None:
    """Print the summary datasets, the slack, the status and the file written."""
    console.print(Text(outcome.class_name, "italic"))
    console.print(pairs(summary(outcome), console.width), soft_wrap=True)


def summary(outcome: Outcome) -> list[tuple[str, str]]:
    """Return (label, value) rows: `summary.pixels_wrong` becomes "pixels wrong"."""
    datasets = outcome.datasets
    live = {key: entry[1] for key, entry in datasets.db.live.items()}
    rows = [
        (
            key.removeprefix(SUMMARY).replace("_", " "),
            _text(value, datasets.metadata[key]),
        )
        for key, value in (live | datasets.local).items()
        if key.startswith(SUMMARY)
    ]
    verdicts = Counter(map(str, datasets.local.get(ShotRecord.verdict.key, ())))
    if verdicts:
        tally = (f"{count} {word}" for word, count in verdicts.most_common())
        rows.append(("shots", ", ".join(tally)))
    if outcome.minimum_slack is not None:
        slack = outcome.minimum_slack * 1e6
        place = getattr(outcome.core, "minimum_slack_place", "")
        where = f" at {place}" if place else ""
        rows.append(("minimum slack", f"{slack:.2f} us (estimate){where}"))
    rows.append(("status", outcome.status))
    if outcome.path is not None:
        rows.append(("file", str(outcome.path)))
    return rows


def experiments(found: Iterable[list[Scanned] | Unscanned], folder: Path) -> Group:
    """Return what `ccqed list` shows: each experiment, and a table of its arguments."""
    shown: list[RenderableType] = []
    for entry in found:
        if isinstance(entry, Unscanned):
            name = str(entry.file.relative_to(folder))
            shown.append(Text.assemble((name, "bold"), f" fails: {entry.reason}"))
            continue
        for experiment in entry:
            file = experiment.file.relative_to(folder)
            head = f"{file} {experiment.class_name}"
            shown.append(Text.assemble((head, "bold"), f": {experiment.title}"))
            if experiment.arguments:
                shown.append(Fitted(_ARGUMENT, _rows(experiment)))
    return Group(*shown)


def truth(knobs: Iterable[Knob]) -> Fitted:
    """Return the table of `ccqed twin`."""
    rows = [
        (
            knob.name,
            f"{knob.default:.6g}"
            if isinstance(knob.default, float)
            else str(knob.default),
            knob.unit,
            knob.doc,
        )
        for knob in knobs
    ]
    return Fitted(_KNOB, rows)


_ARGUMENT = (
    Column("argument"),
    Column("default", rank=1, wraps=True),
    Column("choices or bounds", rank=3, wraps=True),
    Column("meaning", rank=2, wraps=True),
)

_KNOB = (
    Column("--twin NAME=VALUE"),
    Column("default", rank=1),
    Column("unit", rank=2),
    Column("meaning", rank=3, wraps=True),
)


def _rows(experiment: Scanned) -> list[tuple[str, ...]]:
    return [
        (
            name,
            _default(description),
            _allowed(description),
            ": ".join(part for part in (group, tooltip) if part),
        )
        for name, (description, group, tooltip) in experiment.arguments.items()
    ]


def _default(description: dict[str, Any]) -> str:
    if "default" not in description:
        return "(required)"
    value = description["default"]
    if description["ty"] == "Scannable":
        return _scan(value[0], description)
    if description["ty"] == "NumberValue":
        return _in_unit(value, description)
    return str(value)


def _scan(scan: dict[str, Any], description: dict[str, Any]) -> str:
    """Return a scan as it can be typed."""
    match scan:
        case {"ty": "NoScan", "value": value}:
            return _in_unit(value, description)
        case {"ty": "RangeScan", "start": start, "stop": stop, "npoints": points}:
            ends = (_in_unit(end, description) for end in (start, stop))
            return f"{':'.join(ends)}:{points}"
        case {"ty": "ExplicitScan", "sequence": sequence}:
            return ", ".join(_in_unit(value, description) for value in sequence)
    parts = (f"{key}={item}" for key, item in scan.items() if key != "ty")
    return f"{scan['ty']}({', '.join(parts)})"


def _in_unit(value: Any, description: dict[str, Any]) -> str:
    return _text(value, {key: description[key] for key in ("unit", "scale")})


def _allowed(description: dict[str, Any]) -> str:
    if "choices" in description:
        return ", ".join(map(str, description["choices"]))
    scale = description.get("scale", 1.0)
    bounds = []
    for low, high in (("min", "max"), ("global_min", "global_max")):
        given = (description.get(low), description.get(high))
        shown = ["" if bound is None else f"{bound / scale:g}" for bound in given]
        if all(shown):
            bounds.append(f"{shown[0]} .. {shown[1]}")
        elif any(shown):
            bounds.append(f"{'>=' if shown[0] else '<='} {shown[0] or shown[1]}")
    return f"{'; '.join(bounds)} {description['unit']}".strip() if bounds else ""


def _text(value: Any, metadata: dict[str, Any]) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float) and "precision" not in metadata:
        shown = value / scale_from_metadata(metadata)
        return f"{shown:.6g} {metadata.get('unit', '')}".strip()
    return short_format(value, metadata) or str(value)
