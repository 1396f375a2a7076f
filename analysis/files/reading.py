"""What a notebook asks for: one run, all runs, two runs compared."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from . import comparison, listing, tabulation
from .comparison import Comparison
from .run import Run

#: A run: its number, "latest", or its file.
Which = int | str | Path


def open(run: Which = "latest", root: str | Path | None = None) -> Run:
    """Open a run: by its number or "latest" below the folder `root`, or its file.

    The folder is by default `results`, and in an experiment under ARTIQ its master's.

    Raises
    ------
    ResultsError
        There is no such run, or its file cannot be read.
    SchemaError
        Its file is of a newer version of this package.
    """
    return Run(listing.find(run, root))


def runs(root: str | Path = "results") -> Any:
    """Return all runs below a folder as a `pandas.DataFrame`, oldest first.

    Columns are facts (rid, time, class, status, backend, shots, result, path), settings
    ("group.field", SI; a tuple where scanned) and summaries, by name.

    Raises
    ------
    ResultsError
        There is no such folder, or pandas is not installed.
    """
    found = listing.select(listing.scan(root), listing.Filter())
    return tabulation.tabulate(found).frame()


def compare(a: Run | Which, b: Run | Which, root: str | Path = "results") -> Comparison:
    """Return what differs between two runs; each may be open, or named as for `open`.

    Raises
    ------
    ResultsError
        There is no such run, or its file cannot be read.
    """
    with ExitStack() as opened:
        first, second = (
            run if isinstance(run, Run) else opened.enter_context(open(run, root))
            for run in (a, b)
        )
        return comparison.compare(first, second)
