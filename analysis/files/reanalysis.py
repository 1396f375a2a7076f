"""Repeating the analysis of a run from its raw frames, and comparing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl.errors import CcqedError, ResultsError, SchemaError
from ccqed_ctrl.holograms import HologramRecord
from ccqed_ctrl.recalling import RecallRecord
from ccqed_ctrl.records import POINTS, Entry

from .experiment import record_of
from .pairing import check_journal
from .rebuild import RAW, TOLD, StoredReader, obstacle, reader_of
from .run import Run

#: Deviations, relative to the largest value of a dataset, that another machine's
#: arithmetic explains; by the precision in which the dataset is stored.
TOLERANCE = {"complex64": 1e-5, "float64": 1e-7, "complex128": 1e-7}
#: Measured, and read from nothing else in the file.
_ORIGINAL: Final = {
    HologramRecord.exposure.key, HologramRecord.attempts.key,
    HologramRecord.rejected.key, *(entry.key for entry in (*RAW, *TOLD)),
}  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """One dataset, stored and repeated.

    deviation: largest |repeated - stored|, over the largest |stored| for real and
    complex data. changed: entries that differ by more than rounding. size: entries.
    """

    key: str
    deviation: float
    changed: int
    size: int

    @property
    def agrees(self) -> bool:
        """Whether nothing differs by more than rounding."""
        return self.changed == 0


@dataclass(frozen=True)
class Reanalysis:
    """A repeated analysis of the `shots` complete shots of a run.

    rows: repeated datasets by key, (S, ...). summary: repeated `summary.` datasets.
    stored: the summary in the file. differences: one per repeated dataset. untouched:
    measured datasets that nothing here can repeat. why: what keeps the summary from
    being repeated in whole, "" if nothing does.
    """

    shots: int
    rows: Mapping[str, Any]
    summary: Mapping[str, Any]
    stored: Mapping[str, Any]
    differences: tuple[Difference, ...]
    untouched: tuple[str, ...]
    why: str

    @property
    def agrees(self) -> bool:
        """Whether everything stored was found again."""
        return all(difference.agrees for difference in self.differences)


class Repeated:
    """A run with some of its datasets replaced: what a record reads from.

    replaced: by key, how each is declared now, and its value.
    """

    def __init__(self, run: Run, replaced: Mapping[str, tuple[Entry, Any]]) -> None:
        self._run = run
        self._replaced = replaced

    def has(self, key: str) -> bool:
        """Tell whether there is such a dataset."""
        return key in self._replaced or self._run.has(key)

    def entry(self, key: str) -> Entry:
        """Return how a dataset is declared."""
        return self._replaced[key][0] if key in self._replaced else self._run.entry(key)

    def get(self, key: str) -> Any:
        """Return a whole dataset."""
        return self._replaced[key][1] if key in self._replaced else self._run.get(key)

    def row(self, key: str, index: int) -> Any:
        """Return one shot's part of a dataset."""
        found = self._replaced.get(key)
        return self._run.row(key, index) if found is None else found[1][index]


def reanalyse(run: Run, changes: Mapping[str, Any] | None = None) -> Reanalysis:
    """Read all complete shots again, each with the settings of its point.

    Parameters
    ----------
    run : Run
    changes : mapping of "group.field" to SI value, optional
        Settings other than the run's (`rebuild.parse_change`).

    Raises
    ------
    ResultsError
        The file holds nothing that could be repeated.
    SchemaError
        The file lacks what the analysis needs.
    ParameterError
        A change out of bounds.
    """
    check_journal(run.file)
    why = obstacle(run)
    if why:
        raise ResultsError(why)
    changes = changes or {}
    repeated, cued = _read_all(run, changes)
    replaced = {
        entry.key: (entry, _stacked(entry, [row[entry] for row in repeated]))
        for entry in repeated[0]
        # What revision 1 did not store is no result to compare with.
        if not run.implies(entry.key)
    }
    rows = {key: values for key, (_, values) in replaced.items()}
    differences = [
        _compare(entry, (run.row(key, index) for index in range(run.shots)), values)
        for key, (entry, values) in replaced.items()
        if run.has(key)
    ]
    for name, value in changes.items():
        key = f"settings.{name}"
        if run.has(key):
            replaced[key] = replace(run.entry(key), axes=()), value
    if cued is not None:
        replaced[RecallRecord.cued.key] = RecallRecord.cued.along(POINTS), cued
    summary, why = _summary(run, Repeated(run, replaced))
    stored = {entry.key: run.get(entry.key) for entry in summary}
    differences += [
        _compare(entry, [stored[entry.key]], [value])
        for entry, value in summary.items()
    ]
    made = {entry.key: value for entry, value in summary.items()}
    known = {*rows, *made, *_ORIGINAL}
    untouched = tuple(key for key in run.measured if key not in known)
    return Reanalysis(run.shots, rows, made, stored, tuple(differences), untouched, why)


