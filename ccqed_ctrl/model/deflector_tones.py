"""What drives crossed deflectors: a sum of tones in x, one in y, sample by sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..units import TWO_PI
from .deflectors import distinct, grids

Floats = NDArray[np.float64]

#: What is repeated of traps that stand still, s.
STILL: Final = 1e-3


@dataclass(frozen=True)
class Deflection:
    """Crossed deflectors: where a tone puts a trap.

    A trap is at `centre` + A (f - `frequency`) `scale`, each (2,), with A a turn by
    `rotation` rad. centre: m. frequency: Hz. scale: m/Hz. turn: s, for how long one
    product grid is lit before the next.
    """

    centre: tuple[float, float]
    frequency: tuple[float, float]
    scale: tuple[float, float]
    rotation: float
    turn: float

    def along(self, positions: Floats) -> Floats:
        """Return positions (..., 2) m along the deflectors, from their centre."""
        cos, sin = np.cos(self.rotation), np.sin(self.rotation)
        turned: Floats = (positions - np.array(self.centre)) @ np.array(
            [[cos, -sin], [sin, cos]]
        )
        return turned

    def tones(self, positions: Floats) -> Floats:
        """Return the frequencies (..., 2) Hz of traps at positions (..., 2) m."""
        return np.array(self.frequency) + self.along(positions) / np.array(self.scale)

    def still(self, positions: Floats, rate: float, grain: int) -> Floats:
        """Return samples (2, S) in [-1, 1] that hold traps (N, 2) m when repeated.

        The tones of one product grid are rounded to whole periods of S samples (`STILL`
        long), so that the end fits the beginning. S is a multiple of `grain`.
        """
        count = len(grids(self.along(positions)))
        lasting = max(STILL, self.turn) if count == 1 else count * self.turn
        samples = grain * max(1, round(lasting * rate / grain))
        tones = self.tones(positions)
        if count == 1:
            tones = np.rint(tones * samples / rate) * rate / samples
        return self._drive(positions[None], tones[None], samples, rate, np.zeros(1))

    def moving(
        self, times: Floats, positions: Floats, rate: float, grain: int
    ) -> Floats:
        """Return samples (2, S) in [-1, 1] that carry traps along.

        times: (T,) s, rising from 0. positions: (T, N, 2) m. After the last time traps
        stand still, until S is a multiple of `grain`.
        """
        samples = grain * int(np.ceil(max(times[-1] * rate, 1) / grain))
        return self._drive(positions, self.tones(positions), samples, rate, times)

    def _drive(
        self, path: Floats, tones: Floats, samples: int, rate: float, times: Floats
    ) -> Floats:
        """Return the samples of traps at path (T, N, 2) m, tones (T, N, 2) Hz."""
        made = np.zeros((2, samples))
        window = max(1, round(self.turn * rate))
        along, cycles = self.along(path), _cycles(times, tones)
        for number, start in enumerate(range(0, samples, window)):
            instants = np.arange(start, min(start + window, samples)) / rate
            middle = _at(times, along, instants[len(instants) // 2])
            lit = grids(middle)
            now = lit[number % len(lit)]
            for axis in range(2):
                most = max(len(distinct(middle[grid, axis])) for grid in lit)
                chosen = now[distinct(middle[now, axis])]
                turned = cycles(instants, chosen, axis)
                made[axis, start : start + len(instants)] = (
                    np.sin(TWO_PI * turned).sum(axis=1) / most
                )
        return made


def _at(times: Floats, values: Floats, instant: float) -> Floats:
    """Return values (T, N, 2) at one instant, on straight lines between times (T,)."""
    after = min(int(np.searchsorted(times, instant, "right")), len(times) - 1)
    before = max(after - 1, 0)
    span = times[after] - times[before]
    share = min((instant - times[before]) / span, 1.0) if span else 0.0
    found: Floats = (1 - share) * values[before] + share * values[after]
    return found


def _cycles(times: Floats, tones: Floats) -> Callable[..., Floats]:
    """Return the integral of tones (T, N, 2) Hz, on straight lines between times (T,).

    Of instants (S,), some tones (M,) and an axis it makes cycles (S, M). After the last
    time tones stay.
    """
    spans = np.diff(times)[:, None, None]
    done = np.zeros_like(tones)
    done[1:] = np.cumsum(spans * (tones[1:] + tones[:-1]) / 2, axis=0)
    slopes = np.zeros_like(tones)
    slopes[:-1] = np.diff(tones, axis=0) / spans

    def cycles(instants: Floats, chosen: NDArray[np.intp], axis: int) -> Floats:
        before = np.searchsorted(times, instants, "right") - 1
        passed = (instants - times[before])[:, None]
        # Most often all of them are on one line.
        rows = np.unique(before) if before[0] == before[-1] else before
        start, speed, slope = (
            each[..., axis][np.ix_(rows, chosen)] for each in (done, tones, slopes)
        )
        found: Floats = start + passed * (speed + passed * slope / 2)
        return found

    return cycles
