"""The store of a campaign: one SQLite file, a row per task, written when it is done.

SQLite's write-ahead log makes each row atomic: a client killed at any instant leaves
all finished tasks and a sound file. (A power cut may cost the last rows.) Keep it on
a local disk: several programs may read while one runs.
"""

from __future__ import annotations

import io
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ccqed_ctrl.errors import ResultsError

from .study import Study, Task, Values
from .work import Outcome

#: Raised with every incompatible change of the table.
REVISION = 1
#: Where a zip file without a comment, as ours are, tells how many members it has.
_MEMBERS = slice(-12, -10)
#: Seconds to wait for another program that writes.
PATIENCE = 60.0

_TABLE = """CREATE TABLE IF NOT EXISTS tasks (
    study TEXT, generation TEXT, key TEXT, point TEXT, seed INTEGER,
    error TEXT, trace TEXT, seconds REAL, finished REAL, result BLOB,
    PRIMARY KEY (study, generation, key)) WITHOUT ROWID"""
_ADD = """INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET error = excluded.error, trace = excluded.trace,
    seconds = excluded.seconds, finished = excluded.finished, result = excluded.result
    WHERE result IS NULL"""
_FORGET = """UPDATE tasks SET error = ?, result = NULL
    WHERE study = ? AND generation = ? AND key = ?"""
_OUTCOMES = """SELECT key, error, trace, seconds, result FROM tasks
    WHERE study = ? AND generation = ?"""
_FORMER = """SELECT COUNT(*) FROM tasks
    WHERE study = ? AND generation != ? AND result IS NOT NULL"""


class Store:
    """An open store; use `open_store`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    def add(self, study: Study, outcome: Outcome) -> None:
        """Store one outcome for good; a failure never replaces a result."""
        task, values = outcome.task, outcome.values
        row = (
            study.name, study.generation, task.key, json.dumps(dict(task.point)),
            task.seed, outcome.error, outcome.trace, outcome.seconds, time.time(),
            None if values is None else pack(values),
        )  # fmt: skip
        with self._reporting(), self._connection:
            self._connection.execute(_ADD, row)

    def outcomes(self, study: Study) -> dict[str, Outcome]:
        """Return all that is known of a study's tasks, by key, in the study's order.

        A row that cannot be read, or whose values have other names than those of most
        tasks, is no result: its outcome is a failure that says so.
        """
        with self._reporting():
            rows = self._connection.execute(_OUTCOMES, (study.name, study.generation))
            found = {row[0]: row[1:] for row in rows}
        read = {
            task.key: _outcome(task, *found[task.key])
            for task in study.tasks()
            if task.key in found
        }
        names = usual_names(read.values())
        return {key: expecting(outcome, names) for key, outcome in read.items()}

    def forget(self, study: Study, outcomes: Iterable[Outcome]) -> list[Outcome]:
        """Give up the results of tasks that failed after all; return those that had."""
        identity = study.name, study.generation
        lost = [outcome for outcome in outcomes if outcome.values is None]
        with self._reporting(), self._connection:
            rows = self._connection.execute(_OUTCOMES, identity)
            had = {row[0] for row in rows if row[-1] is not None}
            lost = [outcome for outcome in lost if outcome.task.key in had]
            for outcome in lost:
                change = (outcome.error, *identity, outcome.task.key)
                self._connection.execute(_FORGET, change)
        return lost

    def former(self, study: Study) -> int:
        """Return how many finished tasks other versions or code of a study left."""
        with self._reporting():
            cursor = self._connection.execute(_FORMER, (study.name, study.generation))
            return int(cursor.fetchone()[0])

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise ResultsError(f"store {str(self.path)!r}: {error}") from error


@contextmanager
def open_store(path: Path | str) -> Iterator[Store]:
    """Open a campaign's store; it is made if there is none.

    Raises
    ------
    ResultsError
        It cannot be made or read, is no store, or is of a newer revision.
    """
    path = Path(path)
    connection = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=PATIENCE)
        _prepare(connection, path)
        yield Store(connection, path)
    except (sqlite3.Error, OSError) as error:
        if isinstance(error, ResultsError):
            raise
        raise ResultsError(f"no campaign store at {str(path)!r}: {error}") from error
    finally:
        if connection is not None:
            connection.close()


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    (revision,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    if revision > REVISION or (tables and revision == 0):
        what = f"of revision {revision}" if revision else "another program's"
        raise ResultsError(f"store {str(path)!r} is {what}; this version reads its own")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    with connection:
        connection.execute(_TABLE)
        connection.execute(f"PRAGMA user_version = {REVISION}")


def pack(values: Mapping[str, Any]) -> bytes:
    """Return arrays by name as the bytes of an .npz file."""
    file = io.BytesIO()
    np.savez(file, **{f"_{name}": value for name, value in values.items()})
    return file.getvalue()


def unpack(content: bytes) -> Values:
    """Return the arrays of `pack`.

    Raises
    ------
    ResultsError
        They are damaged.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            # Before any array is made, whose size a damaged header would tell.
            if broken := stored.zip.testzip():
                raise ResultsError(f"checksum of {broken}")
            # A damaged entry of the directory can swallow the next one unnoticed.
            told = int.from_bytes(content[_MEMBERS], "little")
            if told != len(stored.files):
                raise ResultsError(f"{len(stored.files)} arrays of {told}")
            return {name[1:]: stored[name] for name in stored.files}
    except Exception as error:  # readers raise anything at damaged bytes
        raise ResultsError(f"damaged: {error}") from error


def usual_names(outcomes: Iterable[Outcome]) -> frozenset[str]:
    """Return the names of the values of most tasks; none if there are no results."""
    found = Counter(frozenset(o.values) for o in outcomes if o.values is not None)
    return found.most_common(1)[0][0] if found else frozenset()


def expecting(outcome: Outcome, names: frozenset[str]) -> Outcome:
    """Return an outcome, as a failure if its values do not have these names."""
    if outcome.values is None or not names or outcome.values.keys() == names:
        return outcome
    came, usual = (", ".join(sorted(each)) for each in (outcome.values, names))
    said = f"a study returns the same names everywhere; got {came}, others {usual}"
    return Outcome(outcome.task, None, outcome.seconds, f"ResultsError: {said}")


def _outcome(
    task: Task, error: str, trace: str, seconds: float, result: bytes | None
) -> Outcome:
    values = None
    if result is not None:
        try:
            values = unpack(result)
        except ResultsError as damage:
            error = f"ResultsError: the stored result is {damage}"
    return Outcome(task, values, seconds, error, trace)
