"""Fig. 12: basins of the confocal cavity's own minima against the layout's width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.campaign.results import Results
from analysis.campaign.study import Point, Study
from analysis.statistics import Estimate, cluster_bootstrap
from ccqed_ctrl.model import relaxation
from ccqed_ctrl.rng import stream
from ccqed_ctrl.units import TWO_PI

from .basin_studies import SEQUENTIAL, basin, basins
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
#: The studies of SK couplings, of widths far beyond the curves (w0), of their limit.
SK, FAR, INDEPENDENT = "fig12.sk", "fig12.far", "fig12.independent"
FAR_WIDTHS = (8.0, 16.0)
#: Basin per spin below which a mean counts as vanished.
VANISHED = 0.005

PROTOCOL = """
Couplings cos(2 r_i.r_j/w0^2) at Gaussian positions (Eq. 2). Minima: random states
relaxed by SD (the cavity's native dynamics), repetitions included, so deep minima count
more. Basin: largest number of flipped spins with exact recall >= 0.95, by sequential
tests inside a bisection (resolution 0.02), at most N/2, under SD and under 0TMH on the
same minima; at the largest N of the curves, by the same protocol: w = 8 and 16 w0; SK
couplings, which are Gaussian; and independent cosines of uniform phases, to which Eq. 2
tends at large w if correlations vanish. Peaks in (b): a minimum with k = 2, 3, ...
spins whose single flip is not undone has a basin of at most about 0.05 N/k (seen one by
one at N = 400). Error bars: 95 % bootstrap over couplings. Limit N -> infinity: line in
1/N through the sizes of at least 50.
N = 25 to 200, 24 couplings of 20 minima (quick); N = 3 to 800, 1600 to 32 couplings of
200 (paper); ten times as many couplings, and 32 at N = 1600 and 4000 (beyond).
"""

#: Sets of couplings by number of ensembles: the paper's at its ends, and a power law.
REALISATIONS = {
    3: 1600, 6: 985, 12: 606, 25: 363, 50: 223, 100: 137, 200: 84, 400: 52, 800: 32
}  # fmt: skip


def _study(
    name: str, size: int, minima: int, seeds: int, **more: Sequence[Any]
) -> Study:
    grid: dict[str, Any] = {
        "ensembles": [size],
        "dynamics": list(DYNAMICS),
        "sampling": ["sd"],
        "minima": [minima],
        "estimator": [SEQUENTIAL],
    }
    return Study(f"fig12.{name}", basins, grid | more, seeds, paired=("dynamics",))


def _studies(scale: Scale) -> Sequence[Study]:
    if scale == "quick":
        few = (0.5, 0.65, 0.8, 1.0, 1.25, 1.5, 2.5, 4.0)
        sizes = (25, 50, 100, 200)
        studies = [_study(f"N{size}", size, 20, 24, width=few) for size in sizes]
        return [*studies, *_limits(sizes[-1], 20, 24)]
    widths = [*np.round(np.arange(0.3, 1.0, 0.05), 2).tolist(), 1.0, 1.25]
    widths += [1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0]
    more = 1 if scale == "paper" else 10
    studies = [
        _study(f"N{n}", n, 200, more * k, width=widths) for n, k in REALISATIONS.items()
    ]
    if scale == "beyond":
        large = (0.8, 1.0, 1.5, 2.0, 4.0)
        studies += [_study(f"N{n}", n, 200, 32, width=large) for n in (1600, 4000)]
    largest = int(studies[-1].grid["ensembles"][0])
    return [*studies, *_limits(largest, 200, 32)]


def _limits(size: int, minima: int, seeds: int) -> Sequence[Study]:
    grid = {"ensembles": [size], "minima": [minima]}
    return (
        _study("sk", size, minima, seeds),
        _study("far", size, minima, seeds, width=FAR_WIDTHS),
        Study(INDEPENDENT, independent_basins, grid, seeds),
    )


def independent_cosines(size: int, rng: np.random.Generator) -> Floats:
    """Return couplings (N, N): cosines of independent uniform phases, no self term."""
    J = np.triu(np.cos(TWO_PI * rng.random((size, size))), 1)
    return J + J.T


def independent_basins(point: Point, rng: np.random.Generator) -> Mapping[str, Any]:
    """Return the SD basins of minima of `independent_cosines`.

    point: ensembles, minima (number). Returns sizes (minima,) int.
    """
    fixed = relaxation.prepare(independent_cosines(int(point["ensembles"]), rng))
    count = int(point["minima"])
    minima = relaxation.sample_minima(fixed, count, rng=rng, threads=1)
    sizes = [basin(fixed, minimum, "sd", SEQUENTIAL, rng) for minimum in minima]
    return {"sizes": np.array(sizes)}


def _by_size(tables: Tables) -> dict[int, Results]:
    return {
        int(table.study.grid["ensembles"][0]): table
        for name, table in tables.items()
        if name not in (SK, FAR, INDEPENDENT)
    }


def _unlocated(table: Results, **point: str) -> Estimate:
    """Estimate the mean basin over N of couplings without a width."""
    size = float(table.study.grid["ensembles"][0])
    rows = table.column("sizes", **point).mean(axis=1) / size
    return cluster_bootstrap(rows, stream(0, "fig12.sk"))


def means(table: Results, dynamics: str) -> Floats:
    """Return the mean basin over N by couplings and width, (seeds, W)."""
    size = float(table.study.grid["ensembles"][0])
    rows = [
        table.column("sizes", width=width, dynamics=dynamics).mean(axis=1)
        for width in table.study.grid["width"]
    ]
    return np.stack(rows, axis=1) / size


def _mean(table: Results, dynamics: str) -> Estimate:
    return cluster_bootstrap(means(table, dynamics), stream(0, "fig12"))


def _at(table: Results, width: float, dynamics: str) -> Estimate:
    """Estimate the mean basin over N at one width."""
    rows = means(table, dynamics)[:, list(table.study.grid["width"]).index(width)]
    return cluster_bootstrap(rows, stream(0, "fig12.mean"))


def _ratio(one: Estimate, other: Estimate) -> tuple[float, float]:
    """Return the ratio of two independent estimates, and its error."""
    ratio = float(one.value / other.value)
    parts = one.error / one.value, other.error / other.value
    return ratio, abs(ratio) * float(np.hypot(*parts))


def limit(tables: Tables, dynamics: str) -> dict[float, tuple[float, float]]:
    """Extrapolate the mean basin over N in 1/N: value and error by width.

    Through all sizes of at least 50 that a width has; their couplings are independent,
    so errors add in quadrature.
    """
    found: dict[float, list[tuple[float, float, float]]] = {}
    for size, table in _by_size(tables).items():
        mean = _mean(table, dynamics)
        for k, width in enumerate(table.study.grid["width"]):
            if size >= 50:
                row = 1 / size, float(mean.value[k]), float(mean.error[k])
                found.setdefault(float(width), []).append(row)
    ends = {}
    for width, rows in found.items():
        inverse, values, errors = np.array(rows).T
        design = np.stack([np.ones(len(rows)), inverse], axis=1)
        weights = np.linalg.pinv(design)[0]
        ends[width] = float(weights @ values), float(np.hypot.reduce(weights * errors))
    return ends


def _draw(tables: Tables, figure: Figure) -> None:
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    by_size = _by_size(tables)
    for dynamics, colour in DYNAMICS.items():
        for k, (size, table) in enumerate(by_size.items()):
            last = k == len(by_size) - 1
            with_bars(
                left, table.study.grid["width"], _mean(table, dynamics), color=colour,
                alpha=0.25 + 0.75 * k / max(len(by_size) - 1, 1),
                label=f"{dynamics.upper()}, N = {size}" if last else None,
            )  # fmt: skip
        widths, ends = zip(*sorted(limit(tables, dynamics).items()), strict=True)
        left.plot(widths, [value for value, _ in ends], "--", color=colour, lw=1.5)
    left.axvline(TRANSITION, color="k", ls="--", lw=0.8)
    left.axhline(SK_SLOPE, color=COLOURS[2], lw=1, label="SK, paper: 0.0135")
    ours = float(_unlocated(tables[SK], dynamics="sd").value)
    left.axhline(ours, color=COLOURS[2], lw=1, ls=":", label=f"SK, ours: {ours:.4f}")
    left.set(xlabel="width $w/w_0$", ylabel="mean basin / N", ylim=(0, 0.2))
    left.legend(frameon=False, fontsize=8, loc=(0.75, 0.62))
    panel(left, "a", "more spins: stronger colour; dashed: N to infinity")
    edges = np.linspace(0, 0.3, 31)
    for k, width in enumerate(SHOWN):
        found = table.column("sizes", width=width, dynamics="sd") / size
        share = np.stack([np.histogram(row, edges)[0] / len(row) for row in found])
        bars = cluster_bootstrap(share, stream(0, "fig12.shares", k))
        x = 0.5 * (edges[1:] + edges[:-1])
        with_bars(right, x, bars, color=COLOURS[k + 3], label=f"w = {width:g} w0, SD")
    right.set(xlabel="basin / N", ylabel="share of minima")
    right.legend(frameon=False)
    panel(right, "b", f"basins at N = {size}")


def _claims(tables: Tables) -> list[Claim]:
    by_size = _by_size(tables)
    size = max(by_size)
    table = by_size[size]
    native, thermal = _at(table, 1.5, "sd"), _at(table, 1.5, "0tmh")
    shares = []
    for width in SHOWN:
        large = table.column("sizes", width=width, dynamics="sd") > 0.1 * size
        shares.append(cluster_bootstrap(large.mean(axis=1), stream(0, "fig12.large")))
    many, few = shares
    end, end_error = limit(tables, "sd")[1.5]
    sk, far = _unlocated(tables[SK], dynamics="sd"), tables[FAR]
    farthest = float(max(far.study.grid["width"]))
    wide = _at(far, farthest, "sd")
    glass, cosines = _ratio(wide, sk), _ratio(wide, _unlocated(tables[INDEPENDENT]))
    by_width = [(4.0, _at(table, 4.0, "sd"))]
    by_width += [(float(w), _at(far, w, "sd")) for w in far.study.grid["width"]]
    falling = ", ".join(
        "{:g} w0: {:.3f} ± {:.3f}".format(width, *_ratio(mean, sk))
        for width, mean in by_width
    )
    return [
        compare(
            f"mean SD basin / N at w = 1.5 w0, N = {size}", "about 0.05, below 0.1",
            float(native.value), float(native.error), (0.035, 0.1),
            "Minima found by SD; a basin counts as often as its minimum is found.",
        ),
        compare(
            "mean SD basin / N at w = 1.5 w0, N to infinity", "extensive, about 0.05",
            end, end_error, (0.035, 0.1),
            "Line in 1/N through N >= 50; error from the couplings alone.",
        ),
        compare(
            f"share of minima at w = 1.5 w0 with basins above 0.1 N, N = {size}",
            "many (no number)", float(many.value), float(many.error), (0.05, 1.0),
            "Taken as agreement from 5 % on.",
        ),
        compare(
            f"mean 0TMH basin / N at w = 1.5 w0, N = {size}", "vanishes",
            float(thermal.value), float(thermal.error), (0.0, VANISHED),
            f"Below {VANISHED:g} counts as vanished; it still falls with N.",
        ),
        compare(
            f"share of minima at w = 4 w0 with basins above 0.1 N, N = {size}",
            "nearly none", float(few.value), float(few.error), (0.0, 0.05),
            "Taken as agreement up to 5 %.",
        ),
        compare(
            f"mean SD basin at w = {farthest:g} w0 over that of SK, N = {size}",
            "1 for larger widths", glass[0], glass[1], (0.95, 1.05),
            f"By width: {falling}. 0.95 to 1.05 is our window. SK: {sk.value:.4f} ± "
            f"{sk.error:.4f} per spin with minima found by SD (paper, 0TMH: "
            f"{SK_SLOPE + 0.91 / size:.4f}). The next row tells how much of it is the "
            "distribution of the couplings: cosines, not Gaussian.",
        ),
        Claim(
            f"the same over that of independent cosines, N = {size}",
            "not in the paper", cosines[0], cosines[1], "not comparable",
            "1 where no correlation is left that basins would feel.",
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
