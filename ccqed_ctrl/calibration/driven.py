"""One ensemble that radiates, and beside it a spot of the drive without atoms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from .. import limits
from ..belief import Apparatus
from ..holograms import HologramPlan, HologramRecord, HologramShot
from ..model import couplings
from ..model.plan import Floats, LoadPlan
from ..params import Run, Sequence
from ..records import row

#: Distance of ensemble and spot from the axis, waists, in perpendicular directions: the
#: nonlocal field of the spot at the ensemble is then large, its local one nothing.
FAR: Final = 1.2


class DrivenRecord(HologramRecord):
    """Shots that show drive and ensemble at once: each has a phase, and one drift."""

    drive_angle = row("", "float64", "drive minus emission, modulo pi, rad")
    drive_arrival = row("", "float64", "drive minus what is believed of emission, rad")


@dataclass(frozen=True)
class DrivenPlan(HologramPlan):
    """What the shots have in common. spot: (1, 2) m about the axis, of the drive."""

    spot: Floats

    @property
    def spots(self) -> Floats:
        """Where the drive is, and no atoms are."""
        return self.spot


def plan_driven(
    sequence: Sequence, *, apparatus: Apparatus, run: Run, **_: Any
) -> DrivenPlan:
    """Plan shots in which the spot shines about as brightly as the ensemble.

    Raises
    ------
    LimitError
        That takes more than the full drive.
    """
    far = FAR * apparatus.cavity.waist
    base = HologramPlan.at([[far, 0.0]], apparatus, sequence)
    driven = apparatus.pump.replace(rabi_frequency=base.pump.final)
    alike = couplings.coupling_scale(apparatus.cavity, driven) * apparatus.cloud.atoms
    full = apparatus.longitudinal.full_scale * float(np.sqrt(base.pump.volts[-1]))
    amplitude = alike / max(full, 1e-12)
    limits.enforce("DDS amplitude", amplitude)
    load = LoadPlan(np.ones(1), amplitude, np.array([alike]), 0.0, np.zeros(1, np.int8))
    shots = (HologramShot(load),) * run.shots
    given = {**vars(base), "shots": shots}
    return DrivenPlan(**given, spot=np.array([[0.0, far]]))
