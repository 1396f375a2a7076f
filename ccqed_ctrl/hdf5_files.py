"""HDF5 files that are whole and on disk, or not there at all."""

from __future__ import annotations

import io
import logging
import os
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .errors import StorageError
from .journal import JOURNAL, Journal

logger = logging.getLogger(__name__)


class _Steady(io.FileIO):
    """A file for HDF5, which crashes where a disk fails: it is never told.

    error: the first failure; nothing is written after it, and what HDF5 reads of that
    again is zeros, which it knows for nothing.
    """

    error: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all of it."""
        self._attempt(lambda: self._write_all(memoryview(data)))
        return len(data)

    def readinto(self, buffer: Any) -> int:
        """Read, zeros where the file ends."""
        view = memoryview(buffer).cast("B")
        read = super().readinto(view)
        view[read:] = bytes(len(view) - read)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Cut or lengthen the file."""
        self._attempt(lambda: super(_Steady, self).truncate(size))
        return self.tell() if size is None else size

    def _write_all(self, rest: memoryview) -> None:
        while rest:
            rest = rest[super().write(rest) :]

    def _attempt(self, change: Callable[[], Any]) -> None:
        if self.error is not None:
            return
        try:
            change()
        except OSError as error:
            self.error = error


@contextmanager
def new_hdf5(path: Path, start: Path | None = None) -> Iterator[h5py.File]:
    """Give a file to fill; what was at `path` is replaced when all of it is on disk.

    Parameters
    ----------
    start : Path, optional
        A file that it is a copy of at first; default: it is empty.

    Raises
    ------
    StorageError
        The disk does not take it; nothing is left of it.
    """
    partial = path.with_name(f".{path.name}.{_owner()}.partial")
    try:
        with _Steady(partial, "w+") as steady:
            try:
                if start is not None:
                    with start.open("rb") as source:
                        shutil.copyfileobj(source, steady)
                    if steady.error is not None:
                        raise steady.error
                with h5py.File(steady, "r+" if start else "w") as file:
                    yield file
            finally:
                if steady.error is not None:
                    raise steady.error
            os.fsync(steady.fileno())
        partial.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        if error.errno is None:  # one of ours, or of HDF5: no disk's
            raise
        raise StorageError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def fold(journal: Journal, group: h5py.Group) -> None:
    """Write rows that a group of an HDF5 file lacks into it, a shot at a time.

    Parameters
    ----------
    group : h5py.Group
        Its datasets' keys are those of the rows.
    """
    for key in journal.row_keys:
        if key in group:
            continue
        shots = journal.shots(key)
        value = journal.row(key, 0)
        if isinstance(value, str):
            group[key] = [journal.row(key, shot) for shot in range(shots)]
            continue
        first = np.asarray(value)
        shape = (shots, *first.shape)
        target = group.create_dataset(
            key, shape, first.dtype, chunks=(1, *first.shape) if first.shape else None
        )
        for shot in range(shots):
            target[shot] = journal.row(key, shot)


def fold_in(journal: Journal, group: h5py.Group) -> None:
    """Fold a journal into the datasets that name it, which then no longer do."""
    fold(journal, group)
    for key in [key for key in group if key.startswith(f"{JOURNAL}.")]:
        del group[key]


def sweep(root: Path) -> None:
    """Remove what killed processes were writing in a results folder's hours."""
    for path in root.glob("*/*/.*.partial"):
        if not _is_written(path):
            with suppress(OSError):
                path.unlink()
                logger.warning("removed %s, which a killed process left", path)


def _owner() -> str:
    return f"{socket.gethostname()}.{os.getpid()}"


def _is_written(partial: Path) -> bool:
    """Tell whether who writes a file may be alive, as those of other machines may."""
    found = re.fullmatch(r"\..+\.h5\.(.+)\.(\d+)\.partial", partial.name)
    if found is None:
        return False
    host, process = found.groups()
    if host != socket.gethostname():
        return True
    if os.name != "posix":
        return False  # a file in use cannot be removed there
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def _sync_folder(folder: Path) -> None:
    """Bring the names of a folder's files to disk."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
