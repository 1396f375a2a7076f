"""Datasets that are in a journal before they are anywhere else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import SchemaError
from ..journal import Journal
from .declaration import SHOTS, Entry
from .writing import DatasetOwner, DatasetWriter


class JournalWriter(DatasetWriter):
    """A writer whose values are synced to disk before they are datasets.

    What is declared raw is in the journal alone: datasets are kept in memory until the
    run ends, and frames would fill it.
    """

    def __init__(self, owner: DatasetOwner, journal: Journal) -> None:
        super().__init__(owner)
        self._journal = journal
        self._finished = False
        self._appended: Counter[str] = Counter()
        self._kept: set[str] = set()

    def store(self, values: Mapping[Entry, Any], broadcast: bool = False) -> None:
        """Set datasets, see `DatasetWriter`."""
        checked = self._checked(values)
        if not self._finished:
            self._journal.store({entry.key: value for entry, value in checked.items()})
        super().store(checked, broadcast)

    def finish(self) -> None:
        """Close the journal: what is stored from now on was not measured."""
        self._finished = True
        self._journal.close()

    def keep(self, rows: Mapping[Entry, Any]) -> None:
        """Put what was taken in the journal, in place of what was kept before.

        It becomes a row only with the next `append`, which has to contain it.
        """
        checked = self._checked_rows(rows)
        self._journal.append(self._shot(checked), _by_key(checked), anew=True)
        self._kept = {entry.key for entry in checked}

    def append(self, rows: Mapping[Entry, Any]) -> None:
        """Append one shot's row to each dataset, all or none of them."""
        checked = self._checked_rows(rows)
        fresh = {e: value for e, value in checked.items() if e.key not in self._kept}
        self._journal.append(self._shot(checked), _by_key(fresh))
        self._kept = set()
        self._appended.update(entry.key for entry in checked)
        self._stored |= {e.key: e.along(SHOTS) for e in checked if e.raw}
        super().append({e.along(SHOTS): v for e, v in checked.items() if not e.raw})

    def _shot(self, rows: Mapping[Entry, Any]) -> int:
        (shot,) = {self._appended[entry.key] for entry in rows}
        return shot

    def get(self, key: str) -> Any:
        """Return a dataset of this run; raw ones until it is finished."""
        if not self._is_raw(key):
            return super().get(key)
        return np.stack([self.row(key, shot) for shot in range(self._appended[key])])

    def row(self, key: str, index: int) -> Any:
        """Return row `index` of a dataset; raw ones until it is finished."""
        if not self._is_raw(key):
            return super().row(key, index)
        return self._journal.row(key, index)

    def _is_raw(self, key: str) -> bool:
        """Whether a dataset is in the journal alone.

        Raises
        ------
        SchemaError
            It is, and the journal is closed.
        """
        raw = self.entry(key).raw
        if raw and self._finished:
            raise SchemaError(
                f"{key} is raw: in a journal that is closed when the run is summed up; "
                "store what the summary needs of it as a row of each shot"
            )
        return raw


def _by_key(rows: Mapping[Entry, Any]) -> dict[str, Any]:
    return {entry.key: value for entry, value in rows.items()}
