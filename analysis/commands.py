"""The commands of the analysis side, light: what they do is loaded when they run."""

from __future__ import annotations

import argparse
from pathlib import Path

from ccqed_ctrl.cli import Command

#: How a run may be named.
_RUN = "RID|latest|FILE"


def _add_run(parser: argparse.ArgumentParser, *names: str) -> None:
    """Add positional runs, and the folder in which they are looked for."""
    for name in names:
        parser.add_argument(name, metavar=_RUN)
    parser.add_argument(
        "--results", metavar="DIR", type=Path, default=Path("results"),
        help="where runs are looked for by number (default: %(default)s)",
    )  # fmt: skip


def _configure_show(parser: argparse.ArgumentParser) -> None:
    _add_run(parser, "run")
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path,
        help="default: RESULT.png (of all shots RESULT.pdf) beside it",
    )  # fmt: skip
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--shot", type=int, metavar="K", help="one shot; -1 is the last")
    which.add_argument(
        "--all", action="store_true", help="the run and each shot, pages of a PDF"
    )


def _configure_filter(parser: argparse.ArgumentParser) -> None:
    """Add a folder, and which of its runs are meant."""
    parser.add_argument(
        "results", metavar="RESULTS", type=Path, nargs="?", default=Path("results"),
        help="folder or file (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--class", dest="class_name", metavar="NAME")
    parser.add_argument(
        "--status", help="ok, failed, terminated, interrupted, running, unreadable..."
    )
    parser.add_argument("--backend", choices=["hardware", "simulation", "doubtful"])
    parser.add_argument(
        "--since", metavar="TIME", help="2026-03-01 or 2026-03-01T14:30"
    )
    parser.add_argument("--until", metavar="TIME")
    parser.add_argument("--rid", metavar="N[-M]")


def _configure_ls(parser: argparse.ArgumentParser) -> None:
    _configure_filter(parser)
    parser.add_argument(
        "--columns", metavar="NAME,...",
        help="facts (rid, time, class, status, backend, shots, result, path), settings "
        "(cue.corruption) and summaries, by name or the last part of it",
    )  # fmt: skip


def _configure_table(parser: argparse.ArgumentParser) -> None:
    _configure_filter(parser)
    parser.add_argument(
        "-o", "--output", metavar="FILE.csv", type=Path, help="default: standard output"
    )


def _configure_compare(parser: argparse.ArgumentParser) -> None:
    _add_run(parser, "a", "b")


def _configure_analyse(parser: argparse.ArgumentParser) -> None:
    _add_run(parser, "run")
    parser.add_argument(
        "--set", dest="changes", metavar="GROUP.FIELD=VALUE", action="append",
        default=[], help="another setting, as imaging.phase=0.3 or cloud.size=4um",
    )  # fmt: skip


def _configure_export(parser: argparse.ArgumentParser) -> None:
    _add_run(parser, "run")
    parser.add_argument(
        "-o", "--output", metavar="FILE.nc|.csv|.h5", type=Path, required=True,
        help="NetCDF, a line per shot, or HDF5 with units and names of axes",
    )  # fmt: skip
    parser.add_argument(
        "--without-images", action="store_true", help="leave frames out"
    )


def _configure_figures(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "figures", metavar="FIGURE", nargs="*",
        help="fig04 to fig17 (default: all), or release",
    )  # fmt: skip
    parser.add_argument(
        "--scale", default="quick", metavar="SCALE",
        help="quick (minutes), paper (its sizes, a night) or beyond",
    )  # fmt: skip
    parser.add_argument(
        "--stored", action="store_true",
        help="compute nothing: each figure at the largest scale that is stored",
    )  # fmt: skip
    parser.add_argument(
        "--store", metavar="DIR", type=Path, default=Path("results/figures"),
        help="where results are kept: what is there is not computed again",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", metavar="DIR", type=Path, help="for the pictures"
    )
    parser.add_argument(
        "--report", metavar="FILE.md", type=Path,
        help="write the reproduction report; its pictures go into a folder beside it",
    )  # fmt: skip
    _configure_engine(parser)


def _configure_engine(parser: argparse.ArgumentParser) -> None:
    """Add `--workers` and `--cluster` to a command."""
    group = parser.add_argument_group("where to compute (default: in this process)")
    group.add_argument(
        "--workers", type=int, metavar="N", help="processes of this machine; 0: all"
    )
    group.add_argument(
        "--cluster", metavar="tcp://HOST:PORT|N",
        help="a Dask scheduler, or how many Dask workers to start here",
    )  # fmt: skip


_WORK = "analysis.record_commands"

SHOW = Command(
    "show",
    "draw a run, or one shot, for the logbook",
    _configure_show,
    f"{_WORK}:show",
)
LS = Command(
    "ls",
    "list the runs of a results folder",
    _configure_ls,
    "analysis.list_commands:ls",
)
ANALYSE = Command(
    "analyse",
    "repeat the analysis from the raw frames",
    _configure_analyse,
    "analysis.analyse_command:analyse",
)
EXPORT = Command(
    "export",
    "write a result as NetCDF, CSV or annotated HDF5",
    _configure_export,
    f"{_WORK}:export",
)
COMPARE = Command(
    "compare", "say what differs between two runs", _configure_compare,
    f"{_WORK}:compare",
)  # fmt: skip
TABLE = Command(
    "table", "write runs, settings and summaries as CSV", _configure_table,
    f"{_WORK}:table",
)  # fmt: skip
FIGURES = Command(
    "figures",
    "compute and draw the paper's figures, with claims",
    _configure_figures,
    "analysis.paper.command:figures",
)


def _configure_recover(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run", metavar="RID|FILE", nargs="?", help="of a journal; default: list them"
    )
    parser.add_argument("--all", action="store_true", help="every one that is left")
    parser.add_argument(
        "--results", metavar="DIR", type=Path, default=Path("results"),
        help="default: %(default)s",
    )  # fmt: skip


RECOVER = Command(
    "recover",
    "make results files of runs that were killed",
    _configure_recover,
    "analysis.recover_command:recover",
)
