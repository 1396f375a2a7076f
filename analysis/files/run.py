"""One run, read from its file: `run.overlaps`, whichever experiment wrote it.

The file carries its schema, so nothing of the experiment is imported. Files of others
are read as far as they go: every dataset by its key, with axes that have no meaning.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl import checks, records
from ccqed_ctrl.errors import ResultsError, SchemaError
from ccqed_ctrl.journal import Journal
from ccqed_ctrl.notation import MOST_POINTS
from ccqed_ctrl.records import POINTS, SHOTS, Entry
from ccqed_ctrl.records.annotation import SETTINGS, label_keys

from . import revision_1
from .arrays import to_xarray
from .header import Header, describe, read_header
from .naming import key_of, short_names
from .pairing import open_journal, row_of
from .portrait import portrait
from .results_file import ResultsFile, dtype_of, fits, open_file


class Run:
    """An open results file.

    Every dataset is an attribute by the last part of its key (`run.overlaps` is
    `shot.overlaps`; `attributes` has them all), or by its key, `run["shot.overlaps"]`;
    a setting also by group and field, `run["cue.corruption"]`. Values are SI. Datasets
    of shots have as many rows as shots are complete. A context manager, like a file.
    """

    def __init__(self, path: Path | str) -> None:
        self._stack = ExitStack()
        self.file: ResultsFile = self._stack.enter_context(open_file(path))
        try:
            self._old, self.entries = _schema(self.file)
        except BaseException:
            self.close()
            raise
        self._axes: dict[str, tuple[int, str]] = {}

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self.file.path

    @cached_property
    def header(self) -> Header:
        """What the file says of its run."""
        return read_header(self.file)

    @property
    def title(self) -> str:
        """What the file calls itself: run id, backend, status."""
        return describe(self.header)

    @cached_property
    def shots(self) -> int:
        """Number of complete shots; 0 where the experiment has no shots of ours."""
        return max(int(self.file.scalar("datasets/progress.done", int) or 0), 0)

    @cached_property
    def keys(self) -> list[str]:
        """Keys of what the file holds, in the schema's order, foreign ones last."""
        return [*self.declared, *self._foreign]

    @cached_property
    def declared(self) -> list[str]:
        """Keys of what the file holds and its schema declares."""
        return [key for key in self.entries if self.has(key)]

    @cached_property
    def attributes(self) -> dict[str, str]:
        """Key of every dataset, declared or there, by its name as an attribute."""
        return short_names([*self.entries, *self._foreign])

    def has(self, key: str) -> bool:
        """Tell whether the file holds a dataset, or the journal beside it."""
        if self._dataset(key) is not None or self._implied(key) is not None:
            return True
        try:
            return self.journalled(key)
        except ResultsError:  # to be said to who reads it; the rest is there
            return False

    def entry(self, key: str) -> Entry:
        """Return how a dataset is declared; for one of no schema, as it is stored.

        Raises
        ------
        SchemaError
            There is no such dataset.
        """
        if key in self.entries:
            return self.entries[key]
        dataset = self.file.find(f"datasets/{key}") if key in self._foreign else None
        if dataset is None:
            raise SchemaError(
                f"{self.path.name} has no dataset {key!r}: the experiment stores none, "
                "or the run ended before it was written"
            )
        axes = tuple(f"{key}_{axis}" for axis in range(len(dataset.shape or ())))
        return Entry(key, axes, dtype_of(dataset), "")

    def get(self, key: str) -> Any:
        """Return a whole dataset: scalars as Python values, text as str.

        Raises
        ------
        SchemaError
            Not in the file, or not as its schema says.
        ResultsError
            Too large to be read whole, or damaged.
        """
        implied = self._implied(key)
        if implied is not None:
            return implied
        if self.journalled(key):
            with self.file.guard(key):  # rows may be of several shapes
                return np.stack([self.row(key, shot) for shot in range(self.shots)])
        value = self.file.read(key, self.checked(key))
        return value[: self.shots] if self._of_shots(key) else value

    def row(self, key: str, index: int) -> Any:
        """Return one shot's part of a dataset without reading the others.

        Raises
        ------
        SchemaError
            As `get`, or no such shot.
        ResultsError
            Damaged.
        """
        if not self._of_shots(key) or not 0 <= index < self.shots:
            raise SchemaError(f"{self.path.name}: {key} has no shot {index}")
        implied = self._implied(key)
        if implied is not None:
            return implied[index]
        if self.journal is not None and self.journalled(key):
            return row_of(self.journal, self.entry(key), index)
        return self.file.read(key, self.checked(key), index)

    def at(self, key: str, point: int) -> Any:
        """Return what is stored once, or for each point of the scan, at one point."""
        value = self.get(key)
        return value[point] if self.entry(key).axes[:1] == (POINTS,) else value

    @cached_property
    def points(self) -> int:
        """Number of points of the scan; 1 where nothing was scanned."""
        sizes = self.get("plan.scan_shape") if self.has("plan.scan_shape") else ()
        if not 1 <= (points := math.prod(map(int, sizes))) <= MOST_POINTS:
            raise SchemaError(f"{self.path.name}: a scan of {points} points is none")
        return points

    @property
    def measured(self) -> list[str]:
        """Keys of what was measured or worked out, rather than planned."""
        return [
            key
            for key in self.declared
            if key.partition(".")[0] in ("shot", "summary")
            and not (self.entries[key].planned or self.implies(key))
        ]

    @property
    def scanned(self) -> dict[str, Any]:
        """Values (K,) of each scanned setting, by "group.field", slowest first."""
        names = self.get("plan.scanned") if self.has("plan.scanned") else []
        return {name: self.get(f"settings.{name}") for name in names}

    def settings(self, point: int = 0) -> dict[str, dict[str, Any]]:
        """Return every stored setting at a point: by group and field, in SI."""
        point = checks.integer("point", point, 0, self.points - 1)
        found: dict[str, dict[str, Any]] = {}
        for (group, name), (varies, value) in self._settings.items():
            here = value[point] if varies else value
            plain = here.item() if isinstance(here, np.generic) else here
            found.setdefault(group, {})[name] = plain
        return found

    def per_shot(self, key: str) -> NDArray[Any]:
        """Return what is stored once, or for each point, as it holds for each shot."""
        value = np.asarray(self.get(key))
        if self.entry(key).axes[:1] == (POINTS,):
            return np.asarray(value[self.get("shot.point")])
        return np.broadcast_to(value, (self.shots, *value.shape))

    def labels(self, axis: str) -> list[str] | None:
        """Return the names of the places along an axis, None if they have none."""
        for key in label_keys(self.entries.values()).get(axis, ()):
            if self.has(key) and self.entry(key).axes == (axis,):
                return list(self.get(key))
        return None

    def to_xarray(self, images: bool = True) -> Any:
        """Return the run as an `xarray.Dataset`, see `arrays.to_xarray`."""
        return to_xarray(self, images)

    def as_record(self, kind: type[records.Record]) -> Any:
        """Return the run as a record of a class that declares its datasets."""
        return kind(self)

    def close(self) -> None:
        """Close the file."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __getitem__(self, name: str) -> Any:
        return self.get(key_of(name, self.attributes) or name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        key = self.attributes.get(name)
        if key is not None and self.has(key):
            return self.get(key)
        near = difflib.get_close_matches(name, self._there, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        named = [name for name, key in self._there.items() if not _is_setting(key)]
        listed = ", ".join(sorted(named))
        raise AttributeError(
            f"{self.path.name} has no {name!r}{hint} (it has {listed}, and settings)"
        )

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._there]

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys)

    def __repr__(self) -> str:
        return portrait(self)

    @cached_property
    def _there(self) -> dict[str, str]:
        return {name: key for name, key in self.attributes.items() if self.has(key)}

    @cached_property
    def _settings(self) -> dict[tuple[str, str], tuple[bool, Any]]:
        """Whether each setting differs from point to point, and its value or values."""
        found = {}
        for key in filter(_is_setting, self.keys):
            _, group, name = key.split(".", 2)
            varies = self.entry(key).axes[:1] == (POINTS,)
            found[group, name] = varies, self.get(key)
        return found

    @cached_property
    def _foreign(self) -> Mapping[str, None]:
        """Keys of what no schema declares."""
        read = {self.stored_name(key) for key in self.entries}
        return dict.fromkeys(key for key in self.file.datasets() if key not in read)

    @cached_property
    def journal(self) -> Journal | None:
        """The journal that holds the raw data, where they are no datasets.

        Raises
        ------
        ResultsError
            The file names one that is gone, damaged, or still being written.
        """
        found = open_journal(self.file)
        return None if found is None else self._stack.enter_context(found)

    def journalled(self, key: str) -> bool:
        """Tell whether rows are in the journal alone, as raw data under ARTIQ are."""
        raw = key in self.entries and self.entries[key].raw
        if not raw or self._dataset(key) is not None or self.journal is None:
            return False
        return key in self.journal.row_keys

    def _of_shots(self, key: str) -> bool:
        return self.entry(key).axes[:1] == (SHOTS,)

    def implies(self, key: str) -> bool:
        """Tell whether a dataset was not stored, because all shots had the same."""
        return self._implied(key) is not None

    def _implied(self, key: str) -> Any:
        return revision_1.implied(key, self.shots) if self._old else None

    def _dataset(self, key: str) -> h5py.Dataset | None:
        return self.file.find(f"datasets/{self.stored_name(key)}")

    def stored_name(self, key: str) -> str:
        """Return what the file calls a dataset."""
        return revision_1.stored_name(key) if self._old else key

    def checked(self, key: str) -> h5py.Dataset:
        """Return a dataset that is as the schema says.

        Raises
        ------
        SchemaError
            It is not there, or its type or axes are not the declared ones.
        """
        entry, dataset = self.entry(key), self._dataset(key)
        if dataset is None:
            raise SchemaError(
                f"{self.path.name} has no dataset {key!r}: the run ended before it was "
                "written"
            )
        with self.file.guard(key):
            shape = dataset.shape
            if shape is None or len(shape) != len(entry.axes):
                raise SchemaError(
                    f"{self.path.name}: {key} has axes {entry.axes}; its shape is "
                    f"{shape}"
                )
            if not fits(dataset, entry.dtype):
                raise SchemaError(
                    f"{self.path.name}: {key} is {dtype_of(dataset)}, not "
                    f"{entry.dtype} as its schema says"
                )
            for axis, size in zip(entry.axes, shape, strict=True):
                self._check_axis(key, axis, size)
        return dataset

    def _check_axis(self, key: str, axis: str, size: int) -> None:
        if axis == SHOTS:
            if size < self.shots:
                raise SchemaError(
                    f"{self.path.name}: {key} has {size} shots of {self.shots}"
                )
            return
        known = (int(axis), "the schema") if axis.isdigit() else (size, key)
        wanted, where = self._axes.setdefault(axis, known)
        if size != wanted:
            raise SchemaError(
                f"{self.path.name}: {key} has {axis} = {size}, but {where} has {wanted}"
            )


def _is_setting(key: str) -> bool:
    return key.startswith(SETTINGS) and key.count(".") > 1


def _schema(file: ResultsFile) -> tuple[bool, dict[str, Entry]]:
    """Return whether a file is of revision 1, and the declarations it follows."""
    revision = file.scalar("datasets/schema_revision", int)
    if revision is None:
        return False, {}
    if revision > records.REVISION:
        raise SchemaError(
            f"{file.path.name} follows schema revision {revision}; this version reads "
            f"up to {records.REVISION}: update ccqed-ctrl"
        )
    if revision < records.REVISION:
        return True, revision_1.entries()
    text = file.scalar("datasets/schema", str)
    if text is None:
        raise SchemaError(f"{file.path.name} has lost its schema")
    try:
        return False, records.decoded(text)
    except SchemaError as error:
        raise SchemaError(f"{file.path.name}: {error}") from error
