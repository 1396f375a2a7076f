"""Panels of arrays nobody told us about, and the figure of a file of others."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from analysis.files.run import Run
from ccqed_ctrl.errors import CcqedError
from ccqed_ctrl.records import SHOTS, Entry
from ccqed_ctrl.units import SCALES

from .style import MAIN, Panel, bare, label, shorten, words

#: Panels of one row, and lines of a list.
MOST_PANELS, MOST_LINES = 5, 34
#: Larger arrays are not drawn.
_LARGEST: Final = 4_000_000


def array_panels(run: Run, shot: int) -> list[Panel]:
    """Return panels of a shot's measured arrays, lines and images."""
    entries = [run.entry(key) for key in run.keys]
    mine = [
        entry for entry in entries
        if entry.axes[:1] == (SHOTS,) and _drawable(entry, len(entry.axes) - 1)
    ]  # fmt: skip
    return [_panel(entry, run.row(entry.key, shot)) for entry in mine[:MOST_PANELS]]


def file_panels(run: Run) -> tuple[list[tuple[str, str]], list[Panel]]:
    """Return the scalars of a file as a list, and panels of its first arrays."""
    lines, panels = [], []
    for key in run.keys:
        entry = run.entry(key)
        try:
            value = run.get(key)
        except CcqedError as error:
            value = str(error)
        if not entry.axes or isinstance(value, str):
            lines.append((key, _short(value)))
            continue
        lines.append((key, _shape(value)))
        size = np.size(value)
        if _drawable(entry, len(entry.axes)) and 1 < size <= _LARGEST:
            panels.append(_panel(entry, value))
    if len(lines) > MOST_LINES:
        more = len(lines) - MOST_LINES + 1
        lines = [*lines[: MOST_LINES - 1], ("...", f"and {more} more datasets")]
    return lines, panels[:MOST_PANELS]


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
        picture = axes.imshow(array, origin="lower", aspect="auto", cmap="cividis")
        axes.figure.colorbar(picture, ax=axes, location="bottom", label=label(entry))
        bare(axes)
        return
    axes.plot(np.arange(len(array)), array, ".-", color=MAIN, ms=4, lw=0.6)
    axes.set_xlabel(f"index along {entry.axes[-1]}")
    axes.set_ylabel(label(entry))


def _shape(value: Any) -> str:
    shape = np.shape(value)
    kind = getattr(value, "dtype", "text")
    return f"{' x '.join(map(str, shape))} {kind}"


def _short(value: Any) -> str:
    shown = f"{value:.6g}" if isinstance(value, float) else str(value)
    return shorten(shown)
