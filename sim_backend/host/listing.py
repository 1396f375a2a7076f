"""List the experiments of a folder, as the dashboard's repository scan finds them."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from . import discovery, report
from .dataset_db import DatasetDB


def show(folder: Path, dataset_db: Path) -> int:
    """Print a table of experiments; return 1 if a file fails to scan.

    Raises
    ------
    ExperimentError
        There is no such folder.
    """
    found = list(discovery.scan(folder, DatasetDB(dataset_db)))
    Console(highlight=False).print(report.experiments(found, folder))
    return int(any(isinstance(entry, discovery.Unscanned) for entry in found))
