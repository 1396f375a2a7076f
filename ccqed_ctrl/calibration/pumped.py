"""Ensembles pumped until they radiate, nothing written: shots of calibrations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ..belief import Apparatus
from ..holograms import HologramPlan, HologramShot
from ..model.layout import sample_layout
from ..params import Run, Sequence
from ..quantities import Parameters, quantity
from ..rng import stream

#: Least distance of sites and mirror images, m.
APART: Final = 14e-6
#: Long enough above threshold to polarise, and imaged at once.
PUMPED: Final = Sequence(
    hold_time=2e-3, field_off_time=0.0, evolution_time=0.0, noise=False
)


def plan_isolated(
    sequence: Sequence, *, apparatus: Apparatus, run: Run, **_: Any
) -> HologramPlan:
    """Plan shots of one ensemble, where it does not feel its own mirror image.

    At r = sqrt(pi)/2 w0 the nonlocal coupling to itself vanishes.
    """
    site = [[np.sqrt(np.pi / 4) * apparatus.cavity.waist, 0.0]]
    base = HologramPlan.at(site, apparatus, sequence)
    return base.with_shots([HologramShot.dark(1)] * run.shots)


@dataclass(frozen=True)
class Sites(Parameters):
    """Sites drawn at random about the cavity axis; several are a scan of `drawing`."""

    count: int = quantity(8, "number of sites", minimum=3, maximum=64)
    width: float = quantity(
        0.9, "rms width of where they are over w0", minimum=0.1, maximum=5.0
    )
    drawing: int = quantity(0, "number of the drawing", minimum=0, maximum=10_000)


def plan_sites(
    sites: Sites, sequence: Sequence, *, apparatus: Apparatus, run: Run, **_: Any
) -> HologramPlan:
    """Plan shots of a drawing of sites, far enough apart to tell their light."""
    drawn = sample_layout(
        sites.count, sites.width * apparatus.cavity.waist, APART,
        stream(run.seed, "calibration sites", sites.drawing),
    )  # fmt: skip
    base = HologramPlan.at(drawn, apparatus, sequence)
    return base.with_shots([HologramShot.dark(sites.count)] * run.shots)
