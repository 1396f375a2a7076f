"""Events that take effect late: light behind the RF, exposures behind the trigger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from sim_backend.crate.events import Event

from .imperfections import Delays
from .wiring import TONES


class Latencies:
    """Holds back what the tones' channels do, and says how late an exposure is."""

    def __init__(
        self,
        delays: Delays,
        wiring: Mapping[str, str],
        ref_period: float,
        rng: np.random.Generator,
    ) -> None:
        self._delays, self._period, self._rng = delays, ref_period, rng
        self._late_mu = round(delays.aom / ref_period)
        roles = (*TONES, *(f"{tone}_switch" for tone in TONES))
        self._channels = {wiring[role] for role in roles}
        self.coming: list[Event] = []

    def release(self, events: Iterable[Event], until_mu: int) -> list[Event]:
        """Return what takes effect up to `until_mu`, in order; keep what comes later.

        events: in order of time, none after `until_mu`.
        """
        arrived = [*self.coming, *(self._delayed(event) for event in events)]
        arrived.sort(key=lambda event: event.time_mu)
        self.coming = [event for event in arrived if event.time_mu > until_mu]
        return arrived[: len(arrived) - len(self.coming)]

    def _delayed(self, event: Event) -> Event:
        if not self._late_mu or event.channel not in self._channels:
            return event
        return event._replace(time_mu=event.time_mu + self._late_mu)

    def exposure(self) -> int:
        """Return by how much an exposure is later than its trigger, mu."""
        scatter = self._rng.normal(scale=self._delays.trigger_jitter)
        return round(max(self._delays.trigger + scatter, 0.0) / self._period)
