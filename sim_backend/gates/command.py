"""The command `ccqed check`: one table, one exit code."""

from __future__ import annotations

import argparse
from pathlib import Path

from ccqed_ctrl.cli import Command

from .findings import GATES


def _configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "files", metavar="FILE", type=Path, nargs="*", help="default: all of repository"
    )
    add(
        "--skip",
        action="append",
        default=[],
        choices=GATES,
        help="leave a gate out; can be repeated",
    )
    add(
        "--device-db", type=Path, metavar="PATH", help="default: the nearest above FILE"
    )
    add(
        "--dataset-db",
        type=Path,
        metavar="PATH",
        default=Path("dataset_db.sqlite"),
        help="datasets that experiments read; not changed (default: %(default)s)",
    )


CHECK = Command(
    "check",
    "check experiments before they meet hardware",
    _configure,
    "sim_backend.gates.check:execute",
)
