"""Curves fitted to runs, each refused with a reason where it says nothing.

`fit_threshold`: the pump power at which ensembles begin to radiate. `fit_basin`: how
far a cue may be corrupted before it is no longer recalled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

from ccqed_ctrl import checks
from ccqed_ctrl.errors import FitError, ParameterError

from .statistics import binomial

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
    2 s scale. chi_squared, degrees: of the mean emissions of the bright powers. chance:
    that a right curve gives as bad a chi squared (an F test: the scatter is measured).
    """

    threshold: float
    error: float
    scale: float
    noise: float
    scatter: float
    chi_squared: float
    degrees: int
    chance: float

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
    powers, y = _flat(power, emission)
    threshold = _first_guess(powers, y)
    for _ in range(REFINEMENTS):
        fit = _line(powers, y, threshold)
        if np.array_equal(_bright(powers, fit.threshold), _bright(powers, threshold)):
            break
        threshold = fit.threshold
    if fit.chance < CHANCE:
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
    powers = np.repeat(powers, light.size // max(len(powers), 1))
    distinct, counts = np.unique(powers, return_counts=True)
    if len(distinct) < DARK + BRIGHT or counts.min() < 2:
        raise FitError(
            f"a threshold needs {DARK + BRIGHT} powers or more, and two emissions or "
            f"more at each, which tell the scatter; got {len(powers)} emissions at "
            f"{len(distinct)} powers"
        )
    return powers, light.ravel()


def _first_guess(power: Floats, y: Floats) -> float:
    """Return the threshold of least squares of emission / P, the dimmest power dark."""
    lit = (y - y[power == power.min()].mean()) / power
    grid = np.linspace(power.min(), power.max(), STARTS, endpoint=False)
    shapes = np.maximum(1 - (grid[:, None] / power) ** 2, 0.0)
    overlap = np.maximum(shapes @ lit, 0.0)
    gain = overlap**2 / np.sum(shapes**2, axis=1)
    if not np.any(gain > 0):
        raise FitError("the emission does not rise with the power; is the pump on?")
    return float(grid[np.argmax(gain)])


def _bright(power: Floats, threshold: float) -> NDArray[np.bool_]:
    return power > (1 + CRITICAL) * threshold


def _line(power: Floats, y: Floats, threshold: float) -> ThresholdFit:
    """Fit emission / P against 1/P^2 where a rough threshold says it is bright."""
    bright, dark = _bright(power, threshold), power < (1 - CRITICAL) * threshold
    _enough(power, y, bright, dark, threshold)
    noise = float(y[dark].mean())
    x, z = power[bright] ** -2.0, (y[bright] - noise) / power[bright]
    (slope, scale), covariance = np.polyfit(x, z, 1, cov=True)
    if not scale > 0 > slope:
        raise FitError(
            f"emission / P does not fall with 1/P^2 where it is bright "
            f"(slope {slope:.2g}, at infinite power {scale:.2g}): no threshold shows"
        )
    found = float(np.sqrt(-slope / scale))
    gradient = np.array([found / slope, -found / scale]) / 2
    scatter, chi_squared, degrees, chance = _replicates(x, z, slope * x + scale)
    return ThresholdFit(
        threshold=found,
        error=float(np.sqrt(gradient @ covariance @ gradient)),
        scale=float(scale),
        noise=noise,
        scatter=scatter,
        chi_squared=chi_squared,
        degrees=degrees,
        chance=chance,
    )


def _enough(
    power: Floats,
    y: Floats,
    bright: NDArray[np.bool_],
    dark: NDArray[np.bool_],
    threshold: float,
) -> None:
    below, above = len(np.unique(power[dark])), len(np.unique(power[bright]))
    if below < DARK or above < BRIGHT:
        raise FitError(
            f"the threshold is near {threshold:.3g}; of powers {power.min():.3g} to "
            f"{power.max():.3g}, {below} are more than {CRITICAL:.0%} below it and "
            f"{above} above; {DARK} and {BRIGHT} are needed"
        )
    top = y[power == power.max()]
    rise = top.mean() - y[dark].mean()
    error = np.hypot(stats.sem(top), stats.sem(y[dark]))
    if rise < SIGNIFICANT * error:
        raise FitError(
            f"no emission shows: it rises by {rise:.2g} +- {error:.1g} up to a power "
            f"of {power.max():.3g}; is the pump on, is the threshold in reach?"
        )


def _replicates(x: Floats, z: Floats, line: Floats) -> tuple[float, float, int, float]:
    """Return the rms scatter at equal x; chi squared of the means, freedom, chance."""
    places, group, counts = np.unique(x, return_inverse=True, return_counts=True)
    means, free = np.bincount(group, z) / counts, len(z) - len(places)
    pure = float(np.sum((z - means[group]) ** 2)) / free
    if pure < (1e-9 * np.abs(z).max()) ** 2:
        raise FitError(
            "the emissions at each power are all equal: no scatter, no error"
        )
    chi_squared = float(np.sum((means[group] - line) ** 2)) / pure
    degrees = len(places) - 2
    chance = float(stats.f.sf(chi_squared / degrees, degrees, free))
    return float(np.sqrt(pure)), chi_squared, degrees, chance


# Basin --------------------------------------------------------------------------------

#: Steepest fall told apart from a jump, in the finest step of corruption.
STEEPEST = 40.0
#: Rise of the deviance at the ends of a 95 % interval.
NINETY_FIVE = float(stats.chi2.isf(0.05, 1))
#: How far intervals may reach, in ranges of the corruptions shown.
REACH = 100.0


@dataclass(frozen=True)
class BasinFit:
    """Exact recall against corruption c, 1 / (1 + exp(4 steepness (c - width))).

    width: corruption at which half of the cues are recalled. low, high: ends of its
    95 % interval. error: half of that, in standard errors. steepness: fall of the
    probability per corruption at the width; of data that jump, no more than their steps
    can tell. deviance, degrees: of the counts from the curve, and freedom.
    """

    width: float
    error: float
    low: float
    high: float
    steepness: float
    deviance: float
    degrees: int

    def curve(self, corruption: ArrayLike) -> Floats:
        """Return the probability of exact recall (...) at corruptions (...)."""
        c = np.asarray(corruption, np.float64)
        return np.asarray(special.expit(4 * self.steepness * (self.width - c)))


def fit_basin(
    corruption: ArrayLike, successes: ArrayLike, trials: ArrayLike
) -> BasinFit:
    """Fit how far a cue may be corrupted until only half of the cues are recalled.

    A logistic curve of largest binomial likelihood. Intervals are those of the profile
    likelihood: they hold where counts are small, and where success jumps to failure
    between two corruptions they are about as wide as that step.

    Parameters
    ----------
    corruption : (K,)
        Fraction of the cue that was wrong; a value may come several times.
    successes, trials : (K,) whole numbers
        Cues recalled exactly, of how many: 0 <= successes <= trials, trials >= 1.

    Raises
    ------
    ShapeError
        Sizes that differ, or counts out of range.
    FitError
        Recall that does not fall, or not through a half, or not like a logistic curve.
    """
    counts = _Counts.of(corruption, successes, trials)
    c = counts.corruption
    flat = counts.deviance(np.sum(counts.successes) / np.sum(counts.trials))
    span = float(np.ptp(c))
    if span == 0:
        raise FitError(f"a basin needs two corruptions or more; got only {c[0]:g}")
    found = optimize.minimize_scalar(
        counts.profile, bounds=(c[0] - span, c[-1] + span), method="bounded",
        options={"xatol": 1e-6 * span},
    )  # fmt: skip
    width, least = float(found.x), float(found.fun)
    counts.believe(width, least, flat)
    low, high = (_end(counts, width, way, least + NINETY_FIVE) for way in (-span, span))
    return BasinFit(
        width=width,
        error=(high - low) / (2 * float(np.sqrt(NINETY_FIVE))),
        low=max(low, 0.0),
        high=min(high, 1.0),
        steepness=counts.slope(width) / 4,
        deviance=least,
        degrees=len(c) - 2,
    )


@dataclass(frozen=True)
class _Counts:
    """Successes of trials (K,) at distinct corruptions (K,), which increase."""

    corruption: Floats
    successes: Floats
    trials: Floats

    @classmethod
    def of(cls, corruption: ArrayLike, successes: ArrayLike, trials: ArrayLike) -> Self:
        c = checks.array("corruption", corruption, ("K",))
        k = checks.array("successes", successes, (len(c),))
        n = checks.array("trials", trials, (len(c),))
        binomial(k, n)  # refuses counts out of range
        if not len(c):
            raise FitError("a basin needs two corruptions or more; got none")
        places, group = np.unique(c, return_inverse=True)
        successes, total = (np.bincount(group, m).astype(np.float64) for m in (k, n))
        return cls(places, successes, total)

    def deviance(self, probability: ArrayLike) -> float:
        """Return twice the log likelihood that a probability (K,) loses."""
        k, n = self.successes, self.trials
        p = np.broadcast_to(probability, k.shape)
        won = special.xlogy(k, k / n) - special.xlogy(k, p)
        lost = special.xlogy(n - k, 1 - k / n) - special.xlogy(n - k, 1 - p)
        return float(2 * np.sum(won + lost))

    def _loss(self, slope: float, width: float) -> float:
        lean = slope * (width - self.corruption)
        return self.deviance(special.expit(np.clip(lean, -700, 30)))

    def slope(self, width: float) -> float:
        """Return the most likely slope of the logit for a width; it falls with c."""
        steepest = STEEPEST / float(np.diff(self.corruption).min())
        found = optimize.minimize_scalar(
            self._loss, bounds=(0.0, steepest), args=(width,), method="bounded",
            options={"xatol": 1e-7 * steepest},
        )  # fmt: skip
        return float(found.x)

    def profile(self, width: float) -> float:
        """Return the least deviance of a width."""
        return self._loss(self.slope(width), width)

    def believe(self, width: float, least: float, flat: float) -> None:
        """Refuse a fit that says nothing, or that the counts contradict."""
        c, shares = self.corruption, self.successes / self.trials
        rates = ", ".join(f"{x:.3g}: {p:.2g}" for x, p in zip(c, shares, strict=True))
        if flat - least < NINETY_FIVE:
            raise FitError(f"exact recall does not fall with corruption ({rates})")
        if not c[0] <= width <= c[-1]:
            side = "above" if width > c[-1] else "below"
            raise FitError(
                f"exact recall stays {side} a half at all corruptions from {c[0]:.3g} "
                f"to {c[-1]:.3g} ({rates}); show cues that are corrupted "
                f"{'more' if side == 'above' else 'less'}"
            )
        if len(c) > 2 and stats.chi2.sf(least, len(c) - 2) < CHANCE:
            raise FitError(
                f"exact recall does not follow a logistic curve: deviance {least:.1f} "
                f"at {len(c) - 2} degrees of freedom ({rates}); do the shots have "
                "something in common, one bad layout or memory?"
            )


def _end(counts: _Counts, width: float, span: float, level: float) -> float:
    """Return where the profile rises to a level, on the side that span points to."""
    reach = span
    while counts.profile(width + reach) < level:
        reach *= 2
        if abs(reach) > REACH * abs(span):
            return float(np.copysign(np.inf, span))
    return float(
        optimize.brentq(lambda at: counts.profile(at) - level, width, width + reach)
    )
