"""Reading results files: strict about our schema, lazy about large frames."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ccqed_ctrl.errors import ResultsError, SchemaError
from ccqed_ctrl.schema import REVISION, SCHEMA


class Record:
    """One open results file of an experiment that follows our schema."""

    def __init__(self, file: h5py.File, path: Path) -> None:
        self.path = path
        self._file = file
        revision = self.get("schema_revision")
        if revision > REVISION:
            raise SchemaError(
                f"{path.name} follows schema revision {revision}; this version reads "
                f"up to {REVISION}: update ccqed-ctrl"
            )

    def get(self, key: str) -> Any:
        """Return a whole dataset (scalars as Python values, text as str).

        Raises
        ------
        SchemaError
            Not in the schema, or not in the file.
        """
        value = self._dataset(key)[()]
        if isinstance(value, bytes):
            return value.decode()
        if isinstance(value, np.ndarray) and value.dtype == object:
            return [item.decode() for item in value]
        return value.item() if isinstance(value, np.generic) else value

    def row(self, key: str, index: int) -> Any:
        """Return one shot's row without reading the others."""
        return self._dataset(key)[index]

    @property
    def shots(self) -> int:
        """Number of complete shots."""
        return int(self.get("progress.done"))

    @property
    def title(self) -> str:
        """What the file calls itself: run id, backend, status."""
        rid = self._file["rid"][()] if "rid" in self._file else "?"
        status = ""
        group = self._file.get("ccqed")
        if isinstance(group, h5py.Group) and "status" in group:
            status = f", {group['status'][()].decode()}"
        return f"run {rid}, {self.get('backend')}{status}"

    def _dataset(self, key: str) -> h5py.Dataset:
        if key not in SCHEMA:
            raise SchemaError(f"no dataset {key!r} in the schema")
        found = self._file.get(f"datasets/{key}")
        if not isinstance(found, h5py.Dataset):
            raise SchemaError(
                f"{self.path.name} has no dataset {key!r}: it is not one of this "
                "package's experiments, or the run ended before it was written"
            )
        return found


@contextmanager
def open_record(path: Path | str) -> Iterator[Record]:
    """Open a results file for reading.

    Raises
    ------
    ResultsError
        No such file, or not a complete HDF5 file.
    SchemaError
        Not one of ours, or of a newer revision.
    """
    path = Path(path)
    try:
        file = h5py.File(path, "r")
    except FileNotFoundError as error:
        raise ResultsError(f"no results file {str(path)!r}") from error
    except OSError as error:
        raise ResultsError(
            f"{str(path)!r} is no readable HDF5 file: truncated, a folder, or something "
            "else"
        ) from error
    with file:
        yield Record(file, path)
