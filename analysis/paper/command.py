"""What `ccqed figures` does: the paper's figures from our own results."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from rich.console import Console
from rich.table import Table

from analysis.campaign import engine_of
from ccqed_ctrl.cli import RUN_FAILED
from ccqed_ctrl.errors import CcqedError

from .figure import check_scale
from .production import Made, largest_stored, left, make
from .registry import select
from .report import write_report

logger = logging.getLogger(__name__)


def figures(options: argparse.Namespace) -> int:
    """Make the figures, and the report if it is asked for."""
    chosen, asked = select(options.figures), check_scale(options.scale)
    engine = engine_of(options.workers, options.cluster)
    report: Path | None = options.report
    beside = report.with_suffix("") if report else options.store
    output = options.output or beside
    console = Console(highlight=False, markup=False)
    made: list[Made] = []
    for figure in chosen:
        try:
            scale = largest_stored(figure, options.store) if options.stored else asked
            # Nothing is left to compute where the stored scale was asked for.
            for study, (tasks, seconds) in left(figure, scale, options.store).items():
                console.print(
                    f"{study}: {tasks} tasks to compute, about {seconds / 3600:.2g} "
                    "core hours"
                )
            one = make(
                figure, scale, options.store, output,
                engine=engine, progress=console.is_terminal,
            )  # fmt: skip
        except CcqedError as error:
            # One figure's failure must not cost the night's others.
            logger.error("%s: %s", figure.name, error)
            continue
        made.append(one)
        console.print(
            f"{figure.name} {scale}: {one.picture}, {one.seconds:.1f} s now, "
            f"{one.tasks} tasks of {one.task_seconds:.1f} s"
        )
        console.print(_table(one))
    seconds, worked = (
        sum(getattr(one, name) for one in made) for name in ("seconds", "task_seconds")
    )
    console.print(
        f"{len(made)} of {len(chosen)} figures in {seconds:.1f} s, "
        f"tasks of {worked:.1f} s"
    )
    if report:
        write_report(report, made)
        console.print(f"wrote {report}")
    return 0 if len(made) == len(chosen) else RUN_FAILED


def _table(made: Made) -> Table:
    table = Table("quantity", "paper", "ours", "verdict")
    for claim in made.claims:
        table.add_row(claim.quantity, claim.paper, claim.value, claim.verdict)
    return table
