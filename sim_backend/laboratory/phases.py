"""The phases of one preparation: what the interferometers' paths add to the tones."""

from __future__ import annotations

import numpy as np

from ccqed_ctrl.units import TWO_PI

from .controls import Setting
from .scenario import Scenario


class Phases:
    """From `start_mu` on, until atoms are prepared anew.

    rng draws what one preparation differs by, `reference` the rate of the drift.
    """

    def __init__(
        self,
        truth: Scenario,
        start_mu: int,
        ref_period: float,
        rng: np.random.Generator,
        reference: np.random.Generator,
    ) -> None:
        self._truth, self._period = truth, ref_period
        self.start_mu = start_mu
        #: Phase of the reference, rad, and its rate, rad/s.
        self.drift = rng.normal(scale=truth.imperfections.phase_drift)
        self._lost = rng.uniform(0, TWO_PI, size=2)
        self.drift_rate = reference.normal(scale=truth.imperfections.phase_drift_rate)

    def longitudinal(self, setting: Setting) -> float:
        """Return the phase of the longitudinal drive against the pump, rad."""
        angle = TWO_PI * (setting.longitudinal_phase - setting.pump_phase)
        angle += self._truth.longitudinal.phase + self._unlocked(setting, 0)
        return angle

    def hologram(self, setting: Setting, instant: float) -> float:
        """Return the phase of the light against the reference at an instant, rad."""
        angle = TWO_PI * (setting.pump_phase - setting.reference_phase)
        seconds = (instant - self.start_mu) * self._period
        drift = self.drift + self.drift_rate * seconds
        angle += self._truth.imaging.phase + drift + self._unlocked(setting, 1)
        return angle

    def _unlocked(self, setting: Setting, beam: int) -> float:
        """Return the unknown phase of tones without a common fiducial."""
        return 0.0 if setting.locked else float(self._lost[beam])
