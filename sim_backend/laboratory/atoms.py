"""The atoms in their traps: what cavity, pump and pattern make of them, and when.

Axes: K modes, N sites, L spots of the DMD.
"""

from __future__ import annotations

import logging
import math

import numpy as np
from numpy.typing import NDArray

from . import ensembles
from .ageing import Ageing
from .controls import Setting
from .optics import Optics
from .phases import Phases
from .physics.system import Drive, SpinSystem
from .scenario import Scenario

logger = logging.getLogger(__name__)

Floats = NDArray[np.float64]


class Atoms:
    """Ensembles at sites (N, 2) m in the light of one laboratory."""

    def __init__(self, truth: Scenario, optics: Optics, ref_period: float) -> None:
        self._truth, self._optics, self._period = truth, optics, ref_period
        self._doubts: set[str] = set()
        self._spots: tuple[Floats, Floats] | None = None

    def place(self, sites: Floats) -> None:
        """Put the atoms that are prepared next into traps at sites (N, 2) m."""
        self.sites, self.size = sites, math.nan

    def feel(self, spots: tuple[Floats, Floats] | None) -> None:
        """Let light of spots (K, L), of amplitudes (L,), act; None is none at all."""
        self._spots = spots
        self._shape_field()

    def prepare(
        self,
        spins: Floats,
        phases: Phases,
        ageing: Ageing,
        rng: np.random.Generator,
        chance: np.random.Generator,
    ) -> None:
        """Pump every atom into the lower spin state.

        Parameters
        ----------
        spins : (N,)
            S_i = M_i / 2, 0 of an empty site.
        phases, ageing
            Of this preparation.
        rng, chance
            Draw the quantum noise of the state, and what happens afterwards.
        """
        truth = self._truth
        self.spins, self._phases, self.ageing = spins, phases, ageing
        self.shifts = self._optics.shifts(self.sites, 2 * spins)
        elsewhere = self.size != truth.cloud.size
        if elsewhere:
            self._couple(truth.cloud.size)
        if elsewhere or self.shifts is not None:
            self._shape_field()
        self._arrange()
        self.ensembles = ensembles.prepare(self.system.spins, truth, rng, chance)

    def _couple(self, size: float) -> None:
        """Work out what cavity and pump make of clouds of an rms size in m."""
        self.size, self.clouds = size, self._optics.clouds(self.sites, size)
        self.couplings = self._optics.couplings(self.clouds)

    def _shape_field(self) -> None:
        """Work out what the shown pattern drives at the sites, K f (N,)."""
        self.pattern_field = np.zeros(self.clouds.shape[1])
        if self._spots is not None:
            self.pattern_field = self._optics.driven_field(
                self.clouds, *self._spots, self.shifts
            )

    def _arrange(self) -> None:
        self.system = ensembles.spin_system(
            self._truth, self.couplings, self.spins, self.shifts
        )

    # Time ----------------------------------------------------------------------

    def evolve(
        self, edges: NDArray[np.int64], settings: list[Setting], times: Floats
    ) -> Floats:
        """Live through settings between `edges`; return <Sx> over first S at `times`.

        edges: (P + 1,) mu. times: (T,) mu, within. The result is (T, N).
        """
        if len(self.spins) == 0:
            return np.empty((len(times), 0))
        ageing = self.ageing
        if not ageing.happens:
            return self._relax(self.system, edges, settings, times)
        edges, settings = ageing.cut(edges, settings)
        shown = []
        for start, stop, setting in zip(edges[:-1], edges[1:], settings, strict=True):
            inside = times[(times >= start) & (times < stop)]
            part, gain = np.array([start, stop]), ageing.gain(start)
            system = ageing.system(self.system, start, setting, self._felt(setting))
            rows = self._relax(system, part, [setting], inside, gain)
            shown.append(ageing.spins_left(start) * rows)
            ageing.live(setting, stop - start)
            self._heat()
        return np.concatenate(shown)

    def _relax(
        self,
        system: SpinSystem,
        edges: NDArray[np.int64],
        settings: list[Setting],
        times: Floats,
        gain: float = 1.0,
    ) -> Floats:
        """Evolve one system over `edges`; return magnetizations at `times`, mu."""
        origin = edges[0]
        drive = Drive(
            times=(edges - origin) * self._period,
            power=np.array([self.power(setting) for setting in settings]),
            field=np.stack([gain * self.field(setting) for setting in settings]),
            noise=np.array([setting.noise for setting in settings]),
        )
        seconds = (times - origin) * self._period
        shown = self.ensembles.evolve(system, drive, seconds)
        self._note(self.ensembles.doubts)
        return shown

    def _note(self, doubts: set[str]) -> None:
        """Tell of each broken condition of the dynamics once."""
        for doubt in sorted(doubts - self._doubts):
            logger.warning(
                "%s: outside of what dynamics=%s is valid for; dynamics=semiclassical "
                "needs no such condition",
                doubt,
                self._truth.dynamics,
            )
        self._doubts |= doubts

    def doubts(self) -> list[str]:
        """Return which conditions of the dynamics were broken so far, by name."""
        return sorted(self._doubts)

    def _felt(self, setting: Setting) -> Floats:
        """Return the total fields b_i (N,) in rad/s."""
        spins = 2 * self.spins * self.ensembles.magnetization
        return self.power(setting) * (self.couplings @ spins) + self.field(setting)

    def _heat(self) -> None:
        """Follow the clouds where they have grown by more than a per cent."""
        size = self.ageing.cloud_size()
        if size > 1.01 * self.size:
            self._couple(size)
            self._shape_field()
            self._arrange()

    def power(self, setting: Setting) -> float:
        """Return the pump's power over that of the scenario."""
        return (setting.rabi_frequency / self._truth.pump.rabi_frequency) ** 2

    def field(self, setting: Setting) -> Floats:
        """Return h (N,) rad/s: pump times longitudinal drive, in phase or not."""
        truth = self._truth
        angle = self._phases.longitudinal(setting)
        pump = setting.rabi_frequency / truth.pump_calibration.rabi_frequency_1v
        strength = truth.longitudinal.full_scale * setting.longitudinal * pump
        return strength * np.cos(angle) * self.pattern_field
