"""Repeating the analysis of a run from its raw frames, and comparing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl.errors import ResultsError, SchemaError
from ccqed_ctrl.holograms import HologramRecord
from ccqed_ctrl.recalling import RecallRecord
from ccqed_ctrl.records import POINTS, Entry

from ..readout.scoring import recall_summary
from .pairing import check_journal
from .rebuild import StoredReader, obstacle, reader_of
from .run import Run

#: Deviations, relative to the largest value of a dataset, that another machine's
#: arithmetic explains; by the precision in which the dataset is stored.
TOLERANCE = {"complex64": 1e-5, "float64": 1e-7, "complex128": 1e-7}
#: Measured, and read from nothing else in the file.
_ORIGINAL: Final = {
    HologramRecord.frames.key, HologramRecord.exposure.key,
    HologramRecord.saturated.key, HologramRecord.attempts.key,
}  # fmt: skip
#: How runs are summed up, by a dataset that shows that one was.
SUMMARIES: Final[Mapping[Entry, Callable[[Any], Mapping[Entry, Any]]]] = {
    RecallRecord.recalled_overlap: recall_summary
}


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
    measured datasets that nothing here can repeat.
    """

    shots: int
    rows: Mapping[str, Any]
    summary: Mapping[str, Any]
    stored: Mapping[str, Any]
    differences: tuple[Difference, ...]
    untouched: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether everything stored was found again."""
        return all(difference.agrees for difference in self.differences)


class Repeated:
    """A run with some of its datasets replaced: a source of records.

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
    repeated, cued = _read_all(run, changes or {})
    replaced = {
        entry.key: (entry, _stacked(entry, [row[entry] for row in repeated]))
        for entry in repeated[0]
        # What revision 1 did not store is no result to compare with.
        if not run.implies(entry.key)
    }
    rows = {key: values for key, (_, values) in replaced.items()}
    if cued is not None:
        replaced[RecallRecord.cued.key] = RecallRecord.cued.along(POINTS), cued
    summary = _summary(run, Repeated(run, replaced))
    stored = {key: run.get(key) for key in summary if run.has(key)}
    known = {*rows, *summary, *_ORIGINAL}
    return Reanalysis(
        run.shots, rows, summary, stored,
        tuple(_compare(run, entry, rows[key]) for key, (entry, _) in replaced.items()
              if key in rows and run.has(key)),
        tuple(key for key in run.measured if key not in known),
    )  # fmt: skip


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


def _summary(run: Run, repeated: Repeated) -> dict[str, Any]:
    record = RecallRecord(repeated)
    return {
        entry.key: value
        for sign, summarise in SUMMARIES.items()
        if run.has(sign.key)
        for entry, value in summarise(record).items()
    }


def _compare(run: Run, entry: Entry, repeated: Any) -> Difference:
    """Compare a repeated dataset with the stored one, a shot at a time."""
    tolerance = TOLERANCE.get(entry.dtype, 0.0)
    deviation, changed = 0.0, 0
    for index, row in enumerate(repeated):
        stored = run.row(entry.key, index)
        if entry.dtype == "str":
            changed += stored != row
            continue
        row, stored = _wide(row), _wide(stored)
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
