"""How the logbook's figures look: colours, panels in rows, words for axes."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from ccqed_ctrl.records import Entry

#: Inches; legible in a logbook's column.
SIZE: Final = (13.0, 7.0)
DPI: Final = 110
#: Characters of a fact, and lines of them.
LONGEST: Final = 28
MOST_FACTS: Final = 27
#: Distinct also in grey and for colour-blind readers (after Okabe and Ito): a spin up
#: and down, what could not be told, and what is wrong.
UP, DOWN, UNKNOWN, WRONG = "#d55e00", "#0072b2", "#8a8a8a", "#cc3377"
#: What is measured, and what it is compared to.
MAIN, BESIDE = "#0072b2", "#8a8a8a"

STYLE: Final[Any] = {
    "font.size": 9, "axes.titlesize": 9, "axes.labelsize": 9, "legend.fontsize": 7.5,
    "xtick.labelsize": 8, "ytick.labelsize": 8, "axes.titlelocation": "left",
    "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False,
    "figure.titlesize": 10.5, "figure.constrained_layout.h_pad": 0.06,
}  # fmt: skip


def parts(
    figure: Figure | SubFigure, columns: int, rows: int, ratios: Sequence[float] = ()
) -> list[SubFigure]:
    """Divide a figure, row by row; `ratios`: of the columns' widths."""
    grid = figure.add_gridspec(rows, columns, width_ratios=ratios or [1.0] * columns)
    return [
        figure.add_subfigure(grid[row, column])
        for row in range(rows)
        for column in range(columns)
    ]


@dataclass(frozen=True)
class Panel:
    """One panel of a row: what draws it, and its share of the width."""

    draw: Callable[[Axes], None]
    width: float = 1.0


def draw_row(
    part: Figure | SubFigure, panels: Sequence[Panel], letters: Iterator[str]
) -> None:
    """Draw panels side by side, lettered; lists have no letter."""
    grid = part.add_gridspec(1, len(panels), width_ratios=[p.width for p in panels])
    for index, panel in enumerate(panels):
        axes = part.add_subplot(grid[0, index])
        panel.draw(axes)
        if axes.axison:
            axes.set_title(f"({next(letters)}) {axes.get_title(loc='left')}")


def words(name: str, unit: str = "") -> str:
    """Return the label of an axis: name and unit, as printed."""
    shown = name.rpartition(".")[2].replace("_", " ")[:LONGEST]
    return f"{shown} ({printed(unit)})" if unit else shown


def printed(unit: str) -> str:
    """Return a unit as printed."""
    return unit.replace("2pi ", "2π×").replace("um", "µm").replace("us", "µs")


def label(entry: Entry, width: int = 40) -> str:
    """Return an axis' label: name, unit, and meaning where it says more."""
    short = words(entry.key, entry.unit)
    return textwrap.fill(f"{short}: {entry.doc}", width) if entry.doc else short


def plus_minus(value: float, error: float) -> str:
    """Return a value and its error, to two digits of the error; alone if unknown."""
    if not np.isfinite(error):
        return f"{value:.3g}"
    if error == 0:
        return f"{value:.3g} ± 0"
    places = 1 - math.floor(math.log10(error))
    if not -3 < places < 6:
        return f"{value:.3g} ± {error:.1e}"
    return f"{value:.{max(places, 0)}f} ± {error:.{max(places, 0)}f}"


def shorten(text: str) -> str:
    """Return a text that fits beside panels."""
    return textwrap.shorten(text, LONGEST, placeholder="...")


def bare(axes: Axes) -> None:
    """Leave frame and title, no ticks; a square stays below its title."""
    axes.set_anchor("N")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(True)


def colour_bar(axes: Axes, picture: Any, label: str) -> Any:
    """Draw a colour bar below a picture, as wide as that comes out."""
    place = axes.inset_axes((0.0, -0.09, 1.0, 0.045))
    return axes.figure.colorbar(
        picture, cax=place, orientation="horizontal", label=label
    )


def text_panel(lines: Sequence[tuple[str, str]], most: int = MOST_FACTS) -> Panel:
    """Return a panel that lists facts: names, and what they are."""
    if len(lines) > most:
        more = len(lines) - most + 1
        lines = [*lines[: most - 1], ("...", f"and {more} more")]
    longest = max((len(name) for name, _ in lines), default=0)
    text = "\n".join(f"{name:<{longest}}  {value}" for name, value in lines)

    def draw(axes: Axes) -> None:
        axes.axis("off")
        written = axes.text(
            0.0, 1.0, text, family="monospace", fontsize=6.6, va="top", linespacing=1.2,
            transform=axes.transAxes,
        )  # fmt: skip
        # The row's other panels need not make room for it.
        written.set_in_layout(False)

    return Panel(draw, 1.45)
