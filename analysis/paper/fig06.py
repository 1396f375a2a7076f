"""Fig. 6: the spectrum of the couplings against random matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.campaign.study import Point, Study
from analysis.statistics import Estimate, cluster_bootstrap
from ccqed_ctrl.model.couplings import confocal_couplings
from ccqed_ctrl.rng import stream
from ccqed_ctrl.units import TWO_PI

from .drawing import COLOURS, log_axis, panel, with_bars
from .figure import Claim, PaperFigure, Scale, Tables, compare

Floats = NDArray[np.float64]

#: Widths of panels (a) and (b), in w0.
SHOWN = (2.0, 3.0, 12.0)
#: The powers of N that panel (c) tries.
POWERS = (-3, -4, -5)
EIGENVALUE_EDGES = np.linspace(-4, 4, 65)
SPACING_EDGES = np.linspace(0, 4, 41)
#: Excess of a Hellinger distance that no histogram shows.
UNSEEN = 0.01
#: Neighbours on each side whose mean spacing counts as the local one.
WINDOW = 20

PROTOCOL = """
Eigenvalues of J_ij = cos(2 r_i.r_j/w0^2) with zero diagonal, each matrix scaled to unit
variance of its eigenvalues (Sec. IV). Spacings are divided by the mean spacing of 20
neighbours on each side, the outermost 20 left out. Hellinger distance
H^2 = 1 - int sqrt(p q) between the histogram (64 bins on [-4, 4], all matrices of a
point together) and Wigner's semicircle sqrt(4 - x^2)/2pi. Error bars: 95 % bootstrap
over matrices. Panels (a, b): N = 400 and 20 matrices (quick), N = 1000 and 50 (paper),
N = 4000 and 50 (beyond). Panel (c): N = 100 to 400, 8 matrices per point (quick),
N = 100 to 1000, 50 (paper), N = 100 to 4000, 50 (beyond).
"""


def spectrum(point: Point, rng: np.random.Generator) -> Mapping[str, Any]:
    """Return histograms of the scaled eigenvalues and spacings of one matrix.

    point: ensembles, width (w0). Returns eigenvalues (64,) and spacings (40,) int, and
    outside, the number of eigenvalues beyond the bins.
    """
    n = int(point["ensembles"])
    sites = float(point["width"]) * rng.standard_normal((n, 2))
    return histograms(confocal_couplings(sites, 1.0))


def reference(point: Point, rng: np.random.Generator) -> Mapping[str, Any]:
    """Return what `spectrum` does, of one matrix of the SK model.

    point: ensembles.
    """
    n = int(point["ensembles"])
    J = np.triu(rng.standard_normal((n, n)), 1)
    return histograms(J + J.T)


def histograms(J: Floats) -> Mapping[str, Any]:
    """Return what `spectrum` does, of any symmetric matrix (N, N), N > 2 WINDOW + 1."""
    values = np.linalg.eigvalsh(J)
    values = values / np.sqrt(np.mean(values**2))
    local = (values[2 * WINDOW + 1 :] - values[: -2 * WINDOW - 1]) / (2 * WINDOW + 1)
    spacings = np.diff(values)[WINDOW:-WINDOW] / local
    counts = np.histogram(values, EIGENVALUE_EDGES)[0]
    return {
        "eigenvalues": counts,
        "outside": len(values) - counts.sum(),
        "spacings": np.histogram(spacings, SPACING_EDGES)[0],
    }


def semicircle(x: Floats) -> Floats:
    """Return Wigner's semicircle of unit variance, sqrt(4 - x^2) / 2 pi."""
    return np.sqrt(np.maximum(4 - x**2, 0)) / TWO_PI


def surmise(s: Floats) -> Floats:
    """Return Wigner's surmise for spacings, (pi s/2) exp(-pi s^2/4)."""
    return np.pi * s / 2 * np.exp(-np.pi * s**2 / 4)


