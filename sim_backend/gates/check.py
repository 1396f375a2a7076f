"""What `ccqed check` does: one table, one exit code."""

from __future__ import annotations

import argparse
from pathlib import Path

from ccqed_ctrl.cli import RUN_FAILED
from ccqed_ctrl.errors import ExperimentError

from . import inspection, report
from .findings import FAILED


def execute(options: argparse.Namespace) -> int:
    """Pass files through the gates and print the table.

    Raises
    ------
    ExperimentError
        There is nothing to check.
    """
    files = _files(options.files)
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
