"""Results files made of journals that have none: most are of runs that were killed."""

from __future__ import annotations

import logging
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py

from ccqed_ctrl.ending import Ending
from ccqed_ctrl.errors import CcqedError, ResultsError
from ccqed_ctrl.hdf5_files import fold, new_hdf5
from ccqed_ctrl.journal import ROOT, SUFFIX, Journal, discard
from ccqed_ctrl.records import Entry, decoded
from ccqed_ctrl.records.annotation import annotate
from ccqed_ctrl.storage import claimed
from ccqed_ctrl.units import SCALES

from .listing import files_of
from .pairing import journal_path
from .results_file import open_file

logger = logging.getLogger(__name__)


def orphans(root: Path, known: Collection[Path] = ()) -> list[Path]:
    """Return the journals below a folder that are no part of a whole results file.

    Such a file stands beside it, or names it (`artiq_run -o NAME`).

    known: results files that are whole.
    """
    found = sorted(root.rglob(f"*{SUFFIX}"))
    beside = {path: results_file(path) for path in found}
    alone = [
        path
        for path, results in beside.items()
        if results not in known and not _is_whole(results)
    ]
    named = _named(root) if alone else ()
    return [path for path in alone if path.resolve() not in named]


def prospect(path: Path) -> str:
    """Say what can be done about a journal without a results file."""
    try:
        with Journal.open(path) as journal, claimed(path):
            if _has_ended(journal):
                return f"no results file here has {path}: ccqed recover makes one of it"
            return f"a run was killed: ccqed recover {path} keeps what it had measured"
    except ResultsError as error:
        return str(error)


def results_file(journal: Path) -> Path:
    """Return where the results file of a journal goes: beside it."""
    return journal.with_suffix(".h5")


def recover(path: Path) -> Path:
    """Make the results file of a journal, and remove the journal of a killed run.

    Every finished shot is in it; what had begun, and was not finished, is not counted.
    The journal of a run that ended stays: ARTIQ's file may be in another folder, and
    have its frames there.
    A file in its place that ARTIQ had begun to write is kept as `NAME.h5.broken`.

    Raises
    ------
    ResultsError
        There is a results file already, the run is still going on, the journal is
        damaged, or there is no room; nothing is removed then.
    """
    target = results_file(path)
    if _is_whole(target):
        raise ResultsError(f"{target} is there already; nothing is to be recovered")
    with Journal.open(path) as journal, claimed(path):
        if target.exists():
            kept = target.replace(target.with_name(f"{target.name}.broken"))
            logger.warning("what had been written of %s is kept as %s", target, kept)
        with new_hdf5(target) as file:
            _fill(file, journal)
        ended = _has_ended(journal)
    if not ended:
        discard(path)
    return target


def _named(root: Path) -> set[Path]:
    """Return the journals that results files below a folder have their frames in."""
    found = set()
    for path in files_of(root):
        with suppress(CcqedError), open_file(path) as file:
            journal = journal_path(file)
            if journal is not None:
                found.add(journal.resolve())
    return found


def _has_ended(journal: Journal) -> bool:
    """Tell whether a journal's run was not killed."""
    return bool(journal.get("status") != "running")


def _is_whole(results: Path) -> bool:
    """Tell whether a results file is there to its end, or may still be written."""
    try:
        with h5py.File(results, "r") as file:
            return "datasets" in file
    except BlockingIOError:
        return True
    except (OSError, RuntimeError, ValueError, KeyError):  # damaged
        return False


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
    if not _has_ended(journal):
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
