"""Results files made of journals whose runs were killed before they could write one."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import h5py

from ccqed_ctrl.ending import Ending
from ccqed_ctrl.errors import CcqedError, ResultsError
from ccqed_ctrl.hdf5_files import new_hdf5
from ccqed_ctrl.journal import ROOT, SUFFIX, Journal, discard, fold
from ccqed_ctrl.records import Entry, decoded
from ccqed_ctrl.records.annotation import annotate
from ccqed_ctrl.units import SCALES

logger = logging.getLogger(__name__)


def orphans(root: Path) -> list[Path]:
    """Return the journals below a folder that no results file stands beside."""
    found = sorted(root.rglob(f"*{SUFFIX}"))
    return [path for path in found if not results_file(path).exists()]


def results_file(journal: Path) -> Path:
    """Return where the results file of a journal goes: beside it."""
    return journal.with_suffix(".h5")


def recover(path: Path) -> Path:
    """Make the results file of a journal, and remove the journal.

    Every finished shot is in it; what had begun, and was not finished, is not counted.

    Raises
    ------
    ResultsError
        There is a results file already, the run is still going on, the journal is
        damaged, or there is no room; nothing is removed then.
    """
    target = results_file(path)
    if target.exists():
        raise ResultsError(f"{target} is there already; nothing is to be recovered")
    with Journal.open(path) as journal, new_hdf5(target) as file:
        _fill(file, journal)
    discard(path)
    return target


def _fill(file: h5py.File, journal: Journal) -> None:
    group, _ = file.create_group("datasets"), file.create_group("archive")
    declared = _declared(journal)
    for key in journal.keys:
        prefix, _, name = key.partition(".")
        if prefix == ROOT:
            file[name] = journal.get(key)
        else:
            _write(group, key, journal.get(key), declared.get(key))
    fold(journal, group)
    # A shot is finished when it has a verdict: that is appended with all its numbers.
    done = journal.shots("shot.verdict")
    group["progress.done"] = done
    if journal.get("status") == "running":
        del group["status"]
        group["status"] = str(Ending.killed)
    annotate(group)
    # What no `set_dataset` could change, for readers (`header`).
    file["ccqed/backend"] = journal.get("backend")


def _declared(journal: Journal) -> dict[str, Entry]:
    try:
        return decoded(journal.get("schema"))
    except CcqedError as error:
        raise ResultsError(
            f"{journal.path} was begun, but its run had not planned anything: {error}"
        ) from error


def _write(group: h5py.Group, key: str, value: Any, entry: Entry | None) -> None:
    group[key] = value
    if entry is not None and entry.unit:
        group[key].attrs.update({"unit": entry.unit, "scale": SCALES[entry.unit]})
