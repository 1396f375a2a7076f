"""What was measured in the shots of a run, as numbers to be drawn.

S shots, K points of the scan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.files.run import Run
from analysis.statistics import Estimate, means, shares
from ccqed_ctrl.ending import Verdict
from ccqed_ctrl.holograms import HologramRecord
from ccqed_ctrl.records import SHOTS, Entry
from ccqed_ctrl.records.shots import ShotRecord
from ccqed_ctrl.units import SCALES

from .style import plus_minus, printed, words

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Measured:
    """One number, or yes or no, of every shot.

    values: (S,) in `unit`, NaN where it could not be measured; 0 or 1 if `share`: then
    it is counted, not averaged. kinds: shots (S,) to be told apart, by what they are.
    beside: what it is to be compared to.
    """

    name: str
    doc: str
    values: Floats
    unit: str = ""
    share: bool = False
    kinds: tuple[tuple[str, Mask], ...] = ()
    beside: Measured | None = None

    @property
    def label(self) -> str:
        """Name and unit, for an axis."""
        return words(self.name, self.unit)


@dataclass(frozen=True)
class Scan:
    """One scanned setting: values in `unit`, numbers or texts, in scan order."""

    name: str
    doc: str
    unit: str
    values: NDArray[Any]

    @property
    def label(self) -> str:
        """Name and unit, for an axis."""
        return words(self.name, self.unit)

    @property
    def numbers(self) -> bool:
        """Whether the values are places on an axis."""
        return bool(self.values.dtype.kind in "iuf")

    def text(self, index: int, *, unit: bool = True) -> str:
        """Return one value as printed, with its unit or without."""
        value = self.values[index]
        shown = f"{value:.4g}" if self.numbers else str(value)
        return f"{shown} {printed(self.unit)}".strip() if unit else shown


@dataclass(frozen=True)
class Shots:
    """Which shots there are.

    point: (S,) of the scan. verdicts: S texts. good: (S,), those that count. points: K.
    scans: slowest first.
    """

    point: NDArray[np.int64]
    verdicts: list[str]
    good: Mask
    points: int
    scans: tuple[Scan, ...]

    @classmethod
    def of(cls, run: Run) -> Shots:
        """Read them."""
        record = run.as_record(ShotRecord)
        stored = record.scan_shape if record.has(ShotRecord.scan_shape) else ()
        shape = [int(size) for size in stored]
        return cls(
            np.asarray(record.point),
            list(record.verdict),
            record.good,
            int(np.prod(shape, dtype=int)),
            _scans(run, shape),
        )

    @property
    def bad(self) -> Mask:
        """Shots (S,) with another verdict than ok."""
        return np.array([verdict != Verdict.ok for verdict in self.verdicts], bool)

    def over_points(self, measured: Measured) -> Estimate:
        """Return means, or shares, at each point (K,); NaN where there is no shot."""
        return estimate(measured, self.point, self.points, self.good)

    def over_all(self, measured: Measured) -> Estimate:
        """Return mean and standard error, or share, over all shots that count, (1,)."""
        return estimate(measured, np.zeros_like(self.point), 1, self.good)

    def cells(self, measured: Measured, found: Estimate) -> list[str]:
        """Return what is to be read at each point, K texts of two lines."""
        if not measured.share:
            pairs = zip(found.value, found.error, strict=True)
            return [plus_minus(*pair).replace(" ", "\n", 1) for pair in pairs]
        use = self.good & np.isfinite(measured.values)
        trials = np.bincount(self.point[use], minlength=self.points)
        return [
            f"{value:.2f}\n{value * count:.0f} of {count}"
            for value, count in zip(found.value, trials, strict=True)
        ]

    def median(self, measured: Measured) -> int:
        """Return the shot whose value is nearest the median of those that count."""
        counted = np.flatnonzero(self.good & np.isfinite(measured.values))
        if not len(counted):
            return len(self.point) - 1
        values = measured.values[counted]
        return int(counted[np.argmin(np.abs(values - np.median(values)))])

    def where(self, shot: int) -> str:
        """Return at which point of the scan a shot was taken, in words."""
        shape = [len(scan.values) for scan in self.scans]
        indices = np.unravel_index(int(self.point[shot]), shape) if shape else ()
        return ", ".join(
            f"{words(scan.name)} {scan.text(int(index))}"
            for scan, index in zip(self.scans, indices, strict=True)
        )


def _scans(run: Run, shape: list[int]) -> tuple[Scan, ...]:
    """Return the scanned settings, each by its own values."""
    found = []
    for axis, (name, values) in enumerate(run.scanned.items()):
        entry = run.entry(f"settings.{name}")
        grid = np.moveaxis(np.asarray(values).reshape(shape), axis, 0)
        mine = grid.reshape(shape[axis], -1)[:, 0]
        if mine.dtype.kind in "iuf":
            mine = mine / SCALES[entry.unit]
        found.append(Scan(name, entry.doc, entry.unit, mine))
    return tuple(found)


def estimate(
    measured: Measured, group: NDArray[np.int64], groups: int, good: Mask
) -> Estimate:
    """Return mean and standard error, or share, of the good shots of each group.

    A share has Wilson's interval of 95 %; a mean, one standard error either way (of one
    shot alone it is unknown: NaN). NaN where a group has no shots.
    """
    use = good & np.isfinite(measured.values)
    place, values = group[use], measured.values[use]
    if measured.share:
        return shares(values, place, groups)
    mean = means(values, place, groups)
    return Estimate(
        mean.value, mean.error, mean.value - mean.error, mean.value + mean.error
    )


def scalars(run: Run) -> list[Measured]:
    """Return every number that was measured in each shot.

    What the experiment declares itself comes first, then what all of its kind have;
    what never varies is left out, where anything does.
    """
    common = {entry.key for entry in HologramRecord.entries()}
    entries = [run.entry(key) for key in run.declared if _is_scalar(run.entry(key))]
    found = [(entry.key in common, _measured(run, entry)) for entry in entries]
    varied = [pair for pair in found if np.unique(pair[1].values).size > 1]
    own = [pair for pair in found if not pair[0]]
    chosen = varied or own or found
    return [one for _, one in sorted(chosen, key=lambda pair: pair[0])]


def _is_scalar(entry: Entry) -> bool:
    if entry.axes != (SHOTS,):  # what no schema declares has none
        return False
    book_keeping = entry.planned or entry.key == ShotRecord.attempts.key
    numeric = entry.dtype != "str" and np.dtype(entry.dtype).kind in "biuf"
    # A phase has no mean.
    linear = entry.key != HologramRecord.phase.key
    return numeric and linear and not book_keeping


def _measured(run: Run, entry: Entry) -> Measured:
    values = np.asarray(run.get(entry.key), np.float64) / SCALES[entry.unit]
    name = entry.key.rpartition(".")[2]
    return Measured(name, entry.doc, values, entry.unit, entry.dtype == "bool")
