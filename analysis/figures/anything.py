"""Panels of arrays nobody told us about; a file of others, as far as it goes."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from analysis.files.run import Run
from ccqed_ctrl.errors import CcqedError
from ccqed_ctrl.records import SHOTS, Entry
from ccqed_ctrl.units import SCALES

from .style import MAIN, Panel, bare, colour_bar, label, shorten, words

#: Panels of a shot's arrays, and of a file of others.
MOST_OF_SHOT, MOST_OF_FILE = 5, 6
#: Larger arrays are not drawn.
_LARGEST: Final = 4_000_000
#: Pixels stay square up to this ratio of sides.
_SQUARE: Final = 4


def array_panels(run: Run, shot: int) -> list[Panel]:
    """Return panels of a shot's measured arrays, lines and images."""
    entries = [run.entry(key) for key in run.declared]
    mine = [
        entry for entry in entries
        if entry.axes[:1] == (SHOTS,) and _drawable(entry, len(entry.axes) - 1)
    ]  # fmt: skip
    measured = [entry for entry in mine if not entry.planned]
    planned = [entry for entry in mine if entry.planned]
    chosen = [*measured, *planned][:MOST_OF_SHOT]
    return [_panel(entry, run.row(entry.key, shot)) for entry in chosen]


def file_panels(run: Run) -> tuple[list[tuple[str, str]], list[Panel]]:
    """Return what a file holds as a list, numbers written out, and its first arrays."""
    lines, panels = [], []
    for key in run.keys:
        entry = run.entry(key)
        try:
            value = run.get(key)
        except CcqedError:
            lines.append((key, "cannot be read"))
            continue
        if not entry.axes or isinstance(value, str):
            lines.append((key, _written(value)))
            continue
        lines.append((key, f"{' x '.join(map(str, np.shape(value)))} {entry.dtype}"))
        if _drawable(entry, len(entry.axes)) and 1 < np.size(value) <= _LARGEST:
            panels.append(_panel(entry, value))
    return lines, panels[:MOST_OF_FILE]


def _drawable(entry: Entry, dimensions: int) -> bool:
    numeric = entry.dtype not in ("str", "?") and np.dtype(entry.dtype).kind in "biufc"
    return numeric and dimensions in (1, 2)


def _panel(entry: Entry, value: Any) -> Panel:
    array = np.asarray(value)
    if array.dtype.kind == "c":
        array = np.abs(array)
    return Panel(partial(_draw, entry, array / SCALES[entry.unit]))


def _draw(entry: Entry, array: NDArray[Any], axes: Axes) -> None:
    name = words(entry.key)
    axes.set_title(f"|{name}|" if entry.dtype.startswith("complex") else name)
    if array.ndim == 2:
        sides = array.shape
        aspect: Any = "equal" if max(sides) < _SQUARE * min(sides) else "auto"
        picture = axes.imshow(array, origin="lower", aspect=aspect, cmap="cividis")
        bare(axes)
        colour_bar(axes, picture, label(entry))
        return
    axes.plot(np.arange(len(array)), array, ".-", color=MAIN, ms=4, lw=0.6)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("index")
    axes.set_ylabel(label(entry))


def _written(value: Any) -> str:
    return shorten(f"{value:.6g}" if isinstance(value, float) else str(value))
