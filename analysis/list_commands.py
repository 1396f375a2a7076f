"""What `ccqed ls` does: its imports are few, for they took as long as 500 files."""

from __future__ import annotations

import argparse
from typing import Final

from rich.text import Text

from ccqed_ctrl import tables
from ccqed_ctrl.tables import Column, Fitted

from .files import listing, recovery
from .files.portrait import shown

#: Columns of `ccqed ls`.
_LISTED: Final = (
    Column("rid"), Column("time", 3), Column("class", 2), Column("status", 1),
    Column("backend", 4), Column("result", wraps=True),
)  # fmt: skip


def ls(options: argparse.Namespace) -> int:
    """List the runs of a results folder."""
    found, chosen = selected(options)
    if options.columns:
        from .files.tabulation import tabulate

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
    known = {run.path for run in found if run.header is not None}
    for journal in recovery.orphans(options.results, known):
        console.print(Text(recovery.prospect(journal)), soft_wrap=True)
    return 0


def selected(
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
