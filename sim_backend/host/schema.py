"""What experiments store, and what is stored in a file: `ccqed schema`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import h5py
from rich.text import Text

from ccqed_ctrl import tables
from ccqed_ctrl.errors import ExperimentError, ResultsError
from ccqed_ctrl.records import Entry, Record, annotation, dictionary

from . import discovery
from .dataset_db import DatasetDB

_FILES = (".h5", ".hdf5")
_HERE = Path("repository")


def show(what: Path, dataset_db: Path) -> int:
    """Print the dictionary of a file's datasets, or of what experiments declare.

    Raises
    ------
    ExperimentError
        There is no such experiment, or it declares nothing.
    ResultsError
        There is no such file, or it cannot be read.
    """
    console = tables.console()
    if what.suffix in _FILES:
        console.print(dictionary.table(stored(what)))
        return 0
    found = list(experiments(what, DatasetDB(dataset_db)))
    if not found:
        raise ExperimentError(
            f"{what} declares no record of datasets; `ccqed schema FILE.h5` prints "
            "what a results file holds"
        )
    for experiment, record in found:
        console.print(Text(f"{experiment}: {record.__name__}", "bold"))
        console.print(dictionary.table(record.entries()))
    return 0


def experiments(place: Path, datasets: DatasetDB) -> Iterator[tuple[str, type[Record]]]:
    """Yield name and record of each experiment of a folder, a file, or a file's name.

    Raises
    ------
    ExperimentError
        There is no such folder or file, or a file cannot be scanned.
    """
    if place.is_dir() or place == _HERE:
        scanned = list(discovery.scan(place, datasets))
    else:
        scanned = [discovery.scan_file(discovery.find(place), datasets)]
    for entry in scanned:
        if isinstance(entry, discovery.Unscanned):
            raise ExperimentError(f"{entry.file} cannot be scanned: {entry.reason}")
        for experiment in entry:
            for record in experiment.records:
                yield experiment.class_name, record


def stored(path: Path) -> list[Entry]:
    """Return the declarations of a file's datasets; without any, as they are stored.

    Raises
    ------
    ResultsError
        There is no such file, or it cannot be read.
    """
    try:
        with h5py.File(path, "r") as file:
            group = file.get("datasets", file)
            declared = annotation.stored_schema(group)
            there = [key for key in group if isinstance(group[key], h5py.Dataset)]
            known = [entry for key, entry in declared.items() if key in there]
            return known + [_as_stored(k, group[k]) for k in there if k not in declared]
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise ResultsError(f"{path} cannot be read: {error}") from error


def _as_stored(key: str, dataset: h5py.Dataset) -> Entry:
    text = h5py.check_string_dtype(dataset.dtype) is not None
    axes = tuple(map(str, dataset.shape or ()))
    return Entry(key, axes, "str" if text else str(dataset.dtype), "")


def page(repository: Path) -> str:
    """Return docs/datasets.md, of the experiments of a repository."""
    nowhere = DatasetDB(Path("no datasets"))
    return dictionary.page(record for _, record in experiments(repository, nowhere))


if __name__ == "__main__":
    sys.stdout.write(page(_HERE))
