"""What `ccqed show`, `ls` and `export` do with results files."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ccqed_ctrl import checks
from ccqed_ctrl.errors import ResultsError

from .figures import recall_figure
from .files import export as exporting
from .files import listing
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


def export(options: argparse.Namespace) -> int:
    """Write a result in another format."""
    with Run(options.file) as record:
        exporting.write(record, options.output, not options.without_images)
    _wrote(options.output)
    return 0
