"""A results file and the journal beside it: what ARTIQ wrote, and the raw data.

Under ARTIQ raw frames are no datasets (its worker would keep them all in memory); they
stay in the run's journal, which the file names.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ccqed_ctrl.errors import ResultsError
from ccqed_ctrl.journal import JOURNAL, Journal, sha256
from ccqed_ctrl.records import Entry

from .results_file import ResultsFile


def journal_path(file: ResultsFile) -> Path | None:
    """Return where a file's journal is: beside it, else where it was written.

    None where it names none.

    Raises
    ------
    ResultsError
        It names one that is gone.
    """
    name = file.scalar(f"datasets/{JOURNAL}.name", str)
    if name is None:
        return None
    folder = file.scalar(f"datasets/{JOURNAL}.folder", str) or "."
    places = (file.path.parent / Path(name).name, Path(folder) / Path(name).name)
    for place in places:
        if place.is_file():
            return place
    raise ResultsError(
        f"{file.path.name} has its raw data in {name}, which is neither beside it nor "
        f"in {folder}; move it there"
    )


def open_journal(file: ResultsFile) -> Journal | None:
    """Open a file's journal, if it has one.

    Raises
    ------
    ResultsError
        It is gone, damaged, or still being written.
    """
    path = journal_path(file)
    return None if path is None else Journal.open(path)


def row_of(journal: Journal, entry: Entry, shot: int) -> Any:
    """Return a shot's value that is as its entry says.

    Raises
    ------
    ResultsError
        It is damaged, or something else.
    """
    value = np.asarray(journal.row(entry.key, shot))
    kinds = "U" if entry.dtype == "str" else "biufc"
    if value.dtype.kind not in kinds or value.ndim != len(entry.axes) - 1:
        raise ResultsError(
            f"{journal.path}: {entry.key} of shot {shot} is {value.dtype} of shape "
            f"{value.shape}, not {entry.dtype} with axes {entry.axes[1:]}"
        )
    return value[()]


def check_journal(file: ResultsFile) -> None:
    """Refuse a journal that is not the one that was finished with the run.

    Raises
    ------
    ResultsError
        Its content has another hash than the file says.
    """
    path, wanted = journal_path(file), file.scalar(f"datasets/{JOURNAL}.sha256", str)
    if path is not None and wanted is not None and sha256(path) != wanted:
        raise ResultsError(
            f"{path} is not as it was when {file.path.name} was written: of another "
            "run, or changed since"
        )
