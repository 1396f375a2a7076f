"""One plant for many runs: each connection has a time of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim_backend.crate.events import Event, unpack

from .plant import Plant


class Session:
    """The plant as the crate of one run sees it, by role.

    Its time is 0 when it connects, and stands still while other runs move the plant, so
    that runs can take turns. What was so when the last run ended is still so.
    """

    def __init__(self, plant: Plant, truth: Mapping[str, Any], seed: int) -> None:
        self._plant, self._truth, self._seed = plant, dict(truth), seed
        self._reached_mu, self._offset_mu = 0, plant.now_mu
        self._coming: list[Event] = []
        self._first_shot = plant.faults.shot + 1

    def identity(self) -> dict[str, Any]:
        """Return module, truth and seed of the plant, and its time, mu.

        Faults of the truth are those that were armed at some time of this session.
        """
        armed = self._plant.faults.armed_since(self._first_shot)
        return {
            "module": __package__,
            "truth": self._truth | {"faults": tuple(armed)},
            "seed": self._seed,
            "now_mu": self._plant.now_mu,
        }

    def add(self, batch: Mapping[str, Any]) -> None:
        """Take events (`sim_backend.crate.events.pack`) for the next `advance`.

        Raises
        ------
        ShapeError, ParameterError
            No events.
        """
        self._coming += unpack(batch)

    def advance(self, until_mu: int) -> None:
        """Let the plant live through the events, up to a time of this session.

        Raises
        ------
        TimelineError
            An event before the present, or after `until_mu`.
        """
        events, self._coming = self._coming, []
        # Others have moved the plant: they did so while this run was waiting.
        self._offset_mu = max(self._offset_mu, self._plant.now_mu - self._reached_mu)
        offset = self._offset_mu
        moved = [event._replace(time_mu=event.time_mu + offset) for event in events]
        self._plant.advance(moved, int(until_mu) + offset)
        self._reached_mu = max(self._reached_mu, int(until_mu))

    def observe(self, role: str, signal: str, time_mu: int) -> float:
        """Return what an input sees; `advance` up to then first."""
        return self._plant.observe(role, signal, int(time_mu) + self._offset_mu)

    def edges(self, role: str, start_mu: int, stop_mu: int) -> list[tuple[int, int]]:
        """Return (time_mu, level) of each change of an input in [start, stop)."""
        offset = self._offset_mu
        seen = self._plant.edges(role, int(start_mu) + offset, int(stop_mu) + offset)
        return [(time_mu - offset, level) for time_mu, level in seen]

    def stalls(self) -> dict[int, float]:
        """Return before which output events the CPU stands still, for how long, s."""
        return self._plant.stalls()

    def safe_state(self) -> list[str]:
        """Return the roles that are not in their safe state."""
        return self._plant.safe_state()

    def doubts(self) -> list[str]:
        """Return what was outside its validity so far, by name."""
        return self._plant.doubts()
