"""Values as they are measured: appended and synced, before anything is made of them.

A journal is one SQLite file: every append is a transaction, so that after a kill, a
full disk or a power cut it is there whole or not at all, and what stands is never
rewritten. It holds values by key (arrays, numbers, texts): `whole` ones, and rows, one
of each key for a shot. Nothing in it is evaluated: dtype, shape and bytes.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np

from .errors import ResultsError, StorageError
from .storage import spare, unused

logger = logging.getLogger(__name__)

#: Prefix of the datasets that name a journal: name, folder, sha256.
JOURNAL: Final = "journal"
#: Prefix of whole values that are no datasets: rid, start_time, expid.
ROOT: Final = "root"
#: What a journal's file is called, after the run's name.
SUFFIX: Final = ".journal"
#: Bytes of one value; SQLite's own limit is 1 GB, and it copies what it reads.
LARGEST: Final = 2**29
# A table with row numbers keeps values of up to 4 kB in its own pages; one without, up
# to 1 kB, and each larger one has a page to itself.
_TABLES: Final = """
PRAGMA application_id = 1665231204;
CREATE TABLE whole (key TEXT PRIMARY KEY, dtype TEXT, shape TEXT, data BLOB);
CREATE TABLE row (shot INTEGER, key TEXT, dtype TEXT, shape TEXT, data BLOB,
                  PRIMARY KEY (shot, key));
