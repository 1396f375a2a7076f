"""What `ccqed recover` does."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.text import Text

from ccqed_ctrl import tables
from ccqed_ctrl.cli import RUN_FAILED
from ccqed_ctrl.errors import ResultsError
from ccqed_ctrl.journal import SUFFIX

from .files import recovery


def recover(options: argparse.Namespace) -> int:
    """Make results files of journals; without a name and --all, list them."""
    console = tables.console()
    found = _wanted(options.run, options.results)
    if options.run is None and not options.all:
        for path in found:
            console.print(Text(str(path)), soft_wrap=True)
        console.print(f"{len(found)} to be recovered; give one, or --all")
        return 0
    failed = 0
    for path in found:
        try:
            target = recovery.recover(path)
        except ResultsError as error:
            failed += 1
            console.print(Text(f"not recovered: {error}"), soft_wrap=True)
        else:
            console.print(Text(f"recovered {target}"), soft_wrap=True)
    return RUN_FAILED if failed else 0


def _wanted(run: str | None, results: Path) -> list[Path]:
    if run is None:
        return recovery.orphans(results)
    if not run.isdecimal():
        return [Path(run)]
    found = [
        path
        for path in recovery.orphans(results)
        if path.name.startswith(f"{int(run):09d}-")
    ]
    if not found:
        raise ResultsError(
            f"no journal of run {int(run)} in {str(results)!r} (*{SUFFIX}) that has no "
            "results file"
        )
    return found
