"""The command `ccqed timeline`: what an experiment does to the wires."""

from __future__ import annotations

import argparse
from pathlib import Path

from ccqed_ctrl.cli import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("file", metavar="FILE|NAME", type=Path, help="as for ccqed run")
    add("arguments", metavar="NAME=VALUE", nargs="*", help="SI, as PYON or plain text")
    add("-c", "--class-name", metavar="CLASS", help="which experiment of the file")
    add(
        "-o",
        "--output",
        type=Path,
        metavar="PATH",
        help="picture (.png .svg .pdf), wave dump (.vcd), analyzer dump (.bin, for "
        "ARTIQ's own viewer) or table (.txt .csv); default: a table here",
    )
    add("--start", type=float, metavar="S", help="of the picture, in s")
    add("--stop", type=float, metavar="S", help="of the picture, in s")
    add("--all", action="store_true", help="also channels without laboratory name")
    add(
        "--device-db", type=Path, metavar="PATH", help="default: the nearest above FILE"
    )
    add("--seed", type=int, metavar="N", help="of the plant and the experiment")


TIMELINE = Command(
    "timeline",
    "show what an experiment does to the wires",
    _configure,
    "sim_backend.timeline.writing:execute",
)
