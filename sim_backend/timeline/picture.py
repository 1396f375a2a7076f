"""A picture of a run: panels of lanes over a time axis with folds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import EngFormatter, MaxNLocator
from numpy.typing import NDArray

from ccqed_ctrl.errors import TimelineError
from sim_backend.crate.events import Timeline

from .folding import Folding, fold
from .lanes import FREQUENCY, LEVEL, TONE, VOLTAGE, Lane, lanes, window

#: Of a lane, where the distance between lanes is 1.
_HEIGHT = 0.72
_COLOURS = {TONE: "tab:blue", FREQUENCY: "tab:green", VOLTAGE: "tab:red", LEVEL: "0.3"}
_UNITS = {TONE: "", FREQUENCY: "Hz", VOLTAGE: "V", LEVEL: ""}
_SMALL, _TINY = 8.0, 6.5
_SHADE = 0.35
#: Width of a character of a tick's label, of the time axis.
_CHARACTER = 0.0125


class _Panel(NamedTuple):
    title: str
    kinds: tuple[str, ...]
    legend: dict[str, str]


_PANELS = (
    _Panel("DDS tones", (TONE, FREQUENCY), {TONE: "amplitude", FREQUENCY: "frequency"}),
    _Panel("Analog outputs", (VOLTAGE,), {VOLTAGE: "voltage"}),
    _Panel("Digital lines", (LEVEL,), {}),
)


def draw(
    timeline: Timeline,
    start: float | None = None,
    stop: float | None = None,
    ref_period: float = 1e-9,
    head: str = "",
) -> Figure:
    """Draw amplitudes, voltages and levels over time, in a panel for each.

    A tone's amplitude is filled while its RF switch lets it through. Long stretches in
    which nothing changes are folded, with their duration written in the fold.

    Parameters
    ----------
    timeline : Timeline
    start, stop : float, optional
        What is to be seen, in s since the first event on a named channel; without them
        from the first output that is switched on to the last that is switched off.
    ref_period : float
        A machine unit, s.
    head : str
        What this is, for the picture's head line.

    Raises
    ------
    TimelineError
        Nothing happened on a channel with a laboratory name, or start is not before
        stop.
    """
    found = lanes(timeline, ref_period)
    if not found:
        message = "nothing happened on the laboratory's channels; there is no picture"
        raise TimelineError(message)
    first, last = window(found)
    first, last = first if start is None else start, last if stop is None else stop
    if not first < last:
        message = f"a picture needs start < stop; got {first:g} s and {last:g} s"
        raise TimelineError(message)
    folding = fold(np.concatenate([lane.changes() for lane in found]), first, last)
    return _compose(found, folding, (first, last), head)


def _compose(
    found: list[Lane], folding: Folding, shown: tuple[float, float], head: str
) -> Figure:
    panels = [
        (panel, mine)
        for panel in _PANELS
        if (mine := [lane for lane in found if lane.kind in panel.kinds])
    ]
    rows = [len(mine) for _, mine in panels]
    figure = Figure(
        figsize=(7.2, 1.1 + 0.38 * sum(rows) + 0.35 * len(rows)), layout="constrained"
    )
    every = figure.subplots(
        len(panels), sharex=True, squeeze=False, height_ratios=rows
    )[:, 0]
    every[0].set_xscale("function", functions=(folding.place, folding.time))
    every[0].set_xlim(folding.parts[0, 0], folding.parts[-1, 1])
    for axes, (panel, mine) in zip(every, panels, strict=True):
        _draw_panel(axes, panel, mine)
        _draw_folds(axes, folding)
    _draw_time(every[-1], folding, shown[0])
    said = f"{_eng(shown[1] - shown[0], 's')} of the run"
    text = f"{head}, {said}" if head else said
    figure.suptitle(text, x=0.01, ha="left", fontsize=10)
    return figure


def _draw_panel(axes: Axes, panel: _Panel, mine: list[Lane]) -> None:
    axes.set_title(panel.title, loc="left", fontsize=9, fontweight="bold", pad=4)
    for row, lane in enumerate(reversed(mine)):
        _draw_lane(axes, lane, row)
        _name(axes, lane, row)
    axes.set_ylim(-0.5 * (1 - _HEIGHT), len(mine) - 0.5 * (1 - _HEIGHT))
    axes.set_yticks([])
    axes.tick_params(axis="x", length=0, labelbottom=False)
    axes.grid(axis="x", linewidth=0.3)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_linewidth(0.5)
    axes.legend(
        handles=_legend(panel, mine), loc="lower right", bbox_to_anchor=(1.0, 1.0),
        ncols=4, frameon=False, fontsize=_SMALL, borderaxespad=0.1, handlelength=1.6,
    )  # fmt: skip


def _legend(panel: _Panel, mine: list[Lane]) -> list[Artist]:
    kinds = {lane.kind for lane in mine}
    handles: list[Artist] = [
        Line2D([], [], color=_COLOURS[kind], linewidth=1.0, label=label)
        for kind, label in panel.legend.items()
        if kind in kinds
    ]
    if any(lane.gate is not None for lane in mine):
        handles.append(
            Patch(color=_COLOURS[TONE], alpha=_SHADE, label="through the RF switch")
        )
    if LEVEL in kinds:
        handles.append(Patch(color=_COLOURS[LEVEL], alpha=_SHADE, label="high"))
    return handles


def _name(axes: Axes, lane: Lane, row: int) -> None:
    """Write name, device, and the values at top and bottom beside a lane."""
    options: dict[str, Any] = {
        "xycoords": ("axes fraction", "data"), "textcoords": "offset points",
        "annotation_clip": False,
    }  # fmt: skip
    middle = row + _HEIGHT / 2
    left = {"ha": "right", **options}
    lift = 4 if lane.device else 0
    axes.annotate(
        lane.name, (0, middle), (-5, lift), va="center", fontsize=_SMALL, **left
    )
    axes.annotate(
        lane.device, (0, middle), (-5, -5), va="center", fontsize=_TINY, color="0.45",
        **left,
    )  # fmt: skip
    if lane.kind == LEVEL:
        return
    low, high = lane.span
    top = _eng(high, _UNITS[lane.kind], 4)
    if lane.carrier:
        top = f"{top} at {_eng(lane.carrier, 'Hz', 4)}"
    right = {"fontsize": _TINY, "color": _COLOURS[lane.kind], **options}
    axes.annotate(top, (1, row + _HEIGHT), (3, 0), va="top", **right)
    if low:
        axes.annotate(_eng(low, _UNITS[lane.kind], 4), (1, row), (3, 0), **right)


def _draw_lane(axes: Axes, lane: Lane, row: int) -> None:
    low, high = lane.span

    def height(value: NDArray[np.float64] | float) -> Any:
        return row + _HEIGHT * (np.asarray(value) - low) / (high - low)

    times, values = _seen(lane, *axes.get_xlim())
    colour, zero = _COLOURS[lane.kind], height(max(0.0, low))
    thin = 0.6 if lane.gate is not None else 1.0
    axes.step(times, height(values), where="post", color=colour, linewidth=thin)
    fill: dict[str, Any] = {
        "step": "post", "color": colour, "alpha": _SHADE, "linewidth": 0,
    }  # fmt: skip
    if lane.gate is None and lane.kind != FREQUENCY:
        axes.fill_between(times, zero, height(values), **fill)
    for start, stop in np.clip(lane.gate or [], times[0], times[-1]):
        inside = (times > start) & (times < stop)
        edges = np.concatenate([[start], times[inside], [stop]])
        level = values[np.searchsorted(times, edges, side="right") - 1]
        axes.fill_between(edges, zero, height(level), **fill)


def _seen(
    lane: Lane, first: float, last: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return times and values of the steps from `first` to `last`, both included."""
    # A tone that has no frequency yet is not at 0 Hz.
    before = np.nan if lane.kind == FREQUENCY else 0.0
    values = np.concatenate([[before], lane.values])
    ends = values[np.searchsorted(lane.times, [first, last], side="right")]
    inside = (lane.times > first) & (lane.times < last)
    times = np.concatenate([[first], lane.times[inside], [last]])
    return times, np.concatenate([ends[:1], lane.values[inside], ends[1:]])


