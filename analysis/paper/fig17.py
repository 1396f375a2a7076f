"""Fig. 17: as Fig. 9 with M = 1e3, where trajectories fluctuate."""

from __future__ import annotations

from matplotlib.figure import Figure

from . import time_traces
from .figure import PaperFigure, Tables

_STUDY = "fig17.relaxation"

PROTOCOL = """
N = 100 ensembles of M = 2S = 1e3 atoms, w = 1.5 w0, beta = 10, finite clouds (B4, B5),
omega_z = 1e6 rad/s, no noise; pump such that the largest possible |de| is |Delta_C| (M
J_0 (N + beta) = |Delta_C|). A random state is relaxed by steepest descent to a minimum;
four ensembles are flipped, drawn until they and no others stand against their field,
self term included. Mean field F3 (not Eq. 26, see physics.md) against one exact
trajectory of Eq. 25. Starts: 10 (quick), 200 (paper), 2000 (beyond), each its own
layout; both rate models see the same starts. Error bars: bootstrap over starts. Drawn
is the first start that relaxes under both models.
"""


def _draw(tables: Tables, figure: Figure) -> None:
    time_traces.draw(tables[_STUDY], figure)


FIGURE = PaperFigure(
    "fig17", "Relaxation in time, M = 1e3", PROTOCOL,
    time_traces.study(_STUDY, 1000, 4), _draw,
    lambda tables: time_traces.claims(tables, _STUDY, "0.06", (0.055, 0.065)),
    (11, 6.5),
)  # fmt: skip
