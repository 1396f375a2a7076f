"""The command `ccqed check`: one table, one exit code."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from ccqed_ctrl.cli import RUN_FAILED, Command
from ccqed_ctrl.errors import ExperimentError

from . import inspection
from .findings import FAILED


def _configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "files", metavar="FILE", type=Path, nargs="*", help="default: all of repository"
    )
    add(
        "--skip",
        action="append",
        default=[],
        choices=inspection.GATES,
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


def _execute(options: argparse.Namespace) -> int:
    files = _files(options.files)
    report = importlib.import_module(".report", __package__)
    verdicts = []
    for file in files:
        order = inspection.Inspection(
            file, frozenset(options.skip), options.dataset_db, options.device_db
        )
        verdicts += inspection.inspect(order)
    report.show(verdicts)
    return RUN_FAILED if any(v.status == FAILED for v in verdicts) else 0


def _files(given: list[Path]) -> list[Path]:
    """Return the files to check; folders stand for what is below them.

    Raises
    ------
    ExperimentError
        A file or folder is missing, or there is nothing to check.
    """
    files: list[Path] = []
    for path in given or [Path("repository")]:
        if path.is_dir():
            files += sorted(path.rglob("*.py"))
        elif path.is_file():
            files.append(path)
        else:
            raise ExperimentError(f"no file or folder {path}")
    if not files:
        raise ExperimentError("there is no experiment file to check")
    return files


CHECK = Command(
    "check", "check experiments before they meet hardware", _configure, _execute
)
