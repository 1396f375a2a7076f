"""List the experiments of a folder, as the dashboard's repository scan finds them."""

from __future__ import annotations

from pathlib import Path

from ccqed_ctrl import tables

from . import discovery, report
from .dataset_db import DatasetDB


def show(place: Path, dataset_db: Path) -> int:
    """Print a table of the experiments of a folder, a file, or a file's name.

    Returns 1 if a file fails to scan.

    Raises
    ------
    ExperimentError
        There is no such folder or file.
    """
    datasets, folder = DatasetDB(dataset_db), place
    if place.is_dir() or place == Path("repository"):
        found = list(discovery.scan(place, datasets))
    else:
        file = discovery.find(place)
        folder = file.parent
        found = [discovery.scan_file(file, datasets)]
    tables.console().print(report.experiments(found, folder))
    return int(any(isinstance(entry, discovery.Unscanned) for entry in found))
