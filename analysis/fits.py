"""Curves fitted to runs, each refused with a reason where it says nothing.

`fit_threshold`: the pump power at which ensembles begin to radiate. `fit_basin`: how
far a cue may be corrupted before it is no longer recalled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ccqed_ctrl import checks
from ccqed_ctrl.errors import FitError, ParameterError

Floats = NDArray[np.float64]

#: A right curve fits its data this badly, or worse, only this often.
CHANCE = 1e-4


# Threshold ----------------------------------------------------------------------------

#: Powers this near to the threshold, relative, are not used: finite ensembles, atom
#: numbers that scatter and stray light round the onset there.
CRITICAL = 0.15
#: Powers needed below that, and above it.
DARK, BRIGHT = 1, 3
#: Deviations by which the brightest power must stand above the dark.
SIGNIFICANT = 5.0
#: Thresholds tried to begin with, and refinements of the choice of powers.
STARTS, REFINEMENTS = 100, 20


@dataclass(frozen=True)
class ThresholdFit:
    """Emission against pump power: noise, and scale (P - threshold^2/P) above it.

    threshold, error: in the unit of the powers, with one standard error. scale:
    emission per power at full polarisation. noise: mean emission in the dark. scatter:
    rms of single emissions per power; of atom numbers that scatter by s it is
    2 s scale. chi_squared, degrees: of the mean emissions of the bright powers.
    """

    threshold: float
    error: float
    scale: float
    noise: float
    scatter: float
    chi_squared: float
    degrees: int

    def curve(self, power: ArrayLike) -> Floats:
        """Return the expected emission (...) at powers (...)."""
        P = np.asarray(power, np.float64)
        return self.noise + self.scale * np.maximum(P - self.threshold**2 / P, 0.0)


def fit_threshold(power: ArrayLike, emission: ArrayLike) -> ThresholdFit:
    """Fit the pump power at which isolated ensembles begin to radiate.

    Of M atoms with the mean-field magnetization m^2 = 1 - (P_th/P)^2, P_th ~ 1/M,

        emission ~ P (M m)^2 = scale P ((M/<M>)^2 - (threshold/P)^2),

    so that emission / P falls linearly with 1/P^2, to nothing at the threshold, and
    atom numbers that scatter by s from shot to shot only add 2 s scale, the same at all
    powers: a straight line by least squares.

    Parameters
    ----------
    power : (S,)
        Pump power of each shot, > 0; two emissions or more at each power.
    emission : (S,) or (S, N)
        |amplitude|^2 of one ensemble, or of N that have one threshold and do not feel
        each other.

    Raises
    ------
    ShapeError, ParameterError
        Not as many emissions as powers; powers that are not positive.
    FitError
        No emission, too few powers on either side of the threshold, or a chi squared
        that chance does not give.
    """
    P, y = _flat(power, emission)
    threshold = _first_guess(P, y)
    for _ in range(REFINEMENTS):
        fit = _line(P, y, threshold)
        if np.array_equal(_bright(P, fit.threshold), _bright(P, threshold)):
            break
        threshold = fit.threshold
    if stats.chi2.sf(fit.chi_squared, fit.degrees) < CHANCE:
        raise FitError(
            f"emission does not follow P - P_th^2/P: chi squared {fit.chi_squared:.1f} "
            f"at {fit.degrees} degrees of freedom (threshold {fit.threshold:.4g} +- "
            f"{fit.error:.1g}); is a longitudinal field on, do ensembles couple, did "
            "the laboratory drift?"
        )
    return fit


def _flat(power: ArrayLike, emission: ArrayLike) -> tuple[Floats, Floats]:
    """Return power and emission of every ensemble of every shot, (S N,) each."""
    powers = checks.array("power", power, ("S",))
    more = ("N",) if np.ndim(emission) == 2 else ()
    light = checks.array("emission", emission, (len(powers), *more))
    if np.any(powers <= 0):
        raise ParameterError(f"powers must be > 0; got {powers.min():g}")
    P = np.repeat(powers, light.size // max(len(powers), 1))
    distinct, counts = np.unique(P, return_counts=True)
    if len(distinct) < DARK + BRIGHT or counts.min() < 2:
        raise FitError(
            f"a threshold needs {DARK + BRIGHT} powers or more and two emissions or "
            f"more at each, which tell the scatter; got {len(P)} at {len(distinct)} "
            "powers"
        )
    return P, light.ravel()


def _first_guess(P: Floats, y: Floats) -> float:
    """Return the threshold of least squares of emission / P, the dimmest power dark."""
    lit = (y - y[P == P.min()].mean()) / P
    grid = np.linspace(P.min(), P.max(), STARTS, endpoint=False)
    shapes = np.maximum(1 - (grid[:, None] / P) ** 2, 0.0)
    overlap = np.maximum(shapes @ lit, 0.0)
    gain = overlap**2 / np.sum(shapes**2, axis=1)
    if not np.any(gain > 0):
        raise FitError("the emission does not rise with the power; is the pump on?")
    return float(grid[np.argmax(gain)])


def _bright(P: Floats, threshold: float) -> NDArray[np.bool_]:
    return P > (1 + CRITICAL) * threshold


def _line(P: Floats, y: Floats, threshold: float) -> ThresholdFit:
    """Fit emission / P against 1/P^2 where a rough threshold says it is bright."""
    bright, dark = _bright(P, threshold), P < (1 - CRITICAL) * threshold
    _enough(P, y, bright, dark, threshold)
    noise = float(y[dark].mean())
    x, z = P[bright] ** -2.0, (y[bright] - noise) / P[bright]
    (slope, scale), covariance = np.polyfit(x, z, 1, cov=True)
    if not (scale > 0 > slope):
        raise FitError(
            f"emission / P does not fall with 1/P^2 above {P[bright].min():.3g} "
            f"(slope {slope:.2g}, at infinite power {scale:.2g}): no threshold shows"
        )
    found = float(np.sqrt(-slope / scale))
    gradient = np.array([found / slope, -found / scale]) / 2
    scatter, chi_squared, degrees = _replicates(x, z, slope * x + scale)
    return ThresholdFit(
        threshold=found,
        error=float(np.sqrt(gradient @ covariance @ gradient)),
        scale=float(scale),
        noise=noise,
        scatter=scatter,
        chi_squared=chi_squared,
        degrees=degrees,
    )


def _enough(
    P: Floats,
    y: Floats,
    bright: NDArray[np.bool_],
    dark: NDArray[np.bool_],
    threshold: float,
) -> None:
    below, above = len(np.unique(P[dark])), len(np.unique(P[bright]))
    if below < DARK or above < BRIGHT:
        raise FitError(
            f"the threshold is near {threshold:.3g}, with {below} powers clearly below "
            f"and {above} clearly above in {P.min():.3g} to {P.max():.3g}; {DARK} and "
            f"{BRIGHT} are needed more than {CRITICAL:.0%} away from it"
        )
    top = y[P == P.max()]
    rise = top.mean() - y[dark].mean()
    error = np.hypot(stats.sem(top), stats.sem(y[dark]))
    if rise < SIGNIFICANT * error:
        raise FitError(
            f"no emission shows: it rises by {rise:.2g} +- {error:.1g} up to a power "
            f"of {P.max():.3g}; is the pump on, is the threshold in reach?"
        )


def _replicates(x: Floats, z: Floats, line: Floats) -> tuple[float, float, int]:
    """Return the rms scatter at equal x, and chi squared of the means with freedom."""
    places, group, counts = np.unique(x, return_inverse=True, return_counts=True)
    means = np.bincount(group, z) / counts
    pure = np.sum((z - means[group]) ** 2) / (len(z) - len(places))
    misfit = np.sum((means[group] - line) ** 2)
    return float(np.sqrt(pure)), float(misfit / pure), len(places) - 2