def _read_all(
    run: Run, changes: Mapping[str, Any]
) -> tuple[list[dict[Entry, Any]], NDArray[np.int64] | None]:
    """Return the rows of every shot, and (K,) the memory that each point cued."""
    points = np.asarray(run.get(HologramRecord.point.key))
    if points.min() < 0 or points.max() >= run.points:
        raise SchemaError(f"{run.path.name}: shots of points that the scan has not")
    found: list[dict[Entry, Any]] = [{}] * len(points)
    cued = np.zeros(run.points, np.int64)
    reader: StoredReader | None = None
    for point in np.unique(points):
        reader = reader_of(run, int(point), changes, reader)
        if reader.recall is not None:
            cued[point] = reader.recall.cued
        for index in np.flatnonzero(points == point):
            found[index] = reader.read(int(index))
    return found, cued if reader is not None and reader.recall is not None else None


def _stacked(entry: Entry, values: list[Any]) -> Any:
    return values if entry.dtype == "str" else np.asarray(values).astype(entry.dtype)


def _summary(run: Run, repeated: Repeated) -> tuple[dict[Entry, Any], str]:
    """Return what is stored of a summary, by its record; and why not all, else ""."""
    if not any(run.has(key) for key, entry in run.entries.items() if entry.is_summary):
        return {}, ""
    kind, why = record_of(run)
    try:
        found = kind(repeated).summarise()
    except CcqedError:
        raise
    except Exception as error:  # whatever a user's record may raise
        raise ResultsError(
            f"{run.path.name}: the summary of its {kind.__name__} fails: "
            f"{type(error).__name__}: {error}"
        ) from error
    return {e: e.conform(v) for e, v in found.items() if run.has(e.key)}, why


def _compare(
    entry: Entry, before: Iterable[Any], repeated: Sequence[Any]
) -> Difference:
    """Compare a repeated dataset with the stored one, a part at a time."""
    tolerance = TOLERANCE.get(entry.dtype, 0.0)
    deviation, changed = 0.0, 0
    for stored, row in zip(before, repeated, strict=True):
        if entry.dtype == "str":
            changed += stored != row
            continue
        row, stored = _wide(row), _wide(stored)
        if row.shape != stored.shape:
            deviation, changed = np.inf, changed + row.size
            continue
        scale = _largest(np.abs(stored)) if tolerance else 1.0
        distance = np.abs(row - stored) / (scale or 1.0)
        # NaN is what could not be measured: found again only where nothing is again.
        same = (distance <= tolerance) | (np.isnan(row) & np.isnan(stored))
        changed += int(np.count_nonzero(~same))
        deviation = max(deviation, _largest(distance))
    return Difference(entry.key, deviation, changed, int(np.size(repeated)))


def _largest(values: NDArray[Any]) -> float:
    """Return the largest of those that are numbers."""
    return float(np.max(values, where=~np.isnan(values), initial=0.0))


def _wide(values: Any) -> NDArray[Any]:
    kind = np.complex128 if np.iscomplexobj(values) else np.float64
    return np.asarray(values, kind)
