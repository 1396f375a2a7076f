"""The datasets of one run, with ARTIQ's rules and one more: no surprise at the end.

A value that could not be stored is refused when it is set, and names its key.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import h5py
from sipyco import pyon
from sipyco.sync_struct import Notifier

from ccqed_ctrl.errors import SchemaError

from . import hdf5
from .dataset_db import DatasetDB

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Groups:
    """Everything a result file holds of the datasets."""

    local: dict[str, Any]
    archive: dict[str, Any]
    metadata: dict[str, dict[str, Any]]

    def write(self, file: h5py.Group) -> list[str]:
        """Write the two groups; return a sentence for each dataset that cannot be."""
        groups = {"datasets": self.local, "archive": self.archive}
        return [
            refusal
            for name, values in groups.items()
            for refusal in hdf5.write_all(
                file.create_group(name), values, self.metadata
            )
        ]


class DatasetManager:
    """What `set_dataset` and its kin reach.

    `local` values go to the group `datasets` of the result file, those read from
    earlier runs to `archive`. Each function in `watchers` is called with the key of
    every dataset that was set or changed. What is broadcast goes to `ddb` as ARTIQ's
    manager sends it, so that a laboratory's tests may put their own in its place.
    """

    def __init__(self, ddb: DatasetDB) -> None:
        self.db = ddb
        self._broadcast = Notifier({})
        self._broadcast.publish = ddb.update
        self.local: dict[str, Any] = {}
        self.archive: dict[str, Any] = {}
        self.metadata: dict[str, dict[str, Any]] = {}
        self.watchers: list[Callable[[str], None]] = []

    def set(
        self,
        key: str,
        value: Any,
        metadata: dict[str, Any],
        broadcast: bool,
        persist: bool,
        archive: bool,
    ) -> None:
        """Store a value.

        Raises
        ------
        SchemaError
            The value can be neither archived (HDF5) nor broadcast (PYON) as asked.
        """
        broadcast = broadcast or persist
        if archive:
            hdf5.check(key, value, metadata)
        else:
            hdf5.check_name(key, metadata)
        if broadcast:
            _check_pyon(key, value)
        if not (broadcast or archive):
            logger.warning("dataset %r is neither broadcast nor archived: lost", key)
        if broadcast:
            self._broadcast[key] = persist, value, metadata
        elif key in self._broadcast.raw_view:
            del self._broadcast[key]
        if archive:
            self.local[key] = value
        else:
            self.local.pop(key, None)
        self.metadata[key] = metadata
        self._changed(key)

    def mutate(self, key: str, index: Any, value: Any) -> None:
        """Set `dataset[index]`; a tuple is a slice, a tuple of tuples several.

        Raises
        ------
        KeyError
            This run has not set the dataset.
        SchemaError
            The value does not fit into the dataset.
        """
        if isinstance(index, tuple):
            if isinstance(index[0], tuple):
                index = tuple(slice(*part) for part in index)
            else:
                index = slice(*index)
        found, target = self._target(key)
        if isinstance(found, list) and not isinstance(index, slice):
            self._check_item(key, found, value)
        try:
            target[index] = copy.deepcopy(value)
        except (AttributeError, TypeError, ValueError) as error:
            message = f"dataset {key!r} cannot take {value!r}: {error}"
            raise SchemaError(message) from error
        self._changed(key)

    def append_to(self, key: str, value: Any) -> None:
        """Append to a dataset that is a list.

        Raises
        ------
        KeyError
            This run has not set the dataset.
        SchemaError
            It is not a list, or the value does not fit to what it holds.
        """
        found, target = self._target(key)
        if not isinstance(found, list):
            kind = type(found).__name__
            message = f"dataset {key!r} must be a list to append to; is {kind}"
            raise SchemaError(message)
        self._check_item(key, found, value)
        target.append(copy.deepcopy(value))
        self._changed(key)

    def get(self, key: str, archive: bool = False) -> Any:
        """Return this run's value, else the stored one; `archive` keeps a copy of it.

        Raises
        ------
        KeyError
            There is no such dataset.
        """
        if key in self.local:
            return self.local[key]
        value = self.db.get(key)
        if archive:
            if key in self.archive:
                logger.warning("dataset %r is archived a second time", key)
            self.archive[key] = value
        return value

    def get_metadata(self, key: str) -> dict[str, Any]:
        """Return unit, scale and precision; KeyError where there is no dataset."""
        if key in self.metadata:
            return self.metadata[key]
        return self.db.get_metadata(key)

    @property
    def groups(self) -> Groups:
        """All that the result file will hold."""
        return Groups(self.local, self.archive, self.metadata)

    def flush(self) -> None:
        """Store what is to persist; raise ResultsError if that fails."""
        self.db.save()

    def write_hdf5(self, f: h5py.Group) -> None:
        """Write the groups `datasets` and `archive` into an open file.

        Raises
        ------
        SchemaError
            Something cannot be stored; everything else has been.
        """
        refused = self.groups.write(f)
        if refused:
            raise SchemaError("; ".join(refused))

    def _target(self, key: str) -> tuple[Any, Any]:
        """Return a value, and what changes it: for a broadcast one its notifier."""
        if key in self._broadcast.raw_view:
            return self._broadcast.raw_view[key][1], self._broadcast[key][1]
        if key not in self.local:
            raise KeyError(f"cannot change dataset {key!r}: this run has not set it")
        return self.local[key], self.local[key]

    def _check_item(self, key: str, target: list[Any], value: Any) -> None:
        if key in self.local:
            hdf5.check(key, [*target[:1], value], {})
        if key in self._broadcast.raw_view:
            _check_pyon(key, value)

    def _changed(self, key: str) -> None:
        for watcher in self.watchers:
            watcher(key)


def _check_pyon(key: str, value: Any) -> None:
    try:
        pyon.encode(value)
    except (TypeError, ValueError) as error:
        raise SchemaError(f"dataset {key!r} cannot be broadcast: {error}") from error
