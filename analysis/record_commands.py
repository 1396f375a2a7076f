"""What `ccqed show`, `table`, `compare` and `export` do with results files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from rich.text import Text

from ccqed_ctrl import checks, tables
from ccqed_ctrl.errors import CcqedError, ParameterError, ResultsError

from .figures import pages, run_figure, shot_figure
from .files import export as exporting
from .files import reading
from .files.run import Run
from .files.tabulation import tabulate
from .list_commands import selected


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


def table(options: argparse.Namespace) -> int:
    """Write the runs of a folder as CSV: facts, settings, summaries."""
    runs = tabulate(selected(options)[1])
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


def export(options: argparse.Namespace) -> int:
    """Write a result in another format."""
    with reading.open(options.run, options.results) as run:
        exporting.write(run, options.output, not options.without_images)
    _wrote(options.output)
    return 0
