"""The command `ccqed figures`: the paper's figures from our own results."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from rich.console import Console
from rich.table import Table

from analysis.campaign import configure_engine, engine_of
from ccqed_ctrl.cli import RUN_FAILED, Command
from ccqed_ctrl.errors import CcqedError

from .figure import check_scale
from .production import Made, largest_stored, make
from .registry import FIGURES as KNOWN
from .registry import select
from .report import write_report

logger = logging.getLogger(__name__)

_DEFAULT_FOLDER = Path("results/figures")


def _configure(parser: argparse.ArgumentParser) -> None:
    names = ", ".join(figure.name for figure in KNOWN)
    parser.add_argument("figures", metavar="FIGURE", nargs="*", help=f"of {names}")
    parser.add_argument(
        "--scale", default="quick", metavar="SCALE",
        help="quick (minutes), paper (its sizes, a night) or beyond",
    )  # fmt: skip
    parser.add_argument(
        "--stored", action="store_true",
        help="compute nothing: each figure at the largest scale that is stored",
    )  # fmt: skip
    parser.add_argument(
        "--store", metavar="DIR", type=Path, default=_DEFAULT_FOLDER,
        help="where results are kept: what is there is not computed again",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", metavar="DIR", type=Path, help="for the pictures"
    )
    parser.add_argument(
        "--report", metavar="FILE.md", type=Path,
        help="write the reproduction report; its pictures go into a folder beside it",
    )  # fmt: skip
    configure_engine(parser)


def _figures(options: argparse.Namespace) -> int:
    figures, asked = select(options.figures), check_scale(options.scale)
    engine = engine_of(options.workers, options.cluster)
    report: Path | None = options.report
    beside = report.with_suffix("") if report else options.store
    output = options.output or beside
    console = Console(highlight=False, markup=False)
    made: list[Made] = []
    for figure in figures:
        try:
            scale = largest_stored(figure, options.store) if options.stored else asked
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
        f"{len(made)} of {len(figures)} figures in {seconds:.1f} s, "
        f"tasks of {worked:.1f} s"
    )
    if report:
        write_report(report, made)
        console.print(f"wrote {report}")
    return 0 if len(made) == len(figures) else RUN_FAILED


def _table(made: Made) -> Table:
    table = Table("quantity", "paper", "ours", "verdict")
    for claim in made.claims:
        table.add_row(claim.quantity, claim.paper, claim.value, claim.verdict)
    return table


FIGURES = Command(
    "figures", "compute and draw the paper's figures, with claims", _configure, _figures
)
