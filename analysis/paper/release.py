"""The release: which way of letting go of a cue makes a real cavity a memory.

No figure of the paper. The page `docs/release.md` is made by `release_page`.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.campaign.results import Results
from analysis.statistics import Estimate

from . import release_page
from .drawing import COLOURS, panel, with_bars
from .figure import PaperFigure, Tables
from .release_shots import DYNAMICS, FRACTIONS
from .release_studies import LABELS, exact, overlap, studies, sweep

STYLES = dict(zip((*DYNAMICS, "encoder"), COLOURS, strict=False))


def _draw(tables: Tables, figure: Figure) -> None:
    grid = figure.subplots(2, 3)
    flips, sizes = tables["release.flips"], tables["release.sizes"]
    for axes, measure, letter, words in (
        (grid[0, 0], exact, "a", "exact return"), (grid[0, 1], overlap, "b", "overlap"),
    ):  # fmt: skip
        for name in DYNAMICS:
            style = {"color": STYLES[name], "label": LABELS[name]}
            with_bars(axes, FRACTIONS, measure(flips, name), **style)
        axes.set(xlabel="share of spins flipped", ylabel=words)
        panel(axes, letter, "N = 64, the chosen point")
    grid[0, 0].legend(frameon=False, fontsize=8)
    for k, size in enumerate(sizes.study.grid["ensembles"]):
        for name, line in (("semiclassical", "-"), ("sd", "--")):
            with_bars(
                grid[0, 2], FRACTIONS, exact(sizes, name, ensembles=size, change=""),
                color=COLOURS[k], ls=line, label=f"N = {size}, {LABELS[name]}",
            )  # fmt: skip
    grid[0, 2].set(xlabel="share of spins flipped", ylabel="exact return")
    grid[0, 2].legend(frameon=False, fontsize=8)
    panel(grid[0, 2], "c", "larger, the same point")
    for axes, knob, scale, letter in (
        (grid[1, 0], "off_time", 1e3, "d"), (grid[1, 1], "power", 1.0, "e")
    ):  # fmt: skip
        _draw_knob(axes, tables["release.swept"], knob, scale, letter)
    _draw_images(grid[1, 2], tables["release.images"])


def _draw_knob(
    axes: Axes, table: Results, knob: str, scale: float, letter: str
) -> None:
    """Draw exact return of 10 % and 20 % flips against one knob, by dynamics."""
    values, changes = sweep(table, knob)
    for name in ("semiclassical", "exact", "sd"):
        for fraction, line in ((0.1, "-"), (0.2, ":")):
            rows = [exact(table, name, change=change) for change in changes]
            k = FRACTIONS.index(fraction)
            parts = (np.stack([vars(row)[key][k] for row in rows]) for key in _PARTS)
            with_bars(
                axes, np.array(values) * scale, Estimate(*parts), color=STYLES[name],
                ls=line, label=f"{LABELS[name]}, {fraction:.0%}",
            )  # fmt: skip
    if knob == "off_time":
        axes.set_xscale("symlog", linthresh=0.03)
    axes.set(
        xlabel="field falls in (ms)" if knob == "off_time" else "final $P/P_{th}$",
        ylabel="exact return", ylim=(-0.03, 1.29),
    )  # fmt: skip
    axes.legend(frameon=False, fontsize=7, ncols=2, loc="upper center")
    panel(axes, letter, "N = 64, one knob changed")


_PARTS = ("value", "error", "low", "high")


def _draw_images(axes: Axes, table: Results) -> None:
    count = table.study.grid["memories"][-1]
    for encoder, line in (("plain", ":"), ("trained", "-")):
        for name in ("semiclassical", "sd", "encoder"):
            found = exact(table, name, encoder=encoder, memories=count)
            with_bars(
                axes, FRACTIONS, found, color=STYLES[name], ls=line,
                label=f"{LABELS[name]}, {encoder}",
            )  # fmt: skip
    axes.set(xlabel="share of pixels flipped", ylabel="exact recall")
    axes.legend(frameon=False, fontsize=7)
    panel(axes, "f", f"{count} random images through the encoder, N = 64")


FIGURE = PaperFigure(
    "release",
    "The release of the field",
    release_page.PROTOCOL,
    studies,
    _draw,
    lambda _: [],
    (15, 9),
    page=release_page.compose,
)
