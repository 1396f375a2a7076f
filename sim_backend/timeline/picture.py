"""A picture of a run: one lane per channel, by the laboratory's names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ccqed_ctrl.errors import TimelineError
from sim_backend.crate.events import Timeline

_LEVEL, _AMPLITUDE, _SWITCH = "level", "amplitude", "_switch"
_HEIGHT = 0.75
#: What is drawn, in this order from the top, and how.
_COLOURS = {_AMPLITUDE: "tab:blue", "dac": "tab:red", _LEVEL: "tab:gray"}


class Lane(NamedTuple):
    """Steps of one signal: times (K,) in s, values (K,), and when it is let through.

    `gate` holds (start, stop) in s of each time its switch lets it through, None for a
    signal without switch.
    """

    name: str
    kind: str
    unit: str
    times: NDArray[np.float64]
    values: NDArray[np.float64]
    gate: list[tuple[float, float]] | None


def draw(
    timeline: Timeline,
    start: float | None = None,
    stop: float | None = None,
    ref_period: float = 1e-9,
) -> Figure:
    """Draw levels, amplitudes and voltages over time.

    A tone's amplitude is filled while its RF switch lets it through. Times in s count
    from the first event on a named channel; without `start` and `stop` the picture goes
    from the first digital output that rises to the last that falls.

    Raises
    ------
    TimelineError
        Nothing happened on a channel with a laboratory name.
    """
    found = lanes(timeline, ref_period)
    if not found:
        message = "nothing happened on the laboratory's channels; there is no picture"
        raise TimelineError(message)
    first, last = _window(found)
    first, last = first if start is None else start, last if stop is None else stop
    figure = Figure(figsize=(9.0, 1.0 + 0.5 * len(found)), layout="constrained")
    axes = figure.subplots()
    for row, lane in enumerate(reversed(found)):
        _draw_lane(axes, lane, row, first, last)
    axes.set_yticks(
        [row + _HEIGHT / 2 for row in range(len(found))],
        [lane.name for lane in reversed(found)],
    )
    axes.set_xlim(1e3 * first, 1e3 * last)
    axes.set_ylim(-0.15, len(found))
    axes.set_xlabel("time since the first event / ms")
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", linewidth=0.3)
    axes.spines[["top", "right", "left"]].set_visible(False)
    return figure


def lanes(timeline: Timeline, ref_period: float = 1e-9) -> list[Lane]:
    """Return what is drawn, tones first, then voltages, then levels.

    A switch named like a tone is part of the tone's lane; what is always zero has none.
    """
    channels = timeline.labels
    named = (e.time_mu for e in timeline.events if e.channel in channels)
    origin = next(named, 0)
    found = [
        _lane(timeline, channels[channel], (channel, signal), origin, ref_period)
        for channel, signal in timeline.signals()
        if channel in channels and _kind(signal) in _COLOURS
    ]
    drawn = {f"{lane.name}{_SWITCH}" for lane in found if lane.gate is not None}
    shown = [lane for lane in found if lane.name not in drawn and lane.values.any()]
    order = list(_COLOURS)
    return sorted(shown, key=lambda lane: (order.index(lane.kind), _natural(lane.name)))


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts dac2 before dac10."""
    return [
        (int(digits or 0), text) for digits, text in re.findall(r"(\d*)(\D*)", name)
    ]


def _lane(
    timeline: Timeline,
    name: str,
    track: tuple[str, str],
    origin: int,
    ref_period: float,
) -> Lane:
    kind = _kind(track[1])
    steps = np.array(timeline.track(*track), dtype=float)
    times = (steps[:, 0] - origin) * ref_period
    gate = None
    if kind == _AMPLITUDE and f"{name}{_SWITCH}" in timeline.names:
        gate = [
            ((start - origin) * ref_period, (stop - origin) * ref_period)
            for start, stop in timeline.pulses(f"{name}{_SWITCH}")
        ]
    label, unit = (f"{name} {track[1]}", " V") if kind == "dac" else (name, "")
    return Lane(label, kind, unit, times, steps[:, 1], gate)


def _kind(signal: str) -> str:
    return "dac" if signal.startswith("dac") else signal


def _window(found: list[Lane]) -> tuple[float, float]:
    """Return from when to when something digital was high, with a margin."""
    high = [pulse for lane in found for pulse in _high(lane)]
    if not high:
        every = np.concatenate([lane.times for lane in found])
        high = [(every.min(), every.max())]
    first, last = min(p[0] for p in high), max(p[1] for p in high)
    margin = 0.02 * (last - first) or 1e-6
    return first - margin, last + margin


def _high(lane: Lane) -> Iterator[tuple[float, float]]:
    if lane.gate is not None:
        yield from lane.gate
    elif lane.kind == _LEVEL:
        up = np.flatnonzero(lane.values)
        ends = np.append(lane.times[1:], lane.times[-1])
        yield from zip(lane.times[up], ends[up], strict=True)


def _draw_lane(axes: Axes, lane: Lane, row: int, first: float, last: float) -> None:
    top = float(np.abs(lane.values).max()) or 1.0
    times = np.concatenate([[min(first, lane.times[0])], lane.times, [last]])
    values = np.concatenate([[0.0], lane.values, lane.values[-1:]])
    heights = row + _HEIGHT * values / top
    colour = _COLOURS[lane.kind]
    thin = 0.6 if lane.gate is not None else 1.2
    axes.step(1e3 * times, heights, where="post", color=colour, linewidth=thin)
    options: dict[str, Any] = {
        "step": "post",
        "color": colour,
        "alpha": 0.35,
        "linewidth": 0.8,
    }
    if lane.gate is None:
        axes.fill_between(1e3 * times, row, heights, **options)
    for start, stop in lane.gate or ():
        inside = (times > start) & (times < stop)
        edges = np.concatenate([[start], times[inside], [stop]])
        level = heights[np.searchsorted(times, edges, side="right") - 1]
        axes.fill_between(1e3 * edges, row, level, **options)
    if lane.kind != _LEVEL:
        text = f"{top:.3g}{lane.unit}"
        axes.annotate(
            text, (1.0, row + _HEIGHT), (4, 0), fontsize="x-small", va="center",
            xycoords=("axes fraction", "data"), textcoords="offset points",
        )  # fmt: skip
