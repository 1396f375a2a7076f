"""Results of this package's experiments: strict about our schema, lazy about frames.

Datasets that are not in the schema are tolerated (`Record.foreign`), and files of
other experiments are opened by `results_file.open_file`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ccqed_ctrl.errors import SchemaError
from ccqed_ctrl.schema import REVISION, SCHEMA

from .header import Header, describe, read_header
from .results_file import ResultsFile, open_file


class Record:
    """One open results file of an experiment that follows our schema."""

    def __init__(self, file: ResultsFile) -> None:
        self.file = file
        self._axes: dict[str, tuple[int, str]] = {}
        revision = self.get("schema_revision")
        if revision > REVISION:
            raise SchemaError(
                f"{self.path.name} follows schema revision {revision}; this version "
                f"reads up to {REVISION}: update ccqed-ctrl"
            )

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self.file.path

    def has(self, key: str) -> bool:
        """Tell whether the file holds a dataset of the schema."""
        return self.file.find(f"datasets/{_known(key)}") is not None

    def get(self, key: str) -> Any:
        """Return a whole dataset (scalars as Python values, text as str).

        Raises
        ------
        SchemaError
            Not in the schema, not in the file, or not as the schema says.
        ResultsError
            Too large to be read whole, or damaged.
        """
        return self.file.read(key, self._dataset(key))

    def row(self, key: str, index: int) -> Any:
        """Return one shot's row without reading the others.

        Raises
        ------
        SchemaError
            As `get`, or no such row.
        ResultsError
            Damaged.
        """
        dataset = self._dataset(key)
        if SCHEMA[key].axes[:1] != ("S",) or not 0 <= index < len(dataset):
            message = f"{self.path.name}: {key} {dataset.shape} has no shot {index}"
            raise SchemaError(message)
        return self.file.read(key, dataset, index)

    @property
    def shots(self) -> int:
        """Number of complete shots."""
        return int(self.get("progress.done"))

    @cached_property
    def header(self) -> Header:
        """What the file says of its run."""
        return read_header(self.file)

    @property
    def title(self) -> str:
        """What the file calls itself: run id, backend, status."""
        return describe(self.header)

    @property
    def keys(self) -> list[str]:
        """The schema's keys that the file holds, in the schema's order."""
        return [key for key in SCHEMA if self.has(key)]

    @property
    def foreign(self) -> dict[str, h5py.Dataset]:
        """Datasets that are not in the schema, by key."""
        found = self.file.datasets()
        return {key: found[key] for key in found if key not in SCHEMA}

    def _dataset(self, key: str) -> h5py.Dataset:
        found = self.file.find(f"datasets/{_known(key)}")
        if found is None:
            raise SchemaError(
                f"{self.path.name} has no dataset {key!r}: it is not one of this "
                "package's experiments, or the run ended before it was written"
            )
        with self.file.guard(key):
            self._check(key, found)
        return found

    def _check(self, key: str, dataset: h5py.Dataset) -> None:
        """Refuse a dataset whose type or axes are not the schema's."""
        entry, shape = SCHEMA[key], dataset.shape
        if shape is None or len(shape) != len(entry.axes):
            raise SchemaError(
                f"{self.path.name}: {key} has axes {entry.axes}; its shape is {shape}"
            )
        if not _fits(dataset, entry.dtype):
            raise SchemaError(f"{self.path.name}: {key} is not {entry.dtype}")
        for axis, size in zip(entry.axes, shape, strict=True):
            known = (int(axis), "the schema") if axis.isdigit() else (size, key)
            wanted, where = self._axes.setdefault(axis, known)
            if size != wanted:
                raise SchemaError(
                    f"{self.path.name}: {key} has {axis} = {size}, but {where} has "
                    f"{wanted}"
                )


def _known(key: str) -> str:
    if key not in SCHEMA:
        raise SchemaError(f"no dataset {key!r} in the schema")
    return key


def _fits(dataset: h5py.Dataset, dtype: str) -> bool:
    try:
        stored = dataset.dtype
    except TypeError:  # an HDF5 type that NumPy does not have
        return False
    if dtype == "str":
        return h5py.check_string_dtype(stored) is not None
    return bool(stored.kind in "iufc" and np.can_cast(stored, dtype, "same_kind"))


@contextmanager
def open_record(path: Path | str) -> Iterator[Record]:
    """Open a results file for reading.

    Raises
    ------
    ResultsError
        No such file, not a complete HDF5 file, or damaged.
    SchemaError
        Not one of ours, or of a newer revision.
    """
    with open_file(path) as file:
        yield Record(file)
