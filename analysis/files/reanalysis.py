"""Repeating the analysis of a run from its raw frames, and comparing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl.errors import ResultsError
from ccqed_ctrl.schema import SCHEMA

from .rebuild import reader_of
from .records import Record

#: Deviations, relative to the largest value of a dataset, that another machine's
#: arithmetic explains; by the precision in which the dataset is stored.
TOLERANCE = {"complex64": 1e-5, "float64": 1e-7, "complex128": 1e-7}


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
    stored: the summary in the file. differences: one per repeated dataset.
    """

    shots: int
    rows: Mapping[str, NDArray[Any]]
    summary: Mapping[str, Any]
    stored: Mapping[str, Any]
    differences: tuple[Difference, ...]

    @property
    def agrees(self) -> bool:
        """Whether everything stored was found again."""
        return all(difference.agrees for difference in self.differences)


def reanalyse(record: Record, changes: Mapping[str, Any] | None = None) -> Reanalysis:
    """Demodulate, decode and score all complete shots again.

    Parameters
    ----------
    record : Record
    changes : mapping of "group.field" to SI value, optional
        Settings other than the run's (`rebuild.parse_change`).

    Raises
    ------
    ResultsError
        No complete shot.
    SchemaError
        The file lacks what the analysis needs.
    DecodingError
        Frames that cannot be decoded with these settings.
    ParameterError
        A change out of bounds.
    """
    shots = record.shots
    if shots == 0:
        raise ResultsError(f"{record.path.name} holds no complete shot")
    reader = reader_of(record, changes)
    repeated = [
        reader.read(index, record.row("shot.frames", index)) for index in range(shots)
    ]
    rows = {
        key: np.asarray([row[key] for row in repeated]).astype(SCHEMA[key].dtype)
        for key in repeated[0]
    }
    summary = reader.summary(rows, shots)
    differences = tuple(_compare(record, key, rows[key]) for key in rows)
    stored = {key: record.get(key) for key in summary if record.has(key)}
    return Reanalysis(shots, rows, summary, stored, differences)


def _compare(record: Record, key: str, repeated: NDArray[Any]) -> Difference:
    """Compare a repeated dataset with the stored one, a shot at a time."""
    tolerance = TOLERANCE.get(SCHEMA[key].dtype, 0.0)
    deviation, changed = 0.0, 0
    for index, row in enumerate(repeated):
        stored = np.asarray(record.row(key, index))
        scale = float(np.abs(stored).max(initial=0.0)) if tolerance else 1.0
        distance = np.abs(_wide(row) - _wide(stored)) / (scale or 1.0)
        # A stored NaN was never measured: not close to anything.
        changed += int(np.count_nonzero(~(distance <= tolerance)))
        deviation = max(deviation, float(np.max(distance, initial=0.0)))
    return Difference(key, deviation, changed, repeated.size)


def _wide(values: NDArray[Any]) -> NDArray[Any]:
    kind = np.complex128 if np.iscomplexobj(values) else np.float64
    return np.asarray(values, kind)
