"""Panels of curves that an experiment worked out itself, and chose to show live."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from analysis.files.run import Run
from ccqed_ctrl.records import POINTS

from .curves import label_points, legend
from .measured import Shots
from .style import BESIDE, Panel, words

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Summed:
    """A number at each point (K,), with the error and the fit that stand beside it."""

    name: str
    doc: str
    unit: str
    value: Floats
    error: Floats | None
    fit: Floats | None


def summed(run: Run) -> list[Summed]:
    """Read the curves: summaries along the points, with an applet of their own.

    `NAME_error` and `NAME_fit`, where they are stored, belong to `NAME`.
    """
    found = []
    for key in run.keys:
        entry = run.entry(key)
        if entry.axes != (POINTS,) or not entry.applet:
            continue
        beside = [
            np.asarray(run.get(f"{key}_{what}"), float)
            if run.has(f"{key}_{what}")
            else None
            for what in ("error", "fit")
        ]
        name, value = key.partition(".")[2], np.asarray(run.get(key), float)
        found.append(Summed(name, entry.doc, entry.unit, value, *beside))
    return found


def summed_panel(shots: Shots, curve: Summed) -> Panel:
    """Return the panel of one curve against the scan."""
    return Panel(partial(_draw, shots, curve), 1.8)


def _draw(shots: Shots, curve: Summed, axes: Axes) -> None:
    places, scan = label_points(axes, shots)
    if curve.fit is not None:
        axes.plot(places, curve.fit, "--", color=BESIDE, lw=1.2, label="fit")
    axes.errorbar(
        places, curve.value, yerr=curve.error, fmt="o", ms=4, color="black", lw=1.2,
        capsize=3, label=curve.doc if curve.error is None else "± standard error",
    )  # fmt: skip
    axes.set_xlabel(scan)
    axes.set_ylabel(words(curve.name, curve.unit))
    axes.set_title(f"{words(curve.name)}: {curve.doc}")
    legend(axes)
