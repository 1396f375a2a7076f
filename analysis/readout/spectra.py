"""From counts of a probe to the cavity's line: where it is, and how wide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from ccqed_ctrl import checks
from ccqed_ctrl.ending import Verdict
from ccqed_ctrl.errors import FitError
from ccqed_ctrl.records import Entry
from ccqed_ctrl.records.shots import Reading
from ccqed_ctrl.spectra import ProbePlan, ProbeRecord

#: A right line fits its data this badly, or worse, only this often.
CHANCE: Final = 1e-4
#: Standard errors by which the line must stand above the rest.
SIGNIFICANT: Final = 5.0
#: Points that must lie within a half width or two of the line's centre.
WITHIN, LEAST = 2.0, 4


class ProbeReader:
    """Reads counts."""

    planned: Mapping[Entry, Any] = {}

    @classmethod
    def of_plan(cls, plan: ProbePlan, previous: Any = None) -> ProbeReader:  # noqa: ARG003 (`shots.Shots` calls it so)
        """Return the reader of any plan."""
        return cls()

    def read(self, shot: Any, raw: Mapping[Entry, Any]) -> Reading:  # noqa: ARG002
        """Return a verdict; the count stands for itself."""
        locked = bool(raw[ProbeRecord.locked])
        return Reading({}, Verdict.ok if locked else Verdict.unlocked, {})


@dataclass(frozen=True)
class Line:
    """A Lorentzian on a floor: floor + height / (1 + ((f - centre) / half_width)^2).

    centre, half_width: in the unit of the frequencies, each with one standard error.
    """

    centre: tuple[float, float]
    half_width: tuple[float, float]
    height: float
    floor: float
    chi_squared: float
    degrees: int


def fit_line(frequency: ArrayLike, counts: ArrayLike) -> Line:
    """Fit the transmission of a cavity, by the likelihood of Poisson's counts.

    Parameters
    ----------
    frequency, counts : (S,)
        Of the probe, of its photons; several counts may have one frequency.

    Raises
    ------
    ShapeError
        Sizes that differ.
    FitError
        Too few points, no line in range, or no Lorentzian.
    """
    f = checks.array("frequency", frequency, ("S",))
    n = checks.array("counts", counts, (len(f),))
    points = np.unique(f)
    if len(points) < 6:
        raise FitError(f"a line has four parameters; {len(points)} frequencies are few")
    mean = np.array([n[f == point].mean() for point in points])
    peak, floor = float(points[mean.argmax()]), float(np.median(mean))
    span = float(points[-1] - points[0])
    noise = np.sqrt(max(floor, 1.0))
    if mean.max() - floor < SIGNIFICANT * noise:
        raise FitError(
            "no line stands above the counts: is the probe on, is the cavity locked, "
            "is it in this range?"
        )
    start = np.array([peak, np.log(span / 20), mean.max() - floor, max(floor, 1e-3)])
    scale = np.array([span / 20, 1.0, mean.max(), mean.max()])

    def expected(p: NDArray[np.float64]) -> NDArray[np.float64]:
        far = (f - p[0]) / np.exp(p[1])
        return np.maximum(abs(p[3]) + abs(p[2]) / (1 + far**2), 1e-9)

    def unlikely(q: NDArray[np.float64]) -> float:
        rate = expected(q * scale)
        return float(np.sum(rate - n * np.log(rate)))

    best = optimize.minimize(
        unlikely, start / scale, method="Nelder-Mead",
        options={"maxiter": 20_000, "maxfev": 20_000, "xatol": 1e-7, "fatol": 1e-9},
    ).x * scale  # fmt: skip
    rate = expected(best)
    errors = _errors(expected, best, scale, rate)
    chi_squared = float(np.sum((n - rate) ** 2 / np.maximum(rate, 1.0)))
    degrees = len(f) - len(best)
    half = float(np.exp(best[1]))
    if np.count_nonzero(np.abs(points - best[0]) < WITHIN * half) < LEAST:
        raise FitError(
            f"fewer than {LEAST} frequencies are on the line (half width {half:.3g}): "
            "take finer steps, or move the range"
        )
    if stats.chi2.sf(chi_squared, degrees) < CHANCE:
        raise FitError(
            f"no Lorentzian: chi squared {chi_squared:.1f} at {degrees} degrees of "
            "freedom; does the lock move, are several modes in range?"
        )
    return Line(
        (float(best[0]), float(errors[0])), (half, half * float(errors[1])),
        float(abs(best[2])), float(abs(best[3])), chi_squared, degrees,
    )  # fmt: skip


def _errors(
    expected: Any,
    best: NDArray[np.float64],
    scale: NDArray[np.float64],
    rate: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return standard errors by the information of Poisson's counts."""
    step = 1e-4 * scale
    slopes = np.array([
        (expected(best + move) - expected(best - move)) / (2 * size)
        for move, size in zip(np.diag(step), step, strict=True)
    ])  # fmt: skip
    return np.asarray(np.sqrt(np.diag(np.linalg.inv((slopes / rate) @ slopes.T))))
