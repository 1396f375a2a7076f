"""The commands of the control side, light: what they do is loaded when they run."""

from __future__ import annotations

import argparse
from pathlib import Path

from .cli import Command


def _configure_completion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "shell", choices=["bash", "zsh"], help="for which the script is printed"
    )


def _configure_belief(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "laboratory.toml is found by the device database's entry 'laboratory'. "
        "Calibration records, persistent datasets calibration.GROUP.NAME, stand above "
        "it; those of ARTIQ's master are seen by its runs, not here."
    )
    add = parser.add_argument
    add("action", choices=["show", "set"], nargs="?", default="show")
    add(
        "values",
        metavar="NAME[=VALUE]",
        nargs="*",
        help="to show: groups or values; to set: cavity.kappa='2pi*152kHz'",
    )
    add("--why", metavar="TEXT", default="", help="where the new values come from")
    add(
        "--device-db",
        type=Path,
        metavar="PATH",
        help="default: the nearest device_db.py above this folder",
    )
    add(
        "--dataset-db",
        type=Path,
        metavar="PATH",
        default=Path("dataset_db.sqlite"),
        help="persistent datasets of `ccqed run` (default: %(default)s)",
    )


def _configure_calibrations(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Green holds; amber was never measured, is soon due, or rests on one that is "
        "red; red is too old, stale or orphaned, and runs that rest on it are refused. "
        "Records are those of `ccqed run`; those of ARTIQ's master are seen by its "
        "runs, not here."
    )
    add = parser.add_argument
    add(
        "names", metavar="NAME", nargs="*", help="default: all, to run: all that is due"
    )
    add("--run", action="store_true", help="run them on the twin, in order")
    add("--history", metavar="NAME", help="show what befell one")
    add("--accept", metavar="NAME", help="say that one holds, with what holds now")
    add("--reject", metavar="NAME", help="forget its values: laboratory.toml holds")
    add("--why", metavar="TEXT", default="", help="the reason to accept or reject")
    add("--dataset-db", type=Path, metavar="PATH", default=Path("dataset_db.sqlite"),
        help="persistent datasets of `ccqed run` (default: %(default)s)")  # fmt: skip
    for name in ("results", "device-db"):
        add(f"--{name}", type=Path, metavar="PATH", help="as in ccqed run")
    add("--seed", type=int, metavar="N", help="as in ccqed run")
    add("--twin", action="append", default=[], metavar="NAME=VALUE|SCENARIO",
        help="what is true of the simulated laboratory, as in ccqed run")  # fmt: skip


def _configure_new(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "`ccqed new lab mine`, `cd mine`, `ccqed new experiment lifetime`"
    parser.add_argument("kind", choices=["lab", "experiment"])
    parser.add_argument(
        "name",
        metavar="DIR|NAME",
        type=Path,
        help="folder of the laboratory, or name of a file below repository",
    )


def _configure_lab(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Ctrl-C ends all. One that dies is named, and not started again."
    add = parser.add_argument
    add(
        "names",
        metavar="NAME",
        nargs="*",
        help="controllers of the device database; default: all of this machine",
    )
    add(
        "--device-db",
        type=Path,
        metavar="PATH",
        help="default: the nearest device_db.py above this folder",
    )
    add(
        "--simulation",
        action="store_true",
        help="start one process that holds the simulated laboratory instead",
    )
    add("--port", type=int, help="of that process (3283)")
    add("--seed", type=int, default=0, help="of what is random there (%(default)d)")
    add(
        "--twin",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change its truth, as in ccqed run; can be repeated",
    )


BELIEF = Command(
    "belief",
    "show what the laboratory believes of itself, or set it",
    _configure_belief,
    "ccqed_ctrl.belief_command:execute",
)
CALIBRATIONS = Command(
    "calibrations",
    "show which calibrations hold, and run those that do not",
    _configure_calibrations,
    "ccqed_ctrl.calibration.command:execute",
)
COMPLETION = Command(
    "completion",
    "print what makes bash or zsh complete ccqed",
    _configure_completion,
    "ccqed_ctrl.completion:show",
)
LAB = Command(
    "lab",
    "start the controllers of the laboratory, or its twin, and show how they are",
    _configure_lab,
    "ccqed_ctrl.controllers.lab_command:execute",
)
NEW = Command(
    "new",
    "begin a laboratory in a folder, or an experiment",
    _configure_new,
    "ccqed_ctrl.new_command:execute",
)
