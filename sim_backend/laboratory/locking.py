"""The lock of the cavity to the pump: whether it holds."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

#: -Delta_C of a cavity that is not locked, in kappa: dark, and without couplings to
#: speak of. The real one sweeps over its free spectral range.
UNLOCKED: Final = 300.0


class CavityLock:
    """Locked from the beginning, and lost at random, `loss_rate` times a second."""

    def __init__(
        self, loss_rate: float, ref_period: float, rng: np.random.Generator
    ) -> None:
        self._rate_mu, self._rng = loss_rate * ref_period, rng
        #: From when on it is lost, mu.
        self.lost_mu = math.inf
        self.acquire(0)

    def holds(self, time_mu: float) -> bool:
        """Return whether the cavity is locked at a time."""
        return time_mu < self.lost_mu

    def lose(self, time_mu: float) -> None:
        """Lose the lock at a time, unless it is lost before."""
        self.lost_mu = min(self.lost_mu, time_mu)

    def acquire(self, time_mu: float) -> None:
        """Lock the cavity again."""
        waiting = self._rng.exponential()
        rate = self._rate_mu
        self.lost_mu = time_mu + waiting / rate if rate else math.inf
