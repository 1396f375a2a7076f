"""Fig. 9: ensembles relax to a minimum, M = 1e5 atoms each."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from analysis.campaign.study import Study

from . import fates, time_traces
from .figure import Claim, PaperFigure, Scale, Tables

_STUDY = "fig09.relaxation"

PROTOCOL = """
N = 100 ensembles of M = 2S = 1e5 atoms, w = 1.5 w0, beta = 10, finite clouds (B4, B5),
omega_z = 1e6 rad/s, no noise; pump such that the largest possible |de| is |Delta_C| (M
J_0 (N + beta) = |Delta_C|). A random state is relaxed by steepest descent to a minimum;
five ensembles are flipped, drawn until they and no others stand against their field,
self term included. Mean field F3 (not Eq. 26, see physics.md) against one exact
trajectory of Eq. 25. Starts: 10 (quick), 200 (paper), 2000 (beyond), each its own
layout; both rate models see the same starts. Error bars: bootstrap over starts. Drawn
is the first start that relaxes under both models.

Last rows of the table: mean field from a minimum with 20 % flipped and from random
states, 12, 200 or 2000 starts each, against the end of steepest descent with the self
term.
"""


def _draw(tables: Tables, figure: Figure) -> None:
    time_traces.draw(tables[_STUDY], figure)


def _studies(scale: Scale) -> Sequence[Study]:
    return [*time_traces.study(_STUDY, 100_000, 5)(scale), fates.study(scale)]


def _claims(tables: Tables) -> list[Claim]:
    return [
        *time_traces.claims(tables, _STUDY, "order of 10", (7.0, 14.0)),
        *fates.claims(tables["fig09.fates"]),
    ]


FIGURE = PaperFigure(
    "fig09",
    "Relaxation in time, M = 1e5",
    PROTOCOL,
    _studies,
    _draw,
    _claims,
    (11, 6.5),
)
