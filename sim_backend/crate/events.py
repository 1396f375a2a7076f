"""What the wires did: time-stamped events in any order, sealed as time passes."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ccqed_ctrl import checks
from ccqed_ctrl.errors import ShapeError, TimelineError


class Event(NamedTuple):
    """One change of one physical quantity at the output of one device.

    `time_mu` is RTIO time in machine units, `channel` the device_db key of the driver,
    `signal` one of its quantities and `value` what it became:

    * TTL: `level` 0 or 1
    * AD9910: `frequency` Hz, `amplitude` 0..1, `phase` turns, `coherent` 1 when the
      phase was set in a phase-coherent mode and 0 when not, `attenuation` dB
    * Zotino, Fastino: `dac{n}` volts
    """

    time_mu: int
    channel: str
    signal: str
    value: float


def pack(events: Sequence[Event]) -> dict[str, Any]:
    """Return events as the network carries them: a table of lines, and arrays (n,)."""
    lines = sorted({(event.channel, event.signal) for event in events})
    numbers = {line: number for number, line in enumerate(lines)}
    return {
        "lines": [list(line) for line in lines],
        "line": np.array([numbers[e.channel, e.signal] for e in events], np.uint16),
        "time_mu": np.array([event.time_mu for event in events], np.int64),
        "value": np.array([event.value for event in events], np.float64),
    }


def unpack(batch: Mapping[str, Any]) -> list[Event]:
    """Return the events of a batch.

    Raises
    ------
    ShapeError
        Columns that are no such arrays, or of different lengths, or lines missing.
    """
    lines = [(str(channel), str(signal)) for channel, signal in batch["lines"]]
    times = checks.array("times of events", batch["time_mu"], ("n",), np.int64)
    values = checks.array("values of events", batch["value"], times.shape)
    line = checks.array("lines of events", batch["line"], times.shape, np.int64)
    if len(line) and not 0 <= line.min() <= line.max() < len(lines):
        raise ShapeError(f"events of {line.max() + 1} lines; {len(lines)} have names")
    return [
        Event(time_mu, lines[number][0], lines[number][1], value)
        for time_mu, number, value in zip(
            times.tolist(), line.tolist(), values.tolist(), strict=True
        )
    ]


class Timeline:
    """Events of all channels, kept sorted by time and sealed up to `sealed_mu`.

    `names` (laboratory's name to channel) may be used for channels when asking. Events
    of one instant are ordered by channel and signal, whoever made them first. Without
    `history` an event is forgotten once it is sealed, so that endless kernels fit.
    """

    def __init__(
        self, names: Mapping[str, str] | None = None, *, history: bool = True
    ) -> None:
        self.names = dict(names or {})
        self._history = history
        self._tracks: dict[tuple[str, str], list[tuple[int, float]]] = {}
        self._pending: dict[tuple[int, str, str], Event] = {}
        self._sealed: list[Event] = []
        self.sealed_mu = 0

    @property
    def labels(self) -> dict[str, str]:
        """Channel to the first of the laboratory's names for it."""
        labels: dict[str, str] = {}
        for name, channel in self.names.items():
            labels.setdefault(channel, name)
        return labels

    @property
    def events(self) -> list[Event]:
        """Every event so far, sealed and not yet sealed, by time."""
        return self._sealed + sorted(self._pending.values())

    def add(self, event: Event) -> None:
        """Record an event; one at the same time and signal replaces the earlier one.

        Raises
        ------
        TimelineError
            The event lies before the sealed time: that part of the past was used.
        """
        if event.time_mu < self.sealed_mu:
            message = (
                f"{event.channel}.{event.signal} at {event.time_mu} mu comes too late: "
                f"the timeline is sealed up to {self.sealed_mu} mu"
            )
            raise TimelineError(message)
        self._pending[event.time_mu, event.channel, event.signal] = event
        if not self._history:
            return
        track = self._tracks.setdefault((event.channel, event.signal), [])
        index = bisect_right(track, event.time_mu, key=_time)
        if index and track[index - 1][0] == event.time_mu:
            track[index - 1] = (event.time_mu, event.value)
        elif index == len(track):
            track.append((event.time_mu, event.value))
        else:
            insort(track, (event.time_mu, event.value), key=_time)

    def seal(self, until_mu: int) -> list[Event]:
        """Close the past up to `until_mu` and return its events not yet handed out.

        An event exactly at `until_mu` is handed out; a later replacement at that same
        time is still accepted and handed out by the next call.
        """
        self.sealed_mu = max(self.sealed_mu, until_mu)
        taken = [key for key in self._pending if key[0] <= self.sealed_mu]
        events = sorted(self._pending.pop(key) for key in taken)
        if self._history:
            self._sealed += events
        return events

    def value(self, channel: str, signal: str, at: int | None = None) -> float:
        """Return the value at time `at` (the last one without), 0 before any event.

        Raises
        ------
        TimelineError
            Nothing was ever recorded on that channel and signal.
        """
        track = self._track(channel, signal)
        index = len(track) if at is None else bisect_right(track, at, key=_time)
        return track[index - 1][1] if index else 0.0

    def pulses(self, channel: str) -> list[tuple[int, int]]:
        """Return (start, stop) in mu of each interval with a high level.

        A level still high at the end is not a pulse and is left out; a channel that was
        never driven has none.
        """
        pulses = []
        start: int | None = None
        channel = self.names.get(channel, channel)
        for time_mu, level in self._tracks.get((channel, "level"), []):
            if level and start is None:
                start = time_mu
            elif not level and start is not None:
                pulses.append((start, time_mu))
                start = None
        return pulses

    def signals(self) -> list[tuple[str, str]]:
        """Return every (channel, signal) that was driven, sorted."""
        return sorted(self._tracks)

    def track(self, channel: str, signal: str) -> list[tuple[int, float]]:
        """Return the (time_mu, value) steps of one signal.

        Raises
        ------
        TimelineError
            Nothing was ever recorded on that channel and signal.
        """
        return list(self._track(channel, signal))

    def _track(self, channel: str, signal: str) -> list[tuple[int, float]]:
        channel = self.names.get(channel, channel)
        try:
            return self._tracks[channel, signal]
        except KeyError:
            known = ", ".join(f"{c}.{s}" for c, s in self.signals()) or "nothing"
            message = f"no event on {channel}.{signal}; driven so far: {known}"
            raise TimelineError(message) from None


def _time(step: tuple[int, float]) -> int:
    return step[0]
