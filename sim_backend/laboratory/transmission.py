"""A weak probe through the cavity, and the photons of it that are counted.

The probe is light of the pump's laser, moved by its tone: at `pump_frequency` it has
the pump's frequency, so that it is Delta_C + 2 pi (f - pump_frequency) from the cavity.
Of TEM00, which it is matched to, the field decays at kappa; atoms are not in its way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ccqed_ctrl.quantities import Parameters, quantity
from ccqed_ctrl.units import TWO_PI

from .controls import Controls
from .wiring import PROBE

#: After a click the counter is blind this long, mu; a click is half of that.
DEAD = 20
#: Over which Delta_C is taken for constant, mu.
_SLICE = 100_000


@dataclass(frozen=True)
class ProbeLight(Parameters):
    """The probe, and how it is counted."""

    pump_frequency: float = quantity(
        200e6, "tone of the probe at which it has the pump's frequency", "MHz",
        minimum=1e6, maximum=400e6,
    )  # fmt: skip
    rate: float = quantity(
        2e5, "counts of the full probe on resonance", "1/s", minimum=0.0, maximum=1e7
    )
    dark_rate: float = quantity(
        200.0, "counts without light", "1/s", minimum=0.0, maximum=1e6
    )


class Transmission:
    """Counts of a probe; `detuning` tells the present Delta_C in rad/s at a time."""

    def __init__(
        self,
        light: ProbeLight,
        kappa: float,
        detuning: Callable[[float], float],
        period: float,
        rng: np.random.Generator,
    ) -> None:
        self._light, self._kappa, self._detuning = light, kappa, detuning
        self._period, self._rng = period, rng
        #: Since when (mu), with which amplitude and frequency (Hz) the probe is.
        self._steps = [(0, 0.0, 0.0)]

    def follow(self, controls: Controls, time_mu: int) -> None:
        """Take over what the probe does from a time on."""
        amplitude, frequency = controls.tone(PROBE), controls.get(PROBE, "frequency")
        if (amplitude, frequency) != self._steps[-1][1:]:
            self._steps.append((time_mu, amplitude, frequency))

    def rate(self, amplitude: float, frequency: float, time_mu: float) -> float:
        """Return the counts per second that are to be expected."""
        moved = TWO_PI * (frequency - self._light.pump_frequency)
        far = (self._detuning(time_mu) + moved) / self._kappa
        return self._light.dark_rate + self._light.rate * amplitude**2 / (1 + far**2)

    def clicks(self, start_mu: int, stop_mu: int) -> list[tuple[int, int]]:
        """Return (time_mu, level) of each edge of the counter in [start, stop)."""
        edges: list[tuple[int, int]] = []
        free = start_mu
        for begin, end, amplitude, frequency in self._pieces(start_mu, stop_mu):
            rate = self.rate(amplitude, frequency, begin)
            count = self._rng.poisson(rate * (end - begin) * self._period)
            for time_mu in np.sort(self._rng.integers(begin, end, count)).tolist():
                if time_mu >= free and time_mu + DEAD // 2 < stop_mu:
                    edges += [(time_mu, 1), (time_mu + DEAD // 2, 0)]
                    free = time_mu + DEAD
        return edges

    def _pieces(
        self, start_mu: int, stop_mu: int
    ) -> Iterator[tuple[int, int, float, float]]:
        """Cut a window where the probe changes, and into slices; forget what was."""
        kept = [step for step in self._steps if step[0] > start_mu]
        self._steps = [step for step in self._steps if step[0] <= start_mu][-1:] + kept
        ends = [step[0] for step in self._steps[1:]] + [stop_mu]
        for (since, amplitude, frequency), until in zip(self._steps, ends, strict=True):
            first, last = max(since, start_mu), min(until, stop_mu)
            for begin in range(first, last, _SLICE):
                yield begin, min(begin + _SLICE, last), amplitude, frequency