def hellinger(counts: Floats, total: Floats | float) -> Floats:
    """Return the distance of histograms (..., 64) from the semicircle, (...).

    total: (...) eigenvalues in all, those outside of the bins included.
    """
    x = np.clip(EIGENVALUE_EDGES, -2, 2)
    cumulative = 0.5 + (x * np.sqrt(4 - x**2) / 4 + np.arcsin(x / 2)) / np.pi
    common = np.sum(np.sqrt(counts * np.diff(cumulative)), axis=-1) / np.sqrt(total)
    return np.sqrt(np.maximum(1 - common, 0))


def _studies(scale: Scale) -> Sequence[Study]:
    large, many = {"quick": (400, 20), "paper": (1000, 50), "beyond": (4000, 50)}[scale]
    sizes, points, seeds = {
        "quick": ([100, 200, 400], 9, 8),
        "paper": ([100, 200, 300, 400, 500, 600, 700, 800, 900, 1000], 16, 50),
        "beyond": ([100, 200, 400, 800, 1000, 2000, 4000], 16, 50),
    }[scale]
    widths = np.round(np.geomspace(1, 20, points), 3).tolist()
    return [
        Study("fig06.shown", spectrum, {"ensembles": [large], "width": SHOWN}, many),
        Study("fig06.sk", reference, {"ensembles": [large]}, many),
        Study("fig06.collapse", spectrum, {"ensembles": sizes, "width": widths}, seeds),
    ]


def _distances(tables: Tables) -> tuple[Floats, Floats, Estimate]:
    """Return sizes (A,), widths (W,) and distances (A, W) of panel (c)."""
    table = tables["fig06.collapse"]
    sizes = np.array(table.study.grid["ensembles"], float)
    widths = np.array(table.study.grid["width"], float)
    found = cluster_bootstrap(
        _by_matrix(tables), stream(0, "fig06"), resamples=300,
        statistic=lambda rows: hellinger(rows.mean(axis=0), sizes[:, None]),
    )  # fmt: skip
    return sizes, widths, found


def _by_matrix(tables: Tables) -> Floats:
    """Return the counts of panel (c), (seeds, A, W, 64)."""
    return np.moveaxis(tables["fig06.collapse"].array("eigenvalues"), 2, 0).astype(
        float
    )


def mismatch(sizes: Floats, widths: Floats, distances: Floats, power: int) -> float:
    """Return how far the curves lie apart on x = w N^(1/power).

    The standard deviation over sizes, averaged over the x that all curves share.
    distances: (A, W).
    """
    scaled = [widths * n ** (1 / power) for n in sizes]
    low, high = max(x[0] for x in scaled), min(x[-1] for x in scaled)
    common = np.geomspace(low, high, 50)
    curves = [
        np.interp(np.log(common), np.log(x), row)
        for x, row in zip(scaled, distances, strict=True)
    ]
    return float(np.mean(np.std(curves, axis=0)))


def _draw(tables: Tables, figure: Figure) -> None:
    left, middle, right = figure.subplots(1, 3)
    table = tables["fig06.shown"]
    for k, width in enumerate(SHOWN):
        for axes, name, edges in (
            (left, "eigenvalues", EIGENVALUE_EDGES),
            (middle, "spacings", SPACING_EDGES),
        ):
            counts = table.column(name, width=width).astype(float)
            share = counts / counts.sum(axis=1, keepdims=True) / np.diff(edges)
            found = cluster_bootstrap(share, stream(0, f"fig06.{name}", k))
            x = 0.5 * (edges[1:] + edges[:-1])
            label = f"$w = {width:g}\\,w_0$"
            with_bars(axes, x, found, color=COLOURS[k], ls="", label=label)
    x, s = np.linspace(-2, 2, 400), np.linspace(0, 4, 400)
    left.plot(x, semicircle(x), "k-", lw=1.2, label="semicircle")
    middle.plot(s, surmise(s), "k-", lw=1.2, label="Wigner surmise")
    left.set(xlabel="eigenvalue (unit variance)", ylabel="density $f_w$", xlim=(-4, 4))
    left.annotate(
        "spike at 0:\na narrow layout sees\nfewer modes than N,\nthe rest is empty",
        (-0.1, left.get_ylim()[1] * 0.5), (-3.8, left.get_ylim()[1] * 0.55),
        arrowprops={"arrowstyle": "->", "lw": 0.8}, fontsize=9, va="center",
    )  # fmt: skip
    middle.set(xlabel="level spacing (mean spacing 1)", ylabel="density $p_w$")
    size = table.study.grid["ensembles"][0]
    panel(left, "a", f"eigenvalues, N = {size}")
    panel(middle, "b", f"level spacings, N = {size}")
    sizes, widths, found = _distances(tables)
    for k, power in enumerate(POWERS):
        for row, n in enumerate(sizes):
            strength = 0.3 + 0.7 * row / max(len(sizes) - 1, 1)
            bars = Estimate(
                found.value[row], found.error[row], found.low[row], found.high[row]
            )
            named = f"$\\nu = {power}$" if row == len(sizes) - 1 else None
            with_bars(
                right, widths * n ** (1 / power), bars, color=COLOURS[k],
                alpha=strength, label=named,
            )  # fmt: skip
    log_axis(right, (0.2, 0.5, 1, 2, 5))
    right.set(xlabel=r"$N^{1/\nu} w/w_0$", ylabel="Hellinger distance")
    span = f"N = {sizes[0]:.0f} (faint) to {sizes[-1]:.0f}"
    panel(right, "c", f"distance from the semicircle, {span}")
    for axes in (left, middle, right):
        axes.legend(frameon=False)


