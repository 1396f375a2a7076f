"""Fig. 12: basins of the confocal cavity's own minima against the layout's width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.campaign.results import Results
from analysis.campaign.study import Study
from analysis.statistics import Estimate, cluster_bootstrap
from ccqed_ctrl.rng import stream

from .basin_studies import SEQUENTIAL, basins
from .drawing import COLOURS, panel, with_bars
from .figure import Claim, PaperFigure, Scale, Tables, compare

Floats = NDArray[np.float64]

#: w_AM of Fig. 5, in w0.
TRANSITION = 0.67
#: Mean basin of the SK model per spin, of Fig. 11.
SK_SLOPE = 0.0135
#: Widths of the histograms.
SHOWN = (1.5, 4.0)
DYNAMICS = {"sd": COLOURS[0], "0tmh": COLOURS[1]}
#: Basin per spin below which a mean counts as vanished.
VANISHED = 0.005

PROTOCOL = """
Couplings cos(2 r_i.r_j/w0^2) at Gaussian positions (Eq. 2). Minima: random states
relaxed by SD (the cavity's native dynamics), repetitions included, so deep minima count
more. Basin: largest number of flipped spins with exact recall >= 0.95, by sequential
tests inside a bisection (resolution 0.02), at most N/2, under SD and under 0TMH on the
same minima. Error bars: 95 % bootstrap over couplings. Limit N -> infinity: line in 1/N
through the sizes of at least 50. N = 25 to 200, 8 couplings of 5 minima (quick);
N = 3 to 800, 32 couplings of 200 (paper; there 1600 at N = 3 down to 32 at N = 800);
N = 50 to 4000, 32 couplings of 200 and ten times as many up to N = 800 (beyond).
"""


def _grid(sizes: list[int], widths: Sequence[float], minima: int) -> dict[str, Any]:
    return {
        "ensembles": sizes,
        "width": widths,
        "dynamics": list(DYNAMICS),
        "sampling": ["sd"],
        "minima": [minima],
        "estimator": [SEQUENTIAL],
    }


def _studies(scale: Scale) -> Sequence[Study]:
    if scale == "quick":
        widths: list[float] = [0.5, 0.65, 0.8, 1.0, 1.25, 1.5, 2.5, 4.0]
        sizes, minima, seeds = [25, 50, 100, 200], 5, 8
    else:
        widths = [*np.round(np.arange(0.3, 1.0, 0.05), 2).tolist(), 1.0, 1.25]
        widths += [1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0]
        sizes, minima = [3, 6, 12, 25, 50, 100, 200, 400, 800], 200
        seeds = 32 if scale == "paper" else 320
    grid = _grid(sizes, widths, minima)
    studies = [Study("fig12.basins", basins, grid, seeds, paired=("dynamics",))]
    if scale == "beyond":
        large = _grid([1600, 4000], [0.8, 1.0, 1.5, 2.0, 4.0], minima)
        studies.append(Study("fig12.large", basins, large, 32, paired=("dynamics",)))
    return studies


def means(table: Results, size: int, width: float, dynamics: str) -> Floats:
    """Return the mean basin over N of each set of couplings, (seeds,)."""
    found = table.column("sizes", ensembles=size, width=width, dynamics=dynamics)
    return np.asarray(found.mean(axis=1) / size)


def limit(table: Results, dynamics: str) -> Estimate:
    """Extrapolate the mean basin over N in 1/N, at each width (W,).

    Couplings are drawn again at each size alike.
    """
    grid = table.study.grid
    sizes = [n for n in grid["ensembles"] if n >= 50]
    rows = np.array(
        [[means(table, n, w, dynamics) for w in grid["width"]] for n in sizes]
    )
    design = np.stack([np.ones(len(sizes)), 1 / np.array(sizes, float)], axis=1)
    intercept = np.linalg.pinv(design)[0]
    return cluster_bootstrap(
        np.moveaxis(rows, 2, 0), stream(0, "fig12.limit"),
        statistic=lambda r: intercept @ r.mean(axis=0),
    )  # fmt: skip


def _draw(tables: Tables, figure: Figure) -> None:
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    table = tables["fig12.basins"]
    widths = np.array(table.study.grid["width"])
    for dynamics, colour in DYNAMICS.items():
        for source in tables.values():
            _curves(left, source, dynamics, colour)
        left.plot(widths, limit(table, dynamics).value, "--", color=colour, lw=1.5)
    left.axvline(TRANSITION, color="k", ls="--", lw=0.8)
    left.axhline(SK_SLOPE, color=COLOURS[2], lw=1, label="SK, paper: 0.0135")
    left.set(xlabel="width $w/w_0$", ylabel="mean basin / N", ylim=(0, 0.2))
    left.legend(frameon=False, fontsize=8)
    panel(left, "a", "more spins: stronger colour; dashed: N to infinity")
    size = table.study.grid["ensembles"][-1]
    edges = np.linspace(0, 0.3, 31)
    for k, width in enumerate(SHOWN):
        found = table.column("sizes", ensembles=size, width=width, dynamics="sd") / size
        share = np.stack([np.histogram(row, edges)[0] / len(row) for row in found])
        bars = cluster_bootstrap(share, stream(0, "fig12.shares", k))
        x = 0.5 * (edges[1:] + edges[:-1])
        with_bars(right, x, bars, color=COLOURS[k + 3], label=f"w = {width:g} w0, SD")
    right.set(xlabel="basin / N", ylabel="share of minima")
    right.legend(frameon=False)
    panel(right, "b", f"basins at N = {size}")


def _curves(axes: Any, table: Results, dynamics: str, colour: str) -> None:
    grid = table.study.grid
    for k, size in enumerate(grid["ensembles"]):
        last = k == len(grid["ensembles"]) - 1
        rows = np.array([means(table, size, w, dynamics) for w in grid["width"]])
        with_bars(
            axes, grid["width"], cluster_bootstrap(rows.T, stream(0, "fig12")),
            color=colour, alpha=0.25 + 0.75 * k / max(len(grid["ensembles"]) - 1, 1),
            label=f"{dynamics.upper()}, N = {size}" if last else None,
        )  # fmt: skip


def _claims(tables: Tables) -> list[Claim]:
    table = tables["fig12.basins"]
    size = table.study.grid["ensembles"][-1]
    widths = list(table.study.grid["width"])

    def mean(width: float, dynamics: str) -> Estimate:
        rows = means(table, size, width, dynamics)
        return cluster_bootstrap(rows, stream(0, "fig12.mean"))

    native, thermal, far = mean(1.5, "sd"), mean(1.5, "0tmh"), mean(4.0, "sd")
    large = table.column("sizes", ensembles=size, width=1.5, dynamics="sd")
    share = cluster_bootstrap(
        (large > 0.1 * size).mean(axis=1), stream(0, "fig12.large")
    )
    ends = limit(table, "sd")
    index = widths.index(1.5)
    # The SK line of Fig. 11 has an offset of 0.91 spins, which counts at small N.
    expected = SK_SLOPE + 0.91 / size
    return [
        compare(
            f"mean SD basin / N at w = 1.5 w0, N = {size}", "about 0.05, below 0.1",
            float(native.value), float(native.error), (0.035, 0.1),
            "Minima found by SD; a basin counts as often as its minimum is found.",
        ),
        compare(
            "mean SD basin / N at w = 1.5 w0, N to infinity", "extensive, about 0.05",
            float(ends.value[index]), float(ends.error[index]), (0.035, 0.1),
            "Line in 1/N through N >= 50; error from the couplings alone.",
        ),
        compare(
            f"share of minima at w = 1.5 w0 with basins above 0.1 N, N = {size}",
            "many (no number)", float(share.value), float(share.error), (0.05, 1.0),
            "Taken as agreement from 5 % on.",
        ),
        compare(
            f"mean 0TMH basin / N at w = 1.5 w0, N = {size}", "vanishes",
            float(thermal.value), float(thermal.error), (0.0, VANISHED),
            f"Below {VANISHED:g} counts as vanished; it still falls with N.",
        ),
        compare(
            f"mean SD basin / N at w = 4 w0, N = {size}", "SK: 0.0135 + 0.91/N",
            float(far.value), float(far.error), (0.8 * expected, 1.3 * expected),
            f"SK at this N by the paper: {expected:.4f}; -20 % to +30 % is our "
            "window, so read the verdict with it; correlated couplings (Fig. 6) may be "
            "why ours is higher, untested.",
        ),
    ]  # fmt: skip


FIGURE = PaperFigure(
    "fig12",
    "Basins of the confocal cavity's minima",
    PROTOCOL,
    _studies,
    _draw,
    _claims,
    (13, 4.8),
)
