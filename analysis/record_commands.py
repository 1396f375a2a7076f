"""What `ccqed show`, `ls`, `table`, `compare` and `export` do with results files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from rich.text import Text

from ccqed_ctrl import checks, tables
from ccqed_ctrl.errors import CcqedError, ParameterError, ResultsError
from ccqed_ctrl.tables import Column, Fitted

from .figures import pages, run_figure, shot_figure
from .files import export as exporting
from .files import listing, reading
from .files.portrait import shown
from .files.run import Run
from .files.tabulation import tabulate

#: Columns of `ccqed ls`.
_LISTED: Final = (
    Column("rid"), Column("time", 3), Column("class", 2), Column("status", 1),
    Column("backend", 4), Column("result", wraps=True),
)  # fmt: skip


def _wrote(path: Path) -> None:
    tables.console().print(Text(f"wrote {path}"), soft_wrap=True)


def show(options: argparse.Namespace) -> int:
    """Draw a run, one of its shots, or the run and each shot."""
    with reading.open(options.run, options.results) as run:
        suffix = ".pdf" if options.all else ".png"
        output = options.output or run.path.with_suffix(suffix)
        if options.all and output.suffix != ".pdf":
            raise ParameterError(
                f"all shots are pages of a .pdf; got {output.name!r} as output"
            )
        try:
            if options.all:
                with PdfPages(output) as document:
                    for page in pages(run):
                        document.savefig(page)
            else:
                _figure(run, options.shot).savefig(output, dpi=110)
        except (OSError, ValueError) as error:
            if isinstance(error, CcqedError):
                raise
            raise ResultsError(f"cannot write {str(output)!r}: {error}") from error
    _wrote(output)
    return 0


def _figure(run: Run, shot: int | None) -> Figure:
    if shot is None:
        return run_figure(run)
    if run.shots == 0:
        raise ResultsError(f"{run.path.name} holds no complete shot")
    last = run.shots - 1
    return shot_figure(
        run, checks.integer("shot", last if shot == -1 else shot, 0, last)
    )


def ls(options: argparse.Namespace) -> int:
    """List the runs of a results folder."""
    found, chosen = _selected(options)
    if options.columns:
        runs = tabulate(chosen)
        names = [runs.resolve(name.strip()) for name in options.columns.split(",")]
        columns = [Column(name, rank) for rank, name in enumerate(names)]
        listed = Fitted(columns, runs.texts(names))
    else:
        listed = Fitted(_LISTED, [_cells(run) for run in chosen])
    console = tables.console()
    console.print(listed)
    unreadable = sum(run.header is None for run in found)
    footer = f"{len(chosen)} of {len(found)} files"
    console.print(footer + (f", {unreadable} unreadable" if unreadable else ""))
    return 0


def table(options: argparse.Namespace) -> int:
    """Write the runs of a folder as CSV: facts, settings, summaries."""
    runs = tabulate(_selected(options)[1])
    if options.output is None:
        runs.write_csv(sys.stdout)
        return 0
    with (
        exporting.replacing(options.output) as partial,
        partial.open("w", encoding="utf-8", newline="") as file,
    ):
        runs.write_csv(file)
    _wrote(options.output)
    return 0


def compare(options: argparse.Namespace) -> int:
    """Say what differs between two runs."""
    compared = reading.compare(options.a, options.b, options.results)
    tables.console().print(Text(repr(compared)), soft_wrap=True)
    return 0


def _selected(
    options: argparse.Namespace,
) -> tuple[list[listing.Run], list[listing.Run]]:
    """Return all runs of a folder, and those that the filter lets pass."""
    wanted = listing.Filter(
        class_name=options.class_name,
        status=options.status,
        backend=options.backend,
        since=options.since and listing.parse_time(options.since),
        until=options.until and listing.parse_time(options.until),
        rids=options.rid and listing.parse_rids(options.rid),
    )
    found = list(listing.scan(options.results))
    return found, listing.select(found, wanted)


def _cells(run: listing.Run) -> tuple[str, ...]:
    header = run.header
    if header is None:
        return "?", "?", run.path.name, run.status, "?", run.result
    return (
        "-" if header.rid is None else str(header.rid),
        shown(header.started) if header.started else "-",
        run.path.name if header.class_name == "?" else header.class_name,
        header.status,
        header.backend,
        run.result,
    )


def export(options: argparse.Namespace) -> int:
    """Write a result in another format."""
    with reading.open(options.run, options.results) as run:
        exporting.write(run, options.output, not options.without_images)
    _wrote(options.output)
    return 0
