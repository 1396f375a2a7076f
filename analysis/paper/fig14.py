"""Fig. 14: what errors of placement and atom number do to the minima."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.campaign.results import Results
from analysis.campaign.study import Point, Study
from analysis.statistics import Estimate, cluster_bootstrap, crossing
from ccqed_ctrl.model.couplings import confocal_couplings
from ccqed_ctrl.params import Cavity
from ccqed_ctrl.rng import stream
from sim_backend.laboratory.physics.weight_chaos import (
    coupling_change,
    minima_overlap,
    perturbed_couplings,
)

from .drawing import COLOURS, panel, with_bars
from .figure import Claim, PaperFigure, Scale, Tables, compare

Floats = NDArray[np.float64]

#: Atoms in the cavity, shared by all ensembles.
ATOMS = 1e6
#: Errors of placement per coordinate, m: 1 um as it stands, and 1 um in total.
PLACEMENT = {"per coordinate": 1e-6, "in total": 1e-6 / np.sqrt(2)}
#: Overlap that the paper calls stable.
STABLE = 0.98

PROTOCOL = """
Ensembles at Gaussian positions, w0 = 35.2 um, couplings cos(2 r_i.r_j/w0^2). A minimum
s of J (random state, SD) relaxes again by SD under J', which differs by a placement
error of 1 um and by atom numbers that scatter by 1/sqrt(M), M = 1e6/N (Sec. VII C,
J'_ij = J_ij (1 + d_i)(1 + d_j) at the displaced sites). The paper does not say whether
1 um is per coordinate (full colour) or in total (faint): both are shown. Error bars:
95 % bootstrap over layouts. N = 50 to 200, 60 layouts of 20 minima (quick); 50 to 800,
200 of 100 (paper); 200 to 4000, 200 of 100 (beyond).
"""


def drift(point: Point, rng: np.random.Generator) -> Mapping[str, Any]:
    """Return the mean overlap s.s'/N and |J - J'|/|J| of one layout.

    point: ensembles, width (w0), placement (key of `PLACEMENT`), minima (number).
    """
    size, waist = int(point["ensembles"]), Cavity().waist
    sites = float(point["width"]) * waist * rng.standard_normal((size, 2))
    J = confocal_couplings(sites, waist)
    other = perturbed_couplings(
        sites, waist, rng,
        placement_error=PLACEMENT[str(point["placement"])],
        atom_number_spread=float(np.sqrt(size / ATOMS)),
    )  # fmt: skip
    return {
        "overlap": minima_overlap(J, other, int(point["minima"]), rng).mean(),
        "change": coupling_change(J, other),
    }


def _studies(scale: Scale) -> Sequence[Study]:
    sizes, minima, seeds = {
        "quick": ([50, 100, 200], 20, 60),
        "paper": ([50, 100, 200, 400, 800], 100, 200),
        "beyond": ([200, 800, 2000, 4000], 100, 200),
    }[scale]
    grid: dict[str, Any] = {
        "ensembles": sizes,
        "width": [0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0],
        "placement": list(PLACEMENT),
        "minima": [minima],
    }
    return [Study("fig14.drift", drift, grid, seeds, paired=("placement",))]


def _rows(table: Results, name: str, size: int, placement: str) -> Floats:
    """Return a value of `drift` by layout and width, (seeds, W)."""
    rows = [
        table.column(name, ensembles=size, placement=placement, width=width)
        for width in table.study.grid["width"]
    ]
    return np.stack(rows, axis=1)


def _curve(table: Results, name: str, size: int, placement: str) -> Estimate:
    return cluster_bootstrap(_rows(table, name, size, placement), stream(0, "fig14"))


def _draw(tables: Tables, figure: Figure) -> None:
    table = tables["fig14.drift"]
    widths = table.study.grid["width"]
    for axes, name in zip(figure.subplots(1, 2), ("overlap", "change"), strict=True):
        for k, size in enumerate(table.study.grid["ensembles"]):
            for placement in PLACEMENT:
                full = placement == "per coordinate"
                with_bars(
                    axes, widths, _curve(table, name, size, placement),
                    color=COLOURS[k], alpha=1.0 if full else 0.35,
                    label=f"N = {size}" if full else None,
                )  # fmt: skip
        axes.set(xlabel="width $w/w_0$")
    left, right = figure.axes
    left.set(ylabel="overlap $s \\cdot s'/N$", ylim=(0.6, 1.01))
    right.set(ylabel="$|J - J'|/|J|$", ylim=(0, None))
    left.legend(frameon=False)
    panel(left, "a", "drift of minima (faint: 1 um in total)")
    panel(right, "b", "change of the couplings")


def _safe_width(table: Results, size: int, placement: str) -> Estimate:
    """Estimate the width, in w0, up to which the overlap exceeds `STABLE`."""
    widths = table.study.grid["width"]
    return cluster_bootstrap(
        _rows(table, "overlap", size, placement), stream(0, "fig14.safe"),
        statistic=lambda r: crossing(widths, r.mean(axis=0), STABLE),
    )  # fmt: skip


def _claims(tables: Tables) -> list[Claim]:
    table = tables["fig14.drift"]
    widths = list(table.study.grid["width"])
    claims = []
    for placement in PLACEMENT:
        found = {
            size: _safe_width(table, size, placement)
            for size in table.study.grid["ensembles"]
        }
        listed = ", ".join(
            f"{size}: {safe.value:.3f} ± {safe.error:.3f}"
            for size, safe in found.items()
        )
        size = max(found)
        overlap = _curve(table, "overlap", size, placement)
        at_waist = widths.index(1.0)
        claims.append(
            compare(
                f"overlap at w = w0, N = {size}, 1 um {placement}",
                f"above {STABLE:g} up to about w0", float(overlap.value[at_waist]),
                float(overlap.error[at_waist]), (STABLE, 1.0),
                f"At {widths[-1]:g} w0 {overlap.value[-1]:.3f} ± "
                f"{overlap.error[-1]:.3f}. Width (w0) up to which the overlap exceeds "
                f"{STABLE:g}, by N: {listed}.",
            )
        )  # fmt: skip
    return claims


FIGURE = PaperFigure(
    "fig14", "Weight chaos", PROTOCOL, _studies, _draw, _claims, (11, 4.5)
)
