"""The commands of the analysis side, light: what they do is loaded when they run."""

from __future__ import annotations

import argparse
from pathlib import Path

from ccqed_ctrl.cli import Command


def _configure_show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="RESULT.h5", type=Path)
    parser.add_argument(
        "-o", "--output", metavar="PNG", type=Path, help="default: RESULT.png beside it"
    )
    parser.add_argument(
        "--shot", type=int, default=-1, help="which shot (default: the last)"
    )


def _configure_ls(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("results", metavar="RESULTS", type=Path, help="folder or file")
    parser.add_argument("--class", dest="class_name", metavar="NAME")
    parser.add_argument("--status", help="ok, exception, unreadable...")
    parser.add_argument("--backend", choices=["hardware", "simulation"])
    parser.add_argument(
        "--since", metavar="TIME", help="2026-03-01 or 2026-03-01T14:30"
    )
    parser.add_argument("--until", metavar="TIME")
    parser.add_argument("--rid", metavar="N[-M]")


def _configure_analyse(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("results", metavar="FILE|FOLDER", type=Path)
    parser.add_argument(
        "--set", dest="changes", metavar="GROUP.FIELD=VALUE", action="append",
        default=[], help="another setting or calibration (SI), as imaging.phase=0.3",
    )  # fmt: skip


def _configure_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="RESULT.h5", type=Path)
    parser.add_argument(
        "-o", "--output", metavar="FILE.nc|FILE.csv", type=Path, required=True
    )
    parser.add_argument(
        "--without-images", action="store_true", help="leave frames and fields out"
    )


def _configure_figures(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "figures", metavar="FIGURE", nargs="*", help="fig04 to fig17 (default: all)"
    )
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
    "draw one shot of a result for the logbook",
    _configure_show,
    f"{_WORK}:show",
)
LS = Command("ls", "list the runs of a results folder", _configure_ls, f"{_WORK}:ls")
ANALYSE = Command(
    "analyse",
    "repeat the analysis from the raw frames",
    _configure_analyse,
    f"{_WORK}:analyse",
)
EXPORT = Command(
    "export", "write a result as NetCDF or CSV", _configure_export, f"{_WORK}:export"
)
FIGURES = Command(
    "figures",
    "compute and draw the paper's figures, with claims",
    _configure_figures,
    "analysis.paper.command:figures",
)