def _surmised(rows: Floats) -> Floats:
    """Return the distance of histograms of spacings (K, 40) from Wigner's surmise."""
    edge = np.exp(-np.pi * SPACING_EDGES**2 / 4)
    share = -np.diff(edge)
    seen = rows.sum(axis=0) / rows.sum()
    return np.sqrt(np.maximum(1 - np.sum(np.sqrt(seen * share)), 0))


def _far(tables: Tables) -> list[Claim]:
    """Compare the widest layouts with matrices of the SK model of the same size."""
    table = tables["fig06.shown"]
    size = float(table.study.grid["ensembles"][0])
    claims = []
    for name, law, statistic in (
        ("eigenvalues", "semicircle", lambda r: hellinger(r.mean(axis=0), size)),
        ("spacings", "Wigner surmise", _surmised),
    ):
        ours, sk = (
            cluster_bootstrap(rows, stream(0, f"fig06.{name}"), statistic=statistic)
            for rows in (
                table.column(name, width=12.0),
                tables["fig06.sk"].column(name),
            )
        )
        excess = float(ours.value - sk.value)
        claims.append(
            compare(
                f"{name} at w = 12 w0, N = {size:.0f}: Hellinger distance from the "
                f"{law}, less that of SK matrices",
                "0: as the SK model beyond a few w0", excess,
                float(np.hypot(ours.error, sk.error)), (0.0, UNSEEN),
                f"Distances {ours.value:.4f} and {sk.value:.4f}, not zero for finite "
                f"histograms. Up to {UNSEEN:g} more counts as the same: our threshold, "
                "set after the first results, and far below what panel (c) spans.",
            )
        )  # fmt: skip
    return claims


def _claims(tables: Tables) -> list[Claim]:
    sizes, widths, _ = _distances(tables)
    spread = cluster_bootstrap(
        _by_matrix(tables), stream(0, "fig06.spread"), resamples=200,
        statistic=lambda rows: [
            mismatch(sizes, widths, hellinger(rows.mean(axis=0), sizes[:, None]), power)
            for power in POWERS
        ],
    )  # fmt: skip
    best = POWERS[int(np.argmin(spread.value))]
    listed = ", ".join(
        f"{power}: {value:.4f} ± {error:.4f}"
        for power, value, error in zip(POWERS, spread.value, spread.error, strict=True)
    )
    return [
        *_far(tables),
        Claim(
            "power of N for which the distances collapse, x = N^(1/nu) w/w0",
            "nu = -4", f"nu = {best}", None, "agrees" if best == -4 else "differs",
            f"Spread of the curves over N, by nu: {listed}.",
        ),
    ]  # fmt: skip


FIGURE = PaperFigure(
    "fig06",
    "Spectrum of the connectivity",
    PROTOCOL,
    _studies,
    _draw,
    _claims,
    (14, 4.4),
)