"""
_APPLICATION: Final = 1665231204
#: In place where it can: a status fits on a full disk, too (with PERSIST, below).
_UPSERT: Final = """
INSERT INTO whole VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE
SET dtype = excluded.dtype, shape = excluded.shape, data = excluded.data
"""
#: Bytes of a stored value beside its data: key, type, shape.
_HEADER: Final = 2**20


class Journal:
    """An open journal; a context manager that closes it."""

    def __init__(
        self, path: Path, database: sqlite3.Connection, writing: bool = False
    ) -> None:
        self.path = path
        self._database = database
        self._writing = writing
        self._inode = path.stat().st_ino

    @classmethod
    def create(cls, path: Path) -> Self:
        """Begin a journal.

        Raises
        ------
        StorageError
            The file is there already, or cannot be made.
        """
        if path.exists():
            raise StorageError(f"{path} is there already: another run's journal")
        with _storing(path):
            database = sqlite3.connect(path, isolation_level=None)
            try:
                # One writer, who keeps the lock; a transaction that ends is on disk.
                # PERSIST keeps the room that rolling back takes.
                database.executescript(
                    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = PERSIST; "
                    "PRAGMA synchronous = FULL;" + _TABLES
                )
            except sqlite3.Error:
                database.close()
                discard(path)
                raise
            return cls(path, database, writing=True)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a journal to read it; what a kill left half done is undone.

        Raises
        ------
        ResultsError
            There is none, it is damaged, or its run is still going on.
        """
        if not path.is_file():
            raise ResultsError(f"no journal {str(path)!r}")
        with _reading(path):
            database = sqlite3.connect(path, isolation_level=None, timeout=0.1)
            (found,) = database.execute("PRAGMA application_id").fetchone()
            # What only looks like a table could be read without an end.
            views = "SELECT count(*) FROM sqlite_schema WHERE type = 'view'"
            if found != _APPLICATION or database.execute(views).fetchone() != (0,):
                raise ResultsError(f"{str(path)!r} is no journal")
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST + _HEADER)
        return cls(path, database)

    def store(self, values: Mapping[str, Any]) -> None:
        """Store whole values, in place of earlier ones of the same key: all or none.

        Raises
        ------
        StorageError
            They could not be written, here or in the second folder.
        """
        self._write(
            _UPSERT,
            [(key, *_encoded(key, value)) for key, value in values.items()],
        )

    def append(self, shot: int, row: Mapping[str, Any], *, anew: bool = False) -> None:
        """Add values of a shot, all or none; `anew`: in place of those it has.

        Raises
        ------
        StorageError
            They could not be written, here or in the second folder, or the shot has one
            of that key.
        """
        self._write(
            f"INSERT {'OR REPLACE ' if anew else ''}INTO row VALUES (?, ?, ?, ?, ?)",
            [(shot, key, *_encoded(key, value)) for key, value in row.items()],
        )

    @property
    def keys(self) -> list[str]:
        """Keys of the whole values."""
        return self._column("SELECT key FROM whole ORDER BY rowid")

    @property
    def row_keys(self) -> list[str]:
        """Keys of the rows, those of the first shot that has them first."""
        return self._column("SELECT key FROM row GROUP BY key ORDER BY min(shot), key")

    def shots(self, key: str) -> int:
        """Return how many shots, from the first on, have a value of a key."""
        query = "SELECT count(*) FROM row WHERE key = ?"
        with _reading(self.path):
            (found,) = self._database.execute(query, (key,)).fetchone()
        return int(found)

    def get(self, key: str) -> Any:
        """Return a whole value.

        Raises
        ------
        ResultsError
            There is none, or it is damaged.
        """
        return self._value("SELECT dtype, shape, data FROM whole WHERE key = ?", (key,))

    def row(self, key: str, shot: int) -> Any:
        """Return a shot's value.

        Raises
        ------
        ResultsError
            There is none, or it is damaged.
        """
        query = "SELECT dtype, shape, data FROM row WHERE key = ? AND shot = ?"
        return self._value(query, (key, shot))

    def close(self) -> None:
        """Close the file.

        Raises
        ------
        StorageError
            It was being written, and has been removed.
        """
        writing, self._writing = self._writing, False
        try:
            if writing:
                self._settle()
                with suppress(sqlite3.Error):  # SQLite's own file beside it goes
                    self._database.execute("PRAGMA journal_mode = DELETE")
        finally:
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _write(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        """Make one transaction; what the disk does not take, the second folder may."""
        with _storing(self.path):
            try:
                self._check_place()
                self._commit(statement, rows)
            except (OSError, sqlite3.OperationalError) as error:
                self._move(error)
                self._commit(statement, rows)

    def _commit(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.executemany(statement, rows)
            self._database.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # SQLite may have done it already
                self._database.execute("ROLLBACK")
            raise

    def _settle(self) -> None:
        """Make sure that what was written last is where it is said to be."""
        with _storing(self.path):
            try:
                self._check_place()
            except OSError as error:
                self._move(error)

    def _check_place(self) -> None:
        """Refuse to write into a file that has been removed, as POSIX would allow."""
        if not (self.path.exists() and self.path.stat().st_ino == self._inode):
            raise FileNotFoundError("it has been removed while its run went on")

    def _move(self, error: Exception) -> None:
        """Go on in the second folder, with all there is.

        Without one, a journal that was removed is made again before `error` is raised.
        """
        left = self.path
        with suppress(StorageError):  # of a second folder that is no better
            folder = spare()
            if folder is not None:
                self._copy_to(folder)
                logger.error(
                    "%s cannot be written (%s); the run goes on in %s, which has all "
                    "that was in it", left, error, self.path,
                )  # fmt: skip
                with suppress(OSError):
                    discard(left)
                return
        if isinstance(error, FileNotFoundError):
            self._copy_to(left.parent)
            raise StorageError(
                f"{left} has been removed while its run went on; all that was in it is "
                f"in {self.path} again"
            ) from error
        raise error

    def _copy_to(self, folder: Path) -> None:
        """Go on in a copy in another folder."""
        with _storing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            other = Journal.create(unused(folder, self.path.stem, SUFFIX))
            try:
                self._database.backup(other._database)
            except sqlite3.Error:
                other._database.close()
                discard(other.path)
                raise
            self._database.close()
        self.path, self._database = other.path, other._database
        self._inode = other._inode

    def _column(self, query: str) -> list[str]:
        with _reading(self.path):
            return [str(key) for (key,) in self._database.execute(query)]

    def _value(self, query: str, place: tuple[Any, ...]) -> Any:
        with _reading(self.path):
            found = self._database.execute(query, place).fetchone()
            if found is None:
                raise ResultsError(f"{self.path.name} has no {place[0]!r}")
            return _decoded(*found)


def begin(folder: Path, name: str) -> Journal:
    """Begin the journal of a run, in the second folder if the first takes none.

    A number goes after a name that is taken.

    Raises
    ------
    StorageError
        The file cannot be made.
    """
    try:
        return Journal.create(unused(folder, name, SUFFIX))
    except StorageError as error:
        second = spare()
        if second is None:
            raise
        logger.error("%s; the run is kept in %s", error, second)
        return Journal.create(unused(second, name, SUFFIX))


def discard(path: Path) -> None:
    """Remove a journal, and what a killed SQLite left beside it."""
    path.with_name(f"{path.name}-journal").unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _encoded(key: str, value: Any) -> tuple[str, str, bytes]:
    if _is_text(value):
        return "text", "", json.dumps(value).encode()
    array = np.asarray(value)
    if array.dtype.kind not in "biufc" or array.nbytes > LARGEST:
        raise StorageError(
            f"{key} cannot be stored: {array.dtype}, {array.nbytes} bytes; numbers up "
            f"to {LARGEST} bytes can"
        )
    return array.dtype.str, json.dumps(array.shape), array.tobytes()


def _is_text(value: Any) -> bool:
    """Tell whether a value is text, or lists of texts, however deep."""
    if isinstance(value, list | tuple):
        return all(_is_text(item) for item in value)
    return isinstance(value, str)


def _decoded(dtype: str, shape: str, data: bytes) -> Any:
    if dtype == "text":
        return json.loads(data)
    kind, sizes = np.dtype(dtype), tuple(int(size) for size in json.loads(shape))
    if kind.kind not in "biufc" or math.prod(sizes) * kind.itemsize != len(data):
        raise ValueError(f"{len(data)} bytes are no {dtype} of shape {sizes}")
    array = np.frombuffer(data, kind).reshape(sizes)
    return array if sizes else array[()]


@contextmanager
def _storing(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StorageError(f"{path} cannot be written: {error}") from error


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        locked = "locked" in str(error)
        reason = "its run is still going on" if locked else str(error)
        raise ResultsError(f"{path} cannot be read: {reason}") from error
    except (sqlite3.Error, ValueError, TypeError, RecursionError) as error:
        raise ResultsError(f"{path} is damaged: {error}") from error
