"""A timeline for the eye: rows of a table, and a picture of the wires."""

from __future__ import annotations

from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from ccqed_ctrl.errors import TimelineError

from .timeline import Event, Timeline

#: Units of the signals; DAC channels are in volts.
UNITS = {"frequency": "Hz", "phase": "turns", "attenuation": "dB"}

#: Height of one signal's axis in inches.
_ROW = 0.45


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
    names = {channel: name for name, channel in timeline.names.items()}
    events = [
        event for event in timeline.events if event.channel in names or not names_only
    ]
    start = events[0].time_mu if events else 0
    return [_row(event, names, start, ref_period) for event in events]


def picture(
    timeline: Timeline,
    start: float = 0.0,
    stop: float | None = None,
    ref_period: float = 1e-9,
) -> Figure:
    """Draw every laboratory signal over time, one below the other.

    `start` and `stop` in s, since the first event, bound what is shown.

    Raises
    ------
    TimelineError
        Nothing happened on a channel with a laboratory name.
    """
    shown = rows(timeline, ref_period=ref_period)
    if not shown:
        message = "nothing happened on the laboratory's channels; there is no picture"
        raise TimelineError(message)
    stop = shown[-1].time if stop is None else stop
    signals = sorted({(row.name, row.signal) for row in shown})
    size = (9.0, 0.8 + _ROW * len(signals))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(len(signals), sharex=True, squeeze=False)[:, 0]
    for axis, (name, signal) in zip(axes, signals, strict=True):
        steps = [row for row in shown if (row.name, row.signal) == (name, signal)]
        _trace(axis, steps, stop)
    if stop > start:
        axes[-1].set_xlim(1e3 * start, 1e3 * stop)
    axes[-1].set_xlabel("time / ms")
    return figure


def _row(event: Event, names: dict[str, str], start: int, ref_period: float) -> Row:
    return Row(
        (event.time_mu - start) * ref_period,
        names.get(event.channel, event.channel),
        event.signal,
        event.value,
        "V" if event.signal.startswith("dac") else UNITS.get(event.signal, ""),
    )


def _trace(axis: Axes, steps: list[Row], end: float) -> None:
    times = [0.0, *(row.time for row in steps), max(end, steps[-1].time)]
    values = [0.0, *(row.value for row in steps), steps[-1].value]
    axis.step([1e3 * time for time in times], values, where="post", linewidth=1)
    name, signal, unit = steps[0].name, steps[0].signal, steps[0].unit
    label = f"{name}\n{signal}" + (f" / {unit}" if unit else "")
    axis.set_ylabel(label, rotation=0, ha="right", va="center", fontsize="x-small")
    axis.yaxis.set_major_locator(MaxNLocator(2))
    axis.yaxis.set_major_formatter(EngFormatter(sep=""))
    axis.tick_params(labelsize="x-small")
    axis.margins(y=0.2)
    axis.spines[["top", "right"]].set_visible(False)
