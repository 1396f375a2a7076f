"""Ensembles pumped until they radiate, nothing written: shots of calibrations."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from ..belief import Apparatus
from ..holograms import HologramPlan, HologramShot
from ..params import Run, Sequence

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
