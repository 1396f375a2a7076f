"""Results for other programs: NetCDF, CSV with a line per shot, annotated HDF5."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import h5py

from ccqed_ctrl.errors import ParameterError, ResultsError
from ccqed_ctrl.hdf5_files import fold_in, new_hdf5
from ccqed_ctrl.records import SHOTS
from ccqed_ctrl.records.annotation import SETTINGS, describe

from .arrays import IMAGE
from .netcdf import write_netcdf
from .pairing import check_journal
from .run import Run


def write(run: Run, path: Path, images: bool = True) -> None:
    """Write a run in the format that the suffix names.

    Raises
    ------
    ParameterError
        None that is known.
    ResultsError
        The file cannot be written, or what writes it is not installed.
    """
    if path.suffix not in WRITERS:
        known = ", ".join(WRITERS)
        raise ParameterError(f"the output must end in {known}; got {path.name!r}")
    WRITERS[path.suffix](run, path, images)


def write_csv(run: Run, path: Path, images: bool = True) -> None:  # noqa: ARG001
    """Write what has one number per shot, or one per shot and named place.

    A line per shot: the settings that were scanned come first.
    """
    columns = dict(_columns(run))
    with (
        replacing(path) as partial,
        partial.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(["shot", *columns])
        for index in range(run.shots):
            writer.writerow([index, *(column[index] for column in columns.values())])


def write_hdf5(run: Run, path: Path, images: bool = True) -> None:
    """Write the same file, with axes, units and meanings as its attributes."""
    with run.file.guard("datasets"), new_hdf5(path, run.path) as file:
        group = file["datasets"]
        if not images:
            for key in run.keys:
                if run.entry(key).axes[-2:] == IMAGE and run.stored_name(key) in group:
                    del group[run.stored_name(key)]
        elif run.journal is not None:
            check_journal(run.file)
            fold_in(run.journal, group)
        _vouch(file, run.header.backend)
        stored = [replace(e, key=run.stored_name(k)) for k, e in run.entries.items()]
        describe(file["datasets"], stored)


def _vouch(file: h5py.File, backend: str) -> None:
    """Say what the run was, without the journal that says it."""
    about = file.require_group("ccqed")
    about.pop("backend", None)
    about["backend"] = backend


def _columns(run: Run) -> Iterator[tuple[str, Any]]:
    scanned = [f"{SETTINGS}{name}" for name in run.scanned]
    for name, key in sorted(
        run.attributes.items(), key=lambda item: item[1] not in scanned
    ):
        declared = key in run.entries and run.has(key)
        axes = run.entry(key).axes if declared else ()
        if key in scanned:
            yield name, run.per_shot(key)
        elif axes == (SHOTS,):
            yield name, run.get(key)
        elif axes[:1] == (SHOTS,) and len(axes) == 2:
            for index, label in enumerate(run.labels(axes[1]) or ()):
                yield f"{name}[{label}]", run.get(key)[:, index]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path to write to, that replaces `path` when all went well."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        if isinstance(error, ResultsError):
            raise
        raise ResultsError(f"cannot write {str(path)!r}: {error}") from error
    finally:
        partial.unlink(missing_ok=True)


#: What writes the file of each suffix.
WRITERS: Final[Mapping[str, Callable[[Run, Path, bool], None]]] = {
    ".nc": write_netcdf,
    ".csv": write_csv,
    ".h5": write_hdf5,
}
