"""From dark frames and frames of flat light to the camera's gain and noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ccqed_ctrl import checks
from ccqed_ctrl.backgrounds import PAIR, BackgroundPlan, BackgroundRecord
from ccqed_ctrl.ending import Verdict
from ccqed_ctrl.errors import FitError
from ccqed_ctrl.records import Entry
from ccqed_ctrl.records.shots import Reading

from .verdicts import SATURATED

#: A straight line fits its data this badly, or worse, only this often.
CHANCE: Final = 1e-4
#: Variance in ADU^2 that rounding to whole counts adds.
ROUNDING: Final = 1 / 12


class BackgroundReader:
    """Reads pairs of frames."""

    planned: Mapping[Entry, Any] = {}

    @classmethod
    def of_plan(cls, plan: BackgroundPlan, previous: Any = None) -> BackgroundReader:  # noqa: ARG003 (`shots.Shots` calls it so)
        """Return the reader of any plan."""
        return cls()

    def read(self, shot: Any, raw: Mapping[Entry, Any]) -> Reading:  # noqa: ARG002
        """Return means and variances in time of both pairs, and a verdict."""
        record, frames = BackgroundRecord, raw[BackgroundRecord.frames]
        (dark, dark_variance), (lit, lit_variance) = (
            _moments(pair) for pair in (frames[:PAIR], frames[PAIR:])
        )
        rows = {
            record.dark: dark, record.dark_variance: dark_variance,
            record.lit: lit - dark, record.lit_variance: lit_variance,
        }  # fmt: skip
        saturated = raw[record.saturated] > SATURATED * frames.size
        verdict = Verdict.saturated if saturated else Verdict.ok
        return Reading(rows, verdict, {record.frame: frames[-1].T})


def _moments(pair: NDArray[Any]) -> tuple[float, float]:
    """Return the mean of two frames alike, and the variance of a pixel in time."""
    one, two = pair.astype(np.float64)
    return float(pair.mean()), float(np.var(one - two) / 2)


@dataclass(frozen=True)
class PhotonTransfer:
    """What a camera adds to light, by the straight line of variance over mean.

    electrons_per_count: e- per ADU, with one standard error: units in which light has
    the noise of Poisson. Of a register that multiplies by g it is that of the output
    over g F^2. read_noise: rms in the same electrons, with one standard error.
    chi_squared, degrees: of the fit.
    """

    electrons_per_count: float
    error: float
    read_noise: float
    read_noise_error: float
    chi_squared: float
    degrees: int


def unexposed(values: ArrayLike, exposure: ArrayLike) -> tuple[float, float]:
    """Return what dark frames (S,) have without exposure (S,) s, and its error.

    Stray light is in every exposure, and grows with it: the intercept of a straight
    line. Of two exposures or fewer, the mean.

    Raises
    ------
    FitError
        One frame alone, whose scatter nobody knows.
    """
    y = checks.array("values", values, ("S",))
    t = checks.array("exposure", exposure, (len(y),))
    if len(y) < 2:
        raise FitError("one dark frame alone says nothing of its error: take two")
    if len(np.unique(t)) < 3:
        return float(y.mean()), float(y.std(ddof=1) / np.sqrt(len(y)))
    line = stats.linregress(t, y)
    return float(line.intercept), float(line.intercept_stderr)


def fit_photon_transfer(
    lit: ArrayLike, lit_variance: ArrayLike, floor: tuple[float, float], pixels: int
) -> PhotonTransfer:
    """Fit variance = floor + lit / electrons_per_count.

    Parameters
    ----------
    lit : (S,)
        Means of lit pairs above the offset, ADU.
    lit_variance : (S,)
        Of a pixel in time, ADU^2.
    floor : (value, error)
        The variance without light and exposure.
    pixels
        Of a frame: variances are known to sqrt(2 / pixels).

    Raises
    ------
    ShapeError
        Sizes that differ.
    FitError
        No light, or no straight line: pixels are full, or the light flickers.
    """
    x = checks.array("lit", lit, ("S",))
    variance = checks.array("lit_variance", lit_variance, (len(x),))
    if len(np.unique(x)) < 2 or x.max() <= 0:
        raise FitError(
            "photon transfer needs two levels of light or more; is the local "
            "oscillator on?"
        )
    y = variance - floor[0]
    error = variance * np.sqrt(2 / pixels)
    curvature = float(np.sum((x / error) ** 2))
    slope = float(np.sum(x * y / error**2)) / curvature
    chi_squared = float(np.sum(((y - slope * x) / error) ** 2))
    degrees = len(x) - 1
    if slope <= 0 or stats.chi2.sf(chi_squared, degrees) < CHANCE:
        raise FitError(
            "variance does not rise linearly with light: chi squared "
            f"{chi_squared:.1f} at {degrees} degrees of freedom (slope {slope:.3g}); "
            "are pixels full, does the light flicker? Take shorter exposures"
        )
    deviation = 1 / np.sqrt(curvature)
    rest = max(floor[0] - ROUNDING, 0.0)
    read = float(np.sqrt(rest)) / slope
    half = floor[1] / max(2 * rest, np.finfo(float).tiny)
    read_error = read * float(np.hypot(half, deviation / slope))
    return PhotonTransfer(
        1 / slope, deviation / slope**2, read, read_error, chi_squared, degrees
    )
