"""A timeline for the eye: rows of a table by laboratory name."""

from __future__ import annotations

from typing import NamedTuple

from sim_backend.crate.events import Event, Timeline

#: Units of the signals; DAC channels are in volts.
UNITS = {"frequency": "Hz", "phase": "turns", "attenuation": "dB"}


class Row(NamedTuple):
    """One event as people read it: time in s since the first event shown."""

    time: float
    name: str
    signal: str
    value: float
    unit: str


def rows(
    timeline: Timeline, names_only: bool = True, ref_period: float = 1e-9
) -> list[Row]:
    """Return the events in time order, by laboratory name.

    Channels without such a name (IO_UPDATE, LDAC and the like) are left out unless
    `names_only` is False. `ref_period` is a machine unit in s.
    """
    names = timeline.labels
    events = [
        event for event in timeline.events if event.channel in names or not names_only
    ]
    start = events[0].time_mu if events else 0
    return [_row(event, names, start, ref_period) for event in events]


def _row(event: Event, names: dict[str, str], start: int, ref_period: float) -> Row:
    return Row(
        (event.time_mu - start) * ref_period,
        names.get(event.channel, event.channel),
        event.signal,
        event.value,
        "V" if event.signal.startswith("dac") else UNITS.get(event.signal, ""),
    )
