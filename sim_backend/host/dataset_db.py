"""The datasets that outlive a run: PYON text in one SQLite file."""

from __future__ import annotations

import copy
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sipyco import pyon
from sipyco.sync_struct import process_mod

from ccqed_ctrl.errors import ResultsError

logger = logging.getLogger(__name__)

#: How long to wait for another process that writes, s: results wait as long.
_PATIENCE = 5.0
_TABLE = "CREATE TABLE IF NOT EXISTS datasets (key TEXT PRIMARY KEY, pyon TEXT)"


class DatasetDB:
    """Broadcast datasets: this run's, in memory, over the stored ones of earlier runs.

    Several processes may use one file; what is stored is (value, metadata) in PYON.
    `autosave_period` is ARTIQ's; only `save` writes here.
    """

    def __init__(
        self,
        persist_file: Path | str,
        autosave_period: float = 30,  # noqa: ARG002
    ) -> None:
        self.path = Path(persist_file)
        #: key -> (persist, value, metadata): what this run has broadcast.
        self.live: dict[str, tuple[bool, Any, dict[str, Any]]] = {}
        self._pending: set[str] = set()
        self._stored("")  # refuse a file of another kind before the run starts

    def get(self, key: str) -> Any:
        """Return a copy of a value; raise KeyError where there is none."""
        return copy.deepcopy(self._entry(key)[0])

    def get_metadata(self, key: str) -> dict[str, Any]:
        """Return unit, scale and precision; KeyError where there is no dataset."""
        return dict(self._entry(key)[1])

    def update(self, mod: dict[str, Any]) -> None:
        """Follow a change of what is broadcast, as `sipyco.sync_struct` describes it.

        What the change holds is copied, as on its way to ARTIQ's master.
        """
        process_mod(self.live, copy.deepcopy(mod))
        self._pending.add(mod["path"][0] if mod["path"] else mod["key"])

    def save(self) -> None:
        """Write what has changed since the last time.

        Raises
        ------
        ResultsError
            The file does not take what is to persist.
        """
        pending, self._pending = self._pending, set()
        kept = [key for key in pending if self.live.get(key, (False,))[0]]
        if not (kept or self.path.exists()):
            return
        try:
            self._write(kept, pending - set(kept))
        except ResultsError as error:
            if kept:
                raise
            logger.warning("%s; nothing of this run was to persist", error)

    def _write(self, kept: list[str], forgotten: set[str]) -> None:
        with self._connection() as connection, connection:
            connection.execute(_TABLE)
            for key in forgotten:
                connection.execute("DELETE FROM datasets WHERE key = ?", (key,))
            for key in kept:
                row = (key, pyon.encode(self.live[key][1:]))
                connection.execute("INSERT OR REPLACE INTO datasets VALUES (?, ?)", row)

    def _entry(self, key: str) -> tuple[Any, dict[str, Any]]:
        if key in self.live:
            return self.live[key][1:]
        stored = None if key in self._pending else self._stored(key)
        if stored is None:
            raise KeyError(key)
        return stored

    def _stored(self, key: str) -> tuple[Any, dict[str, Any]] | None:
        if not self.path.exists():
            return None
        with self._connection() as connection:
            connection.execute(_TABLE)
            query = "SELECT pyon FROM datasets WHERE key = ?"
            row = connection.execute(query, (key,)).fetchone()
        return None if row is None else pyon.decode(row[0])

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=_PATIENCE)) as connection:
                yield connection
        except sqlite3.Error as error:
            reason = (
                "another process keeps it locked"
                if "locked" in str(error)
                else f"{error} (a file of artiq_master is of another kind)"
            )
            raise ResultsError(
                f"{self.path} cannot be used as dataset database: {reason}"
            ) from error
