"""Datasets that are in a journal before they are anywhere else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

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

    def append(self, rows: Mapping[Entry, Any]) -> None:
        """Append one shot's row to each dataset, all or none of them."""
        checked = self._checked_rows(rows)
        (shot,) = {self._appended[entry.key] for entry in checked}
        self._journal.append(shot, {e.key: value for e, value in checked.items()})
        self._appended.update(entry.key for entry in checked)
        self._stored |= {e.key: e.along(SHOTS) for e in checked if e.raw}
        super().append({e.along(SHOTS): v for e, v in checked.items() if not e.raw})

    def get(self, key: str) -> Any:
        """Return a dataset of this run."""
        if not self.entry(key).raw:
            return super().get(key)
        return np.stack([self.row(key, shot) for shot in range(self._appended[key])])

    def row(self, key: str, index: int) -> Any:
        """Return row `index` of a dataset of this run."""
        if not self.entry(key).raw:
            return super().row(key, index)
        return self._journal.row(key, index)
