"""From raw frames to fields, spins, patterns and figures; and back from files.

    import analysis

    run = analysis.open("latest")
    run.overlaps
    analysis.runs("results")
    analysis.compare(3, 4)

What these need is imported when they are used.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .files.comparison import Comparison
    from .files.run import Run

#: A run: its number, "latest", or its file.
Which = int | str | Path

__all__ = ["compare", "open", "runs"]


def open(run: Which = "latest", root: str | Path = "results") -> Run:  # noqa: A001
    """Open a run: by its number or "latest" below the folder `root`, or its file.

    Raises
    ------
    ResultsError
        There is no such run, or its file cannot be read.
    SchemaError
        Its file is of a newer version of this package.
    """
    from .files import listing
    from .files.run import Run

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
    from .files import listing, tabulation

    found = listing.select(listing.scan(root), listing.Filter())
    return tabulation.tabulate(found).frame()


def compare(a: Run | Which, b: Run | Which, root: str | Path = "results") -> Comparison:
    """Return what differs between two runs; each may be open, or named as for `open`.

    Raises
    ------
    ResultsError
        There is no such run, or its file cannot be read.
    """
    from contextlib import ExitStack

    from .files import comparison
    from .files.run import Run

    with ExitStack() as opened:
        first, second = (
            run if isinstance(run, Run) else opened.enter_context(open(run, root))
            for run in (a, b)
        )
        return comparison.compare(first, second)
