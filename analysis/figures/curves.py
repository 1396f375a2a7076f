"""Panels of what was measured: shot by shot, against a scan, over two scans."""

from __future__ import annotations

import textwrap
from functools import partial
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from .measured import Measured, Scan, Shots
from .style import BESIDE, MAIN, WRONG, Panel, plus_minus

#: How kinds of shots are told apart: marker, face, edge.
_KINDS: Final = (("o", MAIN, MAIN), ("o", "none", MAIN), ("s", WRONG, WRONG))
#: Cells of a map that can hold a number.
MOST_CELLS: Final = 64


def quantity_panel(shots: Shots, measured: Measured) -> Panel:
    """Return a panel of one quantity: a map, a curve, or all shots where no scan is."""
    if len(shots.scans) == 2:
        return Panel(partial(_map, shots, measured), 1.3)
    if shots.scans:
        return Panel(partial(_curve, shots, measured), 1.3)
    return Panel(partial(_sequence, shots, measured), 1.6)


def _sequence(shots: Shots, measured: Measured, axes: Axes) -> None:
    numbers = np.arange(len(shots.point))
    if measured.beside:
        axes.plot(
            numbers, measured.beside.values, "_", color=BESIDE, ms=9, mew=1.5,
            label=measured.beside.doc,
        )  # fmt: skip
    _shots(axes, shots, measured, numbers, faint=False)
    _bad(axes, shots, measured, numbers)
    found = shots.over_all(measured)
    value, error = float(found.value[0]), float(found.error[0])
    told = f"mean {plus_minus(value, error)}"
    if measured.share:
        told = f"share {value:.2f}, Wilson 95 %"
    axes.axhline(value, color="black", lw=1, label=told)
    if np.isfinite(error):
        axes.axhspan(
            float(found.low[0]), float(found.high[0]), color="black", alpha=0.12, lw=0
        )
    axes.set_xlabel("shot")
    axes.set_ylabel(measured.label)
    axes.set_title(_about(measured, 60))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(-0.5, len(numbers) - 0.5)
    legend(axes)


def _curve(shots: Shots, measured: Measured, axes: Axes) -> None:
    places, scan = label_points(axes, shots)
    mine = places[shots.point]
    if not measured.share:
        _shots(axes, shots, measured, mine, faint=True)
    _bad(axes, shots, measured, mine)
    if measured.beside:
        beside = shots.over_points(measured.beside)
        axes.plot(
            places, beside.value, "--", color=BESIDE, lw=1, label=measured.beside.doc
        )
    found = shots.over_points(measured)
    joined = len(shots.scans) == 1 and shots.scans[0].numbers
    axes.errorbar(
        places, found.value, yerr=found.bars, fmt="o-" if joined else "o", ms=4,
        color="black", lw=1.2, capsize=3, zorder=3,
        label="share, Wilson 95 %" if measured.share else "mean ± standard error",
    )  # fmt: skip
    axes.set_xlabel(scan)
    axes.set_ylabel(f"share, {measured.label}" if measured.share else measured.label)
    axes.set_title(_about(measured))
    if measured.share:
        axes.set_ylim(-0.05, 1.05)
    legend(axes)


def label_points(axes: Axes, shots: Shots) -> tuple[NDArray[np.float64], str]:
    """Return where each point is on the axis, and what the axis says."""
    if len(shots.scans) > 1:
        names = " x ".join(scan.label for scan in shots.scans)
        return np.arange(shots.points, dtype=float), f"point of {names}"
    (scan,) = shots.scans
    if scan.numbers:
        return np.asarray(scan.values, float), scan.label
    places = np.arange(len(scan.values), dtype=float)
    axes.set_xticks(places, [scan.text(index) for index in range(len(places))])
    return places, scan.label


def _about(measured: Measured, width: int = 34) -> str:
    name = measured.name.replace("_", " ")
    return textwrap.fill(f"{name}: {measured.doc}" if measured.doc else name, width)


def _shots(
    axes: Axes, shots: Shots, measured: Measured, places: NDArray[Any], *, faint: bool
) -> None:
    """Draw every good shot, the kinds told apart."""
    every = np.ones(len(places), bool)
    kinds = measured.kinds or (("shots", every),)
    for (name, mine), (marker, face, edge) in zip(kinds, _KINDS, strict=False):
        counted = mine & shots.good
        if counted.any():
            axes.plot(
                places[counted], measured.values[counted], marker, mfc=face, mec=edge,
                ms=4 if faint else 6, alpha=0.45 if faint else 1, ls="",
                label=f"{name}: {counted.sum()}", zorder=2,
            )  # fmt: skip


def _bad(
    axes: Axes, shots: Shots, measured: Measured, places: NDArray[Any]
) -> None:  # fmt: skip
    """Mark shots that are not ok; those without a value, at the bottom."""
    if not shots.bad.any():
        return
    valued = shots.bad & np.isfinite(measured.values)
    style: dict[str, Any] = {
        "marker": "x", "ls": "", "color": "black", "ms": 7, "mew": 1.8
    }  # fmt: skip
    name = f"not ok: {shots.bad.sum()}"
    axes.plot(places[valued], measured.values[valued], label=name, **style)
    lost = shots.bad & ~valued
    if lost.any():
        bottom = np.zeros(np.count_nonzero(lost))
        transform = axes.get_xaxis_transform()
        axes.plot(places[lost], bottom, transform=transform, clip_on=False, **style)


def legend(axes: Axes) -> None:
    """Write the legend below the axes, where no shot can be."""
    axes.margins(y=0.1)
    axes.legend(
        loc="upper left", bbox_to_anchor=(-0.05, -0.22), ncols=2, borderpad=0.0,
        columnspacing=0.8, handletextpad=0.3, handlelength=1.4,
    )  # fmt: skip


def _map(shots: Shots, measured: Measured, axes: Axes) -> None:
    slow, fast = shots.scans
    found = shots.over_points(measured)
    shape = len(slow.values), len(fast.values)
    grid = found.value.reshape(shape)
    edges = [np.arange(size + 1) - 0.5 for size in shape]
    limits: dict[str, Any] = {"vmin": 0.0, "vmax": 1.0} if measured.share else {}
    axes.set_facecolor("0.85")
    picture = axes.pcolormesh(edges[1], edges[0], grid, cmap="cividis", **limits)
    name = f"{measured.label}, {'share' if measured.share else 'mean ± standard error'}"
    axes.figure.colorbar(picture, ax=axes, label=name)
    for axis, scan in ((axes.xaxis, fast), (axes.yaxis, slow)):
        _ticks(axis, scan)
        axis.set_label_text(scan.label)
    if grid.size <= MOST_CELLS:
        _write_cells(axes, picture, grid, shots.cells(measured, found))
    axes.set_title(_about(measured))


def _ticks(axis: Any, scan: Scan) -> None:
    step = -(-len(scan.values) // 10)
    places = range(0, len(scan.values), step)
    axis.set_ticks(places, [scan.text(place, unit=False) for place in places])


def _write_cells(
    axes: Axes, picture: Any, grid: NDArray[Any], cells: list[str]
) -> None:
    for (row, column), value in np.ndenumerate(grid):
        if not np.isfinite(value):
            text, dark = "no\nshot", True
        else:
            text = cells[row * grid.shape[1] + column]
            dark = picture.norm(value) > 0.55
        axes.text(
            column, row, text, ha="center", va="center", fontsize=7,
            color="black" if dark else "white",
        )  # fmt: skip
