"""Fig. 4: how the confocal couplings are distributed, and how they frustrate."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.campaign.results import Results
from analysis.campaign.study import Point, Study
from analysis.statistics import Estimate, cluster_bootstrap
from ccqed_ctrl.model.couplings import (
    confocal_couplings,
    coupling_density,
    coupling_moments,
    probability_negative,
)
from ccqed_ctrl.rng import stream

from .drawing import COLOURS, log_axis, panel, with_bars
from .figure import Claim, PaperFigure, Scale, Tables, compare

#: Widths of panels (a) to (c), in w0.
SHOWN = (0.5, 1.0, 4.0)
EDGES = np.linspace(-1, 1, 41)

PROTOCOL = """
Ensembles at Gaussian positions of standard deviation w per coordinate, couplings
cos(2 r_i.r_j/w0^2) (Eq. 2, normalised). N = 100 per layout; all pairs, all pairs that
share an ensemble and all triples of a layout count. Error bars: 95 % bootstrap over
layouts, since couplings of one layout are correlated. Lines: closed forms of Eqs. 7,
8 (C11, C17), C18 and C19. Layouts: 40 (quick), 400 (paper), 4000 (beyond) per width.
"""


def couplings(point: Point, rng: np.random.Generator) -> Mapping[str, Any]:
    """Return histogram and averages of the couplings of one layout.

    point: width (w0), ensembles. Returns histogram (40,) int, mean, negative (share of
    pairs), product <J_ij J_jk>, frustrated (share of triples with J_ij J_jk J_ki < 0).
    """
    n = int(point["ensembles"])
    J = confocal_couplings(float(point["width"]) * rng.standard_normal((n, 2)), 1.0)
    pairs = J[np.triu_indices(n, 1)]
    triples = n * (n - 1) * (n - 2)
    row = J.sum(axis=1)
    signs = np.sign(J)
    return {
        "histogram": np.histogram(pairs, EDGES)[0],
        "mean": pairs.mean(),
        "negative": np.mean(pairs < 0),
        "product": (row @ row - np.sum(J * J)) / triples,
        "frustrated": 0.5 - 0.5 * np.sum((signs @ signs) * signs) / triples,
    }


def _studies(scale: Scale) -> Sequence[Study]:
    widths = sorted({*np.round(np.geomspace(0.25, 8, 21), 3).tolist(), *SHOWN})
    seeds = {"quick": 40, "paper": 400, "beyond": 4000}[scale]
    grid = {"width": widths, "ensembles": [100]}
    return [Study("fig04.couplings", couplings, grid, seeds)]


def _estimate(table: Results, name: str) -> tuple[NDArray[Any], Estimate]:
    """Return the widths (W,) and a mean over layouts at each."""
    values = table.array(name)[:, 0]
    rng = stream(0, f"fig04.{name}")
    return np.array(table.study.grid["width"]), cluster_bootstrap(values.T, rng)


def _draw(tables: Tables, figure: Figure) -> None:
    table = tables["fig04.couplings"]
    grid = figure.add_gridspec(2, 5)
    for column, width in enumerate(SHOWN):
        _density(figure.add_subplot(grid[0, column]), table, column, width)
        _graph(figure.add_subplot(grid[1, column]), width)
    axes = figure.add_subplot(grid[:, 3:])
    fine = np.geomspace(0.25, 8, 200)
    closed = {
        "product": [1 / (1 + 8 * w**4) for w in fine],
        "negative": [probability_negative(w, 1.0) for w in fine],
    }
    words = {
        "product": r"$\langle J_{ij} J_{jk} \rangle$",
        "negative": "P(antiferromagnetic)",
        "frustrated": "P(frustrated triple)",
    }
    for (name, label), colour in zip(
        words.items(), (COLOURS[6], COLOURS[0], COLOURS[1]), strict=True
    ):
        widths, found = _estimate(table, name)
        line = "" if name in closed else "-"
        with_bars(axes, widths, found, color=colour, label=label, ls=line)
        if name in closed:
            axes.plot(fine, closed[name], color=colour, lw=1)
    for width in SHOWN:
        axes.axvline(width, color="0.6", ls="--", lw=0.8)
    log_axis(axes, (0.25, 0.5, 1, 2, 4, 8))
    axes.set_xlabel("$w/w_0$")
    axes.set_ylabel("correlation, probability")
    axes.legend(frameon=False)
    panel(axes, "d", "statistics; lines without points: closed forms")


def _density(axes: Axes, table: Results, column: int, width: float) -> None:
    counts = table.column("histogram", width=width).astype(float)
    share = counts / counts.sum(axis=1, keepdims=True) / np.diff(EDGES)
    found = cluster_bootstrap(share, stream(0, "fig04.density", column))
    middle = 0.5 * (EDGES[1:] + EDGES[:-1])
    axes.bar(middle, found.value, np.diff(EDGES), color=COLOURS[5], alpha=0.6)
    axes.errorbar(
        middle, found.value, yerr=found.bars, fmt="none", ecolor="0.3", elinewidth=0.8
    )
    J = np.sin(np.linspace(-1, 1, 401)[1:-1] * np.pi / 2)
    axes.plot(J, coupling_density(J, width, 1.0), color=COLOURS[6], lw=1)
    axes.set_yscale("log")
    axes.set_ylim(0.008, 60)
    axes.set_xlabel(r"$\tilde J_{ij}$")
    axes.set_ylabel(r"density $p(\tilde J)$")
    panel(axes, "abc"[column], f"$w = {width:g}\\,w_0$")


def _graph(axes: Axes, width: float) -> None:
    sites = width * stream(0, "fig04.graph").standard_normal((12, 2))
    J = confocal_couplings(sites, 1.0)
    for i, j in itertools.combinations(range(len(sites)), 2):
        colour = "#c8102e" if J[i, j] > 0 else "#1f4e9c"
        ends = sites[[i, j]].T
        axes.plot(*ends, color=colour, lw=1.5 * abs(J[i, j]), alpha=0.5)
    axes.plot(*sites.T, "o", color="black", ms=4)
    angle = np.linspace(-np.pi, np.pi, 100)
    axes.plot(np.cos(angle), np.sin(angle), "k--", lw=0.8)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel("$x/w_0$")
    axes.set_ylabel("$y/w_0$")


def _claims(tables: Tables) -> list[Claim]:
    table = tables["fig04.couplings"]
    claims = [_mean(table, width) for width in SHOWN]
    for name, words, exact, source in (
        ("product", "<J_ij J_jk> at w = w0", 1 / 9, "Eq. 8: 1/(1 + 8 w^4/w0^4)"),
        ("negative", "P(J < 0) at w = w0", probability_negative(1, 1), "Eq. C19"),
    ):
        found = cluster_bootstrap(table.column(name, width=1.0), stream(0, name))
        claims.append(
            compare(
                words, f"{exact:.5f}", float(found.value), float(found.error),
                (exact, exact), source,
            )
        )  # fmt: skip
    for width in SHOWN:
        rng = stream(0, "fig04.frustrated")
        found = cluster_bootstrap(table.column("frustrated", width=width), rng)
        claims.append(
            Claim(
                f"P(frustrated triple) at w = {width:g} w0", "drawn, no number given",
                float(found.value), float(found.error), "not comparable",
                "No closed form exists; 1/2 is the limit of independent couplings.",
            )
        )  # fmt: skip
    return claims


def _mean(table: Results, width: float) -> Claim:
    exact, _ = coupling_moments(width, 1.0)
    rng = stream(0, "fig04.mean")
    found = cluster_bootstrap(table.column("mean", width=width), rng)
    return compare(
        f"mean coupling at w = {width:g} w0", f"{exact:.5f}", float(found.value),
        float(found.error), (exact, exact), "Eqs. 7, 9: 1/(1 + 4 w^4/w0^4)",
    )  # fmt: skip


FIGURE = PaperFigure(
    "fig04", "Confocal connectivities", PROTOCOL, _studies, _draw, _claims, (14, 5.5)
)
