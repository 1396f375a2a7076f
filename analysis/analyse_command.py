"""What `ccqed analyse` does: read raw frames again, and say what came out otherwise."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from ccqed_ctrl.cli import RUN_FAILED
from ccqed_ctrl.errors import CcqedError, ResultsError
from ccqed_ctrl.tables import Column, Fitted, console

from .files import listing
from .files.portrait import clipped, shown
from .files.reanalysis import Reanalysis, reanalyse
from .files.rebuild import obstacle, parse_change, stored_values, written
from .files.run import Run


def analyse(options: argparse.Namespace) -> int:
    """Repeat the analysis of a run, or of all files in a folder."""
    changes = dict(parse_change(text) for text in options.changes)
    if Path(options.run).is_dir():
        agrees = _analyse_folder(listing.files_of(options.run), changes)
    else:
        agrees = _analyse_file(listing.find(options.run, options.results), changes)
    return 0 if agrees or changes else RUN_FAILED


def _analyse_file(file: Path, changes: Mapping[str, Any]) -> bool:
    """Show what was changed, and stored beside repeated; return whether these agree."""
    out = console()
    with Run(file) as run:
        repeated = reanalyse(run, changes)
        _say(out, run.title)
        for name, value in changes.items():
            before = " to ".join(written(name, v) for v in stored_values(run, name))
            _say(out, f"changed: {name} {before} -> {written(name, value)}")
    out.print(_comparison(repeated, bool(changes)))
    for key in repeated.untouched:
        reason = repeated.why if key.startswith("summary.") else ""
        _say(out, f"not repeated: {key}{reason and f' ({reason})'}")
    _say(out, _verdict(repeated, bool(changes)))
    return repeated.agrees


def _analyse_folder(files: list[Path], changes: Mapping[str, Any]) -> bool:
    """Tabulate every file's verdict; return whether all that could be repeated agree.

    A file that cannot be analysed counts as a disagreement.
    """
    if not files:
        raise ResultsError("no results files there")
    out = console()
    for name, value in changes.items():
        _say(out, f"changed: {name} -> {written(name, value)}")
    rows: list[list[str]] = []
    agree = True
    for file in files:
        try:
            with Run(file) as run:
                why = obstacle(run)
                if why:
                    rows.append([file.name, str(run.shots), "", "", why])
                    continue
                repeated = reanalyse(run, changes)
        except CcqedError as error:
            rows.append([file.name, "", "", "", str(error)])
            agree = False
            continue
        overlaps = (_overlap(each) for each in (repeated.stored, repeated.summary))
        verdict = _verdict(repeated, bool(changes))
        rows.append([file.name, str(repeated.shots), *overlaps, verdict])
        agree = agree and repeated.agrees
    columns = (
        Column("file"), Column("shots", 3), Column("stored", 2), Column("repeated", 1),
        Column("verdict", wraps=True),
    )  # fmt: skip
    out.print(Fitted(columns, rows))
    return agree


def _say(out: Console, text: str) -> None:
    out.print(text, markup=False, soft_wrap=True)


def _overlap(summary: Mapping[str, object]) -> str:
    found = summary.get("summary.recalled_overlap")
    return f"overlap {found:.4f}" if isinstance(found, float) else "-"


def _verdict(repeated: Reanalysis, changed: bool) -> str:
    """Return what differs; after a change that is no disagreement."""
    moved = ", ".join(item.key for item in repeated.differences if not item.agrees)
    if changed:
        return f"moved: {moved or 'nothing'}"
    if moved:
        return f"differs in {moved}"
    left = len(repeated.untouched)
    return f"agrees, as far as it was repeated: {left} were not" if left else "agrees"


def _comparison(repeated: Reanalysis, changed: bool) -> Fitted:
    """Return the summary, stored and repeated, then each dataset's deviation.

    After a change only datasets that moved are listed.
    """
    rows = [
        [key, _shown(repeated.stored.get(key)), _shown(value), "", ""]
        for key, value in repeated.summary.items()
    ]
    listed = [
        item
        for item in repeated.differences
        if item.key not in repeated.summary and not (changed and item.agrees)
    ]
    if rows and listed:
        rows.append([])
    rows += [
        [
            item.key, "", "", f"{item.deviation:.1e}",
            f"{item.changed} of {item.size}" if item.changed else "-",
        ]
        for item in listed
    ]  # fmt: skip
    before, after = ("before", "after") if changed else ("stored", "repeated")
    columns = (
        Column("dataset"), Column(before), Column(after), Column("deviation"),
        Column("entries that differ", 1),
    )  # fmt: skip
    return Fitted(columns, rows)


def _shown(value: object) -> str:
    return "-" if value is None else clipped(shown(value))
