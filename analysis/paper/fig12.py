"""Fig. 12: basins of the confocal cavity's own minima against the layout's width."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.optimize import curve_fit
from scipy.stats import chi2

from analysis.campaign.results import Results
from analysis.campaign.study import Point, Study
from analysis.statistics import Estimate, cluster_bootstrap
from ccqed_ctrl.model import relaxation
from ccqed_ctrl.rng import stream
from ccqed_ctrl.units import TWO_PI

from .basin_studies import SEQUENTIAL, basin, basins
from .drawing import COLOURS, log_axis, panel, with_bars
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
#: One more size at the paper's width, SD alone.
LARGE, NATIVE = "fig12.large", 1.5
#: Least probability of its chi^2 with which a fit form is kept.
PLAUSIBLE = 0.05
FAR_WIDTHS = (8.0, 16.0)
#: Mean basin over N that counts as the paper's "about 0.05".
EXTENSIVE = (0.035, 0.1)
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
one at N = 400). Error bars: 95 % bootstrap over couplings. Panel (c): the mean at w =
1.5 w0 through all sizes of at least 50, by three forms; what fits says whether the
limit of large N is decided.
N = 25 to 200, 24 couplings of 20 minima (quick); N = 3 to 800, 1600 to 32 couplings of
200, at w = 1.5 w0 also 240 of 80 at N = 1600 (paper); ten times as many couplings, and
32 at N = 1600 and 4000 (beyond).
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
        return [*studies, _large(400, 10, 24, 1.5), *_limits(sizes[-1], 20, 24)]
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
    if scale == "paper":
        studies.append(_large(1600, 80, 240, 75.0))
    return [*studies, *_limits(largest, 200, 32)]


def _large(size: int, minima: int, seeds: int, seconds: float) -> Study:
    """Return the study of one more size; seconds: core time of its tasks."""
    only = {"width": (NATIVE,), "dynamics": ("sd",)}
    return replace(_study("large", size, minima, seeds, **only), seconds=seconds)


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
        if name not in (SK, FAR, INDEPENDENT, LARGE)
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


def native_means(tables: Tables) -> tuple[Floats, Floats, Floats]:
    """Return sizes of at least 50, mean SD basins over N at `NATIVE`, errors, (A,)."""
    tables_of = _by_size(tables)
    if LARGE in tables:
        tables_of[int(tables[LARGE].study.grid["ensembles"][0])] = tables[LARGE]
    rows = []
    for size, table in sorted(tables_of.items()):
        if size >= 50 and NATIVE in table.study.grid["width"]:
            found = _at(table, NATIVE, "sd")
            # Two sets of couplings can agree by luck; no error is smaller than this.
            rows.append((size, float(found.value), max(float(found.error), 1e-4)))
    sizes, values, errors = np.array(rows, float).T
    return sizes, values, errors


#: Means over N by N, and two parameters: the limit and a slope, or factor and power.
FORMS: dict[str, Callable[..., Floats]] = {
    "b + a/N": lambda n, b, a: b + a / n,
    "b + a/sqrt(N)": lambda n, b, a: b + a / np.sqrt(n),
    "c N^-p": lambda n, c, p: c * n**-p,
}


@dataclass(frozen=True)
class Fit:
    """One form through the means: parameters (2,), limit and error, chi^2, its dof."""

    parameters: Floats
    limit: float
    error: float
    chi2: float
    dof: int

    @property
    def plausible(self) -> bool:
        """Whether so large a chi^2 is no surprise."""
        return float(chi2.sf(self.chi2, self.dof)) >= PLAUSIBLE


def fits(sizes: Floats, values: Floats, errors: Floats) -> dict[str, Fit]:
    """Fit all `FORMS` to means (A,) with errors; couplings of sizes are independent."""
    found = {}
    for name, form in FORMS.items():
        start = (values[0], 0.1) if name == "c N^-p" else (values[-1], 0.0)
        best, covariance = curve_fit(
            form, sizes, values, start, errors, absolute_sigma=True
        )
        miss = (form(sizes, *best) - values) / errors
        to_zero = name == "c N^-p"
        limit = 0.0 if to_zero else float(best[0])
        error = 0.0 if to_zero else float(np.sqrt(covariance[0, 0]))
        goodness = float(np.sum(miss**2))
        found[name] = Fit(best, limit, error, goodness, len(sizes) - 2)
    return found


def limit_claim(sizes: Floats, values: Floats, errors: Floats) -> Claim:
    """Say what means (A,) decide: only what all forms that fit them agree on."""
    found = fits(sizes, values, errors)
    low, high = EXTENSIVE
    within = {
        low - 2 * fit.error <= fit.limit <= high + 2 * fit.error
        for fit in found.values()
        if fit.plausible
    }
    last = 2 * values[-1] - values[-2]
    reach = float(np.hypot(2 * errors[-1], errors[-2]))
    forms = "; ".join(
        f"{name}: limit {fit.limit:.4f} ± {fit.error:.4f}"
        + (f", p = {fit.parameters[1]:.3f}" if name == "c N^-p" else "")
        + f", chi^2 {fit.chi2:.1f} for {fit.dof}"
        for name, fit in found.items()
    )
    decided = len(within) == 1
    return Claim(
        "mean SD basin / N at w = 1.5 w0, N to infinity", "extensive, about 0.05",
        f"{last:.4f} ± {reach:.4f} (1/N, last two sizes)" if decided else "not decided",
        None,
        ("agrees" if within.pop() else "differs") if decided else "not comparable",
        f"Window {low:g} to {high:g}. Fits through N = {sizes[0]:.0f} to "
        f"{sizes[-1]:.0f}: {forms}. A form is kept if its chi^2 has a probability of "
        f"{PLAUSIBLE:g} or more; 1/N through the last two sizes alone gives {last:.4f} "
        f"± {reach:.4f}. Decided only where all forms that are kept agree.",
    )  # fmt: skip


def _draw(tables: Tables, figure: Figure) -> None:
    left, right, last = figure.subplots(1, 3, width_ratios=(1.5, 1, 1))
    by_n = _by_size(tables)
    for dynamics, colour in DYNAMICS.items():
        for k, (size, table) in enumerate(by_n.items()):
            native = dynamics == "sd"
            with_bars(
                left, table.study.grid["width"], _mean(table, dynamics), color=colour,
                alpha=0.25 + 0.75 * k / max(len(by_n) - 1, 1),
                label=f"N = {size}, SD" if native else f"N = {size}, 0TMH",
            )  # fmt: skip
    left.axvline(TRANSITION, color="k", ls="--", lw=0.8)
    left.axhline(SK_SLOPE, color=COLOURS[2], lw=1, label="SK, paper: 0.0135")
    ours = float(_unlocated(tables[SK], dynamics="sd").value)
    left.axhline(ours, color=COLOURS[2], lw=1, ls=":", label=f"SK, ours: {ours:.4f}")
    left.set(xlabel="width $w/w_0$", ylabel="mean basin / N", ylim=(0, 0.2))
    left.legend(frameon=False, fontsize=6.5, loc="upper right", ncols=2)
    panel(left, "a", "more spins: stronger colour")
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
    draw_limit(last, *native_means(tables))
    panel(last, "c", f"w = {NATIVE:g} w0, bars: two errors")


def draw_limit(axes: Axes, sizes: Floats, values: Floats, errors: Floats) -> None:
    """Draw means (A,) at the paper's width against N, with all fit forms."""
    axes.errorbar(sizes, values, yerr=2 * errors, fmt="ko", ms=4, capsize=2)
    n = np.geomspace(sizes[0], 20 * sizes[-1], 200)
    styles = zip(
        fits(sizes, values, errors).items(), COLOURS, ("-", "--", ":"), strict=False
    )
    for (name, fit), colour, line in styles:
        label = f"{name}: $\\chi^2$ = {fit.chi2:.1f} for {fit.dof}"
        axes.plot(n, FORMS[name](n, *fit.parameters), line, color=colour, label=label)
    log_axis(axes, [int(size) for size in sizes])
    axes.set(xlabel="N", ylabel="mean basin / N, SD", ylim=(0, None))
    axes.legend(frameon=False, fontsize=8, loc="lower left")


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
            float(native.value), float(native.error), EXTENSIVE,
            "Minima found by SD; a basin counts as often as its minimum is found.",
        ),
        limit_claim(*native_means(tables)),
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
    (17, 4.8),
)
