"""What a picture of a run shows: one lane per signal, by the laboratory's names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_backend.crate.events import Timeline

#: The least that is looked at, s: what is switched on once has no duration.
_SHORTEST = 1e-6
#: Kinds of lanes, in their order from the top.
TONE, FREQUENCY, VOLTAGE, LEVEL = "amplitude", "frequency", "dac", "level"
KINDS = (TONE, FREQUENCY, VOLTAGE, LEVEL)
_SWITCH = "_switch"


@dataclass(frozen=True)
class Lane:
    """Steps of one signal.

    name: the laboratory's. device: key in the device database, and which of its outputs
    (empty if the name says it). kind: one of `KINDS`. times: (K,) s since the first
    event. values: (K,) from those times on. gate: start and stop in s of each time the
    switch of a tone lets it through; None for a signal without switch. carrier:
    frequency of a tone, Hz; 0 if it has several, or none.
    """

    name: str
    device: str
    kind: str
    times: NDArray[np.float64]
    values: NDArray[np.float64]
    gate: list[tuple[float, float]] | None = None
    carrier: float = 0.0

    @property
    def span(self) -> tuple[float, float]:
        """Lowest and highest value to draw: zero is among them, but for a frequency."""
        low, high = float(self.values.min()), float(self.values.max())
        return (
            (low, high) if self.kind == FREQUENCY else (min(low, 0.0), max(high, 0.0))
        )

    def changes(self) -> NDArray[np.float64]:
        """Return when something changes in this lane, s."""
        before = np.concatenate([[0.0], self.values[:-1]])
        switched = np.ravel(self.gate or []).astype(float)
        return np.concatenate([self.times[self.values != before], switched])

    def high(self) -> Iterator[tuple[float, float]]:
        """Yield start and stop in s of each time something is switched on."""
        if self.gate is not None:
            yield from self.gate
        elif self.kind == LEVEL:
            up = np.flatnonzero(self.values)
            ends = np.append(self.times[1:], self.times[-1])
            yield from zip(self.times[up], ends[up], strict=True)


def lanes(timeline: Timeline, ref_period: float = 1e-9) -> list[Lane]:
    """Return what is drawn: tones, voltages, digital lines, each by name.

    A switch named like a tone is part of the tone's lane; what is always zero has none,
    nor has a frequency that never changes.
    """
    labels = timeline.labels
    named = (event.time_mu for event in timeline.events if event.channel in labels)
    origin = next(named, 0)
    found = [
        _lane(timeline, labels[channel], (channel, signal), origin, ref_period)
        for channel, signal in timeline.signals()
        if channel in labels and _kind(signal) in KINDS
    ]
    drawn = {f"{lane.name}{_SWITCH}" for lane in found if lane.gate is not None}
    shown = [lane for lane in found if lane.name not in drawn and _says(lane)]
    return sorted(shown, key=_order)


def window(found: Iterable[Lane]) -> tuple[float, float]:
    """Return from when to when something is switched on, in s."""
    found = list(found)
    spans = np.array([pulse for lane in found for pulse in lane.high()])
    if not len(spans):
        spans = np.concatenate([lane.times for lane in found])
    start = float(spans.min())
    return start, max(float(spans.max()), start + _SHORTEST)


def _lane(
    timeline: Timeline,
    name: str,
    track: tuple[str, str],
    origin: int,
    ref_period: float,
) -> Lane:
    channel, signal = track
    kind = _kind(signal)
    steps = np.array(timeline.track(channel, signal), dtype=float)
    times, values = (steps[:, 0] - origin) * ref_period, steps[:, 1]
    gate, carrier = None, 0.0
    if kind == TONE and f"{name}{_SWITCH}" in timeline.names:
        gate = [
            ((start - origin) * ref_period, (stop - origin) * ref_period)
            for start, stop in timeline.pulses(f"{name}{_SWITCH}")
        ]
    if kind == TONE and (channel, FREQUENCY) in timeline.signals():
        several = {value for _, value in timeline.track(channel, FREQUENCY)}
        carrier = several.pop() if len(several) == 1 else 0.0
    output = signal if kind in (VOLTAGE, FREQUENCY) else ""
    device = f"{channel} {output}".strip() if channel != name or output else ""
    return Lane(name, device, kind, times, values, gate, carrier)


def _kind(signal: str) -> str:
    return VOLTAGE if signal.startswith(VOLTAGE) else signal


def _says(lane: Lane) -> bool:
    if lane.kind == FREQUENCY:
        return len(np.unique(lane.values)) > 1
    return bool(lane.values.any())


def _order(lane: Lane) -> tuple[int, list[tuple[int, str]], str]:
    """Return a key: tones with frequencies, voltages, levels; dac2 before dac10."""
    place = [
        (int(digits or 0), text)
        for digits, text in re.findall(r"(\d*)(\D*)", f"{lane.name} {lane.device}")
    ]
    panel = KINDS.index(TONE if lane.kind == FREQUENCY else lane.kind)
    return panel, place, lane.kind