def _draw_folds(axes: Axes, folding: Folding) -> None:
    for (start, stop), quiet in zip(folding.folds, folding.quiet, strict=True):
        axes.axvspan(start, stop, color="white", zorder=3)
        for edge in (start, stop):
            axes.axvline(
                edge, color="0.5", linewidth=0.7, linestyle=(0, (2, 2)), zorder=4
            )
        axes.annotate(
            _eng(quiet, "s"), ((start + stop) / 2, 0.5),
            xycoords=("data", "axes fraction"), rotation=90, fontsize=_TINY,
            ha="center", va="center", color="0.3", zorder=5,
        )  # fmt: skip


def _draw_time(axes: Axes, folding: Folding, start: float) -> None:
    """Label the time axis from `start` on, each part with ticks of its own."""
    scale, unit = _unit(float(folding.parts[-1, 1] - start))
    ticks: dict[float, str] = {}
    free = -1.0
    for value, label in _ticks((folding.parts - start) / scale, folding.places):
        place = float(folding.place(np.array(value * scale + start)))
        half = _CHARACTER * (len(label) + 0.5) / 2
        if place - half >= free:
            ticks[value * scale + start] = label
            free = place + half
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.tick_params(axis="x", length=3, labelbottom=True, labelsize=_SMALL)
    told = f"time since {_eng(start, 's', 6)} after the first event / {unit}"
    told = told if start else f"time since the first event / {unit}"
    if not folding.one_scale:
        told += "  (each part to a scale of its own)"
    axes.set_xlabel(told, fontsize=_SMALL)


def _ticks(
    parts: NDArray[np.float64], places: NDArray[np.float64]
) -> Iterator[tuple[float, str]]:
    """Yield round times in each part, (K, 2), with their labels."""
    for (low, high), width in zip(parts, np.ptp(places, axis=1), strict=True):
        locator = MaxNLocator(max(1, round(9 * width)), steps=[1, 2, 5, 10])
        values = locator.tick_values(low, high)
        digits = max(0, -int(np.floor(np.log10(values[1] - values[0]) + 1e-9)))
        for value in values[(values >= low) & (values <= high)]:
            yield float(value), f"{value + 0.0:.{digits}f}"


def _unit(longest: float) -> tuple[float, str]:
    """Return the unit for times up to `longest` s: its value in s, and its name."""
    units = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))
    return next((unit for unit in units if longest >= unit[0]), (1e-9, "ns"))


def _eng(value: float, unit: str, digits: int = 3) -> str:
    """Return a rounded value with its unit and the prefix that suits it."""
    rounded = float(f"{value:.{digits}g}")
    return EngFormatter(unit)(rounded) if unit else f"{rounded:g}"
