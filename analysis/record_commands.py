"""What `ccqed show`, `ls`, `analyse` and `export` do with results files."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ccqed_ctrl import checks
from ccqed_ctrl.cli import RUN_FAILED
from ccqed_ctrl.errors import CcqedError, ResultsError

from .figures import recall_figure
from .files import export as exporting
from .files import listing
from .files.reanalysis import Reanalysis, reanalyse
from .files.rebuild import obstacle, parse_change
from .files.run import Run


def _wrote(path: Path) -> None:
    Console(highlight=False, markup=False).print(f"wrote {path}", soft_wrap=True)


def show(options: argparse.Namespace) -> int:
    """Draw one shot of a result."""
    with Run(options.file) as record:
        if record.shots == 0:
            raise ResultsError(f"{options.file.name} holds no complete shot")
        last = record.shots - 1
        wanted = last if options.shot == -1 else options.shot
        shot = checks.integer("shot", wanted, 0, last)
        figure = recall_figure(record, shot)
    output = options.output or options.file.with_suffix(".png")
    try:
        figure.savefig(output, dpi=110)
    except (OSError, ValueError) as error:
        raise ResultsError(f"cannot write {str(output)!r}: {error}") from error
    _wrote(output)
    return 0


def ls(options: argparse.Namespace) -> int:
    """List the runs of a results folder."""
    wanted = listing.Filter(
        class_name=options.class_name,
        status=options.status,
        backend=options.backend,
        since=options.since and listing.parse_time(options.since),
        until=options.until and listing.parse_time(options.until),
        rids=options.rid and listing.parse_rids(options.rid),
    )
    found = list(listing.scan(options.results))
    shown = listing.select(found, wanted)
    table = Table("rid", "time", "class", "status", "backend", "result")
    for run in shown:
        table.add_row(*_cells(run))
    console = Console(highlight=False, markup=False)
    console.print(table)
    unreadable = sum(run.header is None for run in found)
    footer = f"{len(shown)} of {len(found)} files"
    console.print(footer + (f", {unreadable} unreadable" if unreadable else ""))
    return 0


def _cells(run: listing.Run) -> tuple[str, ...]:
    header = run.header
    if header is None:
        return "?", "?", run.path.name, run.status, "?", run.result
    started = header.started.astimezone() if header.started else None
    return (
        "-" if header.rid is None else str(header.rid),
        started.strftime("%Y-%m-%d %H:%M:%S") if started else "-",
        run.path.name if header.class_name == "?" else header.class_name,
        header.status,
        header.backend,
        run.result,
    )


def analyse(options: argparse.Namespace) -> int:
    """Repeat the analysis of a file, or of all in a folder."""
    changes = dict(parse_change(text) for text in options.changes)
    console = Console(highlight=False, markup=False)
    files = listing.files_of(options.results)
    if not files:
        raise ResultsError(f"no results files in {str(options.results)!r}")
    if options.results.is_file():
        with Run(options.results) as record:
            repeated = reanalyse(record, changes)
            console.print(_comparison(repeated, record.title))
        agrees = repeated.agrees
    else:
        agrees = _analyse_folder(files, changes, console)
    return 0 if agrees or changes else RUN_FAILED


def _analyse_folder(
    files: list[Path], changes: Mapping[str, object], console: Console
) -> bool:
    """Tabulate every file's verdict; return whether all that could be repeated agree.

    A file that cannot be analysed counts as a disagreement.
    """
    table = Table("file", "shots", "stored", "repeated", "verdict")
    agree = True
    for file in files:
        try:
            with Run(file) as record:
                why = obstacle(record)
                if why:
                    table.add_row(file.name, str(record.shots), "", "", why)
                    continue
                repeated = reanalyse(record, changes)
        except CcqedError as error:
            table.add_row(file.name, "", "", "", str(error))
            agree = False
            continue
        before, after = (
            _overlap(summary) for summary in (repeated.stored, repeated.summary)
        )
        verdict = _verdict(repeated)
        table.add_row(file.name, str(repeated.shots), before, after, verdict)
        agree = agree and repeated.agrees
    console.print(table)
    return agree


def _overlap(summary: Mapping[str, object]) -> str:
    found = summary.get("summary.recalled_overlap")
    return f"overlap {found:.4f}" if isinstance(found, float) else "-"


def _verdict(repeated: Reanalysis) -> str:
    changed = [item.key for item in repeated.differences if not item.agrees]
    return "differs in " + ", ".join(changed) if changed else "agrees"


def _comparison(repeated: Reanalysis, title: str) -> Table:
    """Return stored beside repeated: the summary, then each dataset's deviation."""
    table = Table("", "stored", "repeated", "deviation", "changed", title=title)
    for key, value in repeated.summary.items():
        table.add_row(key, _number(repeated.stored.get(key)), _number(value), "", "")
    table.add_section()
    for item in repeated.differences:
        changed = f"{item.changed} of {item.size}" if item.changed else "-"
        table.add_row(item.key, "", "", f"{item.deviation:.1e}", changed)
    for key in repeated.untouched:
        table.add_row(key, "", "", "", "not repeated")
    table.add_section()
    table.add_row("verdict", "", _verdict(repeated), "", "")
    return table


def _number(value: object) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else f"{float(str(value)):.6g}"


def export(options: argparse.Namespace) -> int:
    """Write a result in another format."""
    with Run(options.file) as record:
        exporting.write(record, options.output, not options.without_images)
    _wrote(options.output)
    return 0
