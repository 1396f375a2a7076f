"""The phase of the longitudinal drive's light against that of an ensemble beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ccqed_ctrl.calibration.driven import DrivenRecord
from ccqed_ctrl.errors import FitError
from ccqed_ctrl.holograms import HologramPlan
from ccqed_ctrl.records import Entry

from .decode import DARK, Decoder
from .demodulation import Field, centred
from .geometry import LightReader


@dataclass(frozen=True)
class DrivenReader(LightReader):
    """Reads both phases in one frame: whatever drifts is the same in both.

    both: the decoder of ensemble and spot.
    """

    both: Decoder

    measured = (DrivenRecord.drive_angle, DrivenRecord.drive_arrival)

    @classmethod
    def of_plan(cls, plan: HologramPlan, previous: Any = None) -> Self:
        """Return the reader of a plan."""
        hologram = cls.hologram_of(plan, previous)
        places = np.concatenate([plan.positions, plan.spots])
        believed = hologram.cavity, hologram.cloud, hologram.imaging
        return cls(hologram, Decoder.of_layout(places, *believed))

    def shown_by(self, field: Field) -> dict[Entry, Any]:
        """Return the angles of a field in the coordinates of the frame."""
        reader = self.hologram
        about = centred(field, reader.axis, reader.imaging)
        found = self.both.decode(about).amplitudes
        noise = np.sqrt(field.noise / np.diag(self.both.gram))
        if np.any(np.abs(found) < DARK * noise):
            raise FitError("ensemble or drive is dark, so that they have no phase")
        emission, drive = np.angle(found)
        arrival = drive - self.both.expected_phase
        return {
            DrivenRecord.drive_angle: np.angle(np.exp(2j * (drive - emission))) / 2,
            DrivenRecord.drive_arrival: float(np.angle(np.exp(1j * arrival))),
        }
