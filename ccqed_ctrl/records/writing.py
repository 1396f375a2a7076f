"""Datasets of a run through ARTIQ: planned ones once, rows as shots are finished."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from ..errors import SchemaError
from ..units import SCALES
from .declaration import POINTS, SHOTS, Entry

#: Bytes that a text of a shot takes, about.
_TEXT = 32


class DatasetOwner(Protocol):
    """An experiment, as far as datasets are concerned: ARTIQ's signatures."""

    def set_dataset(self, key: str, value: Any, **options: Any) -> None:
        """Set a dataset."""

    def append_to_dataset(self, key: str, value: Any) -> None:
        """Append to a dataset that is a list."""

    def get_dataset(self, key: str, default: Any, archive: bool = True) -> Any:
        """Return a dataset."""


class Writer(Protocol):
    """Where a run's datasets go."""

    def store(self, values: Mapping[Entry, Any]) -> None:
        """Store whole datasets."""

    def append(self, rows: Mapping[Entry, Any]) -> None:
        """Add one shot's part to growing datasets, all or none of them."""


class DatasetWriter:
    """The writer of ARTIQ's datasets; it can be read back as a record's source.

    Nothing is allocated ahead: a dataset of shots is a list that grows. sizes: of each
    axis, and the dataset that set it.
    """

    def __init__(self, owner: DatasetOwner) -> None:
        self._owner = owner
        self._stored: dict[str, Entry] = {}
        self.sizes: dict[str, int] = {}
        self._said: dict[str, str] = {}

    def store(self, values: Mapping[Entry, Any], broadcast: bool = False) -> None:
        """Set datasets with their units; `broadcast`: for who watches, too.

        Raises
        ------
        SchemaError
            A value of another type or shape than declared, or of an axis of another
            size than elsewhere. Nothing is set then.
        """
        for entry, value in self._checked(values).items():
            display = _display(entry)
            self._owner.set_dataset(entry.key, value, broadcast=broadcast, **display)
            self._stored[entry.key] = entry

    def append(self, rows: Mapping[Entry, Any]) -> None:
        """Append one shot's row to each dataset.

        Raises
        ------
        SchemaError
            As `store`; nothing is appended then.
        """
        for entry, value in self._checked_rows(rows).items():
            item = value if entry.dtype == "str" else np.asarray(value, entry.dtype)[()]
            if entry.key in self._stored:
                self._owner.append_to_dataset(entry.key, item)
            else:
                self._owner.set_dataset(entry.key, [item], **_display(entry))
                self._stored[entry.key] = entry.along(SHOTS)

    def _checked_rows(self, rows: Mapping[Entry, Any]) -> dict[Entry, Any]:
        """Return one shot's values in their types, the entries without its axis."""
        return self._checked({_of_shot(entry): row for entry, row in rows.items()})

    def show(self, values: Mapping[Entry, Any]) -> None:
        """Broadcast what is shown live; it is no part of the results."""
        for entry, value in self._checked(values).items():
            options = {"broadcast": True, "archive": False, **_display(entry)}
            self._owner.set_dataset(entry.key, value, **options)

    def has(self, key: str) -> bool:
        """Tell whether the run has stored a dataset."""
        return key in self._stored

    def entry(self, key: str) -> Entry:
        """Return how a dataset is stored."""
        if key not in self._stored:
            raise SchemaError(f"this run has stored no {key!r}")
        return self._stored[key]

    def get(self, key: str) -> Any:
        """Return a dataset of this run, growing ones as arrays (lists of text stay)."""
        self.entry(key)
        value = self._owner.get_dataset(key, None, archive=False)
        texts = isinstance(value, list) and value and isinstance(value[0], str)
        return np.asarray(value) if isinstance(value, list) and not texts else value

    def row(self, key: str, index: int) -> Any:
        """Return row `index` of a dataset of this run."""
        return self._owner.get_dataset(key, None, archive=False)[index]

    def _checked(self, values: Mapping[Entry, Any]) -> dict[Entry, Any]:
        """Return the values in their types; learn the sizes of axes only if all fit."""
        checked = {entry: entry.conform(value) for entry, value in values.items()}
        sizes, said = dict(self.sizes), dict(self._said)
        for entry, value in checked.items():
            for axis, size in zip(entry.axes, _shape(value), strict=False):
                if axis.isdigit() or axis == SHOTS:
                    continue
                wanted = sizes.setdefault(axis, size)
                where = said.setdefault(axis, entry.key)
                if size != wanted:
                    raise SchemaError(
                        f"{entry.key} has {axis} = {size}, but {where} has {wanted}"
                    )
        self.sizes, self._said = sizes, said
        return checked


def merged(
    points: Sequence[Mapping[Entry, Any]], scanned: Collection[str] = ()
) -> dict[Entry, Any]:
    """Return one value of each dataset if all points agree, else one per point.

    Parameters
    ----------
    scanned : collection of str
        Keys of what is stored for each point even where all agree.

    Raises
    ------
    SchemaError
        What differs in size from point to point: it does not fit one array.
    """
    found: dict[Entry, Any] = {}
    for entry in points[0]:
        values = [entry.conform(point[entry]) for point in points]
        agree = all(np.array_equal(value, values[0]) for value in values[1:])
        if agree and entry.key not in scanned:
            found[entry] = values[0]
        elif len({_shape(value) for value in values}) > 1:
            raise SchemaError(
                f"{entry.key} differs in size from point to point of the scan: "
                f"{_shape(values[0])} and others; scan it in runs of their own"
            )
        else:
            found[entry.along(POINTS)] = values
    return found


def with_axes(entries: Iterable[Entry], stored: Iterable[Entry]) -> list[Entry]:
    """Return the declarations, those of `stored` in place of their namesakes."""
    known = {entry.key: entry for entry in entries}
    return list((known | {entry.key: entry for entry in stored}).values())


def row_bytes(
    entries: Iterable[Entry], planned: Mapping[Entry, Any], sizes: Mapping[str, int]
) -> int:
    """Return how many bytes a shot will take.

    Parameters
    ----------
    entries : iterable of Entry
        All that the run may store.
    planned : mapping
        What it has planned, which tells the sizes of axes.
    sizes : mapping of str to int
        Of further axes; one that nothing tells counts once.
    """
    known = dict(sizes)
    for entry, value in planned.items():
        known.update(zip(entry.axes, _shape(value), strict=False))
    rows = [entry for entry in entries if entry.axes[:1] == (SHOTS,)]
    return sum(
        math.prod(known.get(axis, 1) for axis in entry.axes[1:] if not axis.isdigit())
        * math.prod(int(axis) for axis in entry.axes if axis.isdigit())
        * (_TEXT if entry.dtype == "str" else np.dtype(entry.dtype).itemsize)
        for entry in rows
    )


def _of_shot(entry: Entry) -> Entry:
    if entry.axes[:1] != (SHOTS,):
        raise SchemaError(f"{entry.key} has no axis of shots; it is stored once")
    return replace(entry, axes=entry.axes[1:])


def _shape(value: Any) -> tuple[int, ...]:
    return np.shape(value)


def _display(entry: Entry) -> dict[str, Any]:
    unit = entry.unit
    return {"unit": unit, "scale": SCALES[unit]} if unit else {}
