"""What the operator sees at the end of a run, and the table of experiments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from artiq.tools import scale_from_metadata, short_format
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim_backend.crate.plant import Knob

from .discovery import Scanned, Unscanned
from .runner import Outcome

#: Datasets below this key are shown at the end of a run.
SUMMARY = "summary."


def show_outcome(outcome: Outcome, console: Console) -> None:
    """Print the summary datasets, the slack, the status and the file written."""
    table = Table(title=outcome.class_name, show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for label, value in summary(outcome):
        table.add_row(label, Text(value))
    console.print(table)


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
    if outcome.minimum_slack is not None:
        slack = outcome.minimum_slack * 1e6
        place = getattr(outcome.core, "minimum_slack_place", "")
        where = f" at {place}" if place else ""
        rows.append(("minimum slack", f"{slack:.2f} us (estimate){where}"))
    rows.append(("status", outcome.status))
    if outcome.path is not None:
        rows.append(("file", str(outcome.path)))
    return rows


def experiments(found: Iterable[list[Scanned] | Unscanned], folder: Any) -> Table:
    """Return the table of `ccqed list`."""
    table = Table(show_lines=False)
    for title in ("experiment", "argument", "default", "choices or bounds", "meaning"):
        table.add_column(title, overflow="fold", no_wrap=title == "argument")
    for entry in found:
        table.add_section()
        if isinstance(entry, Unscanned):
            name = entry.file.relative_to(folder)
            table.add_row(Text(str(name)), "", "", "", Text(f"fails: {entry.reason}"))
            continue
        for experiment in entry:
            _add_experiment(table, experiment, folder)
    return table


def truth(knobs: Iterable[Knob]) -> Table:
    """Return the table of `ccqed twin`."""
    table = Table()
    for title in ("--twin NAME=VALUE", "default", "unit", "meaning"):
        table.add_column(title, overflow="fold", no_wrap=title != "meaning")
    for knob in knobs:
        default = f"{knob.default:.6g}" if isinstance(knob.default, float) else None
        shown = str(knob.default) if default is None else default
        table.add_row(knob.name, Text(shown), knob.unit, Text(knob.doc))
    return table


def _add_experiment(table: Table, experiment: Scanned, folder: Any) -> None:
    file = experiment.file.relative_to(folder)
    head = f"{file} {experiment.class_name}"
    table.add_row(Text(head, "bold"), "", "", "", Text(experiment.title))
    for name, (description, group, tooltip) in experiment.arguments.items():
        meaning = ": ".join(part for part in (group, tooltip) if part)
        table.add_row(
            "",
            Text(name),
            Text(_default(description)),
            Text(_allowed(description)),
            Text(meaning),
        )


def _default(description: dict[str, Any]) -> str:
    if "default" not in description:
        return "(required)"
    value = description["default"]
    if description["ty"] == "Scannable":
        first = value[0]
        parts = (f"{key}={item}" for key, item in first.items() if key != "ty")
        return f"{first['ty']}({', '.join(parts)})"
    if description["ty"] == "NumberValue":
        return _text(value, {k: description[k] for k in ("unit", "scale")})
    return str(value)


def _allowed(description: dict[str, Any]) -> str:
    if "choices" in description:
        return ", ".join(map(str, description["choices"]))
    scale = description.get("scale", 1.0)
    bounds = []
    for low, high in (("min", "max"), ("global_min", "global_max")):
        given = [description.get(low), description.get(high)]
        if any(bound is not None for bound in given):
            shown = ["" if bound is None else f"{bound / scale:g}" for bound in given]
            bounds.append(f"{shown[0]} .. {shown[1]} {description['unit']}".strip())
    return "; ".join(bounds)


def _text(value: Any, metadata: dict[str, Any]) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float) and "precision" not in metadata:
        shown = value / scale_from_metadata(metadata)
        return f"{shown:.6g} {metadata.get('unit', '')}".strip()
    return short_format(value, metadata) or str(value)
