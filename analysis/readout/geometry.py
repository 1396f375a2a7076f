"""From frames of pumped ensembles to where axis and sites are: rows of calibrations."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ccqed_ctrl.calibration.geometry import CentreRecord, PlacesRecord
from ccqed_ctrl.errors import DecodingError, FitError
from ccqed_ctrl.holograms import HologramPlan, HologramRecord, HologramShot
from ccqed_ctrl.records import Entry
from ccqed_ctrl.records.shots import Reading

from .demodulation import Field, centred, demodulate
from .holograms import HologramReader
from .positions import find_places
from .symmetry import centre_of_symmetry

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class GeometryReader:
    """Reads holograms, and what they show of geometry; subclasses say what that is."""

    hologram: HologramReader
    measured: ClassVar[tuple[Entry, ...]]

    @classmethod
    def of_plan(cls, plan: HologramPlan, previous: Any = None) -> GeometryReader:
        """Return the reader of a plan; templates of `previous` serve if they fit."""
        last = previous.hologram if previous else None
        return cls(HologramReader.of_plan(plan, last))

    @property
    def planned(self) -> Mapping[Entry, Any]:
        """What is known of the reading before the first shot."""
        return self.hologram.planned

    def read(self, shot: HologramShot, raw: Mapping[Entry, Any]) -> Reading:
        """Read one shot; geometry that its light does not show is NaN."""
        read, reader = self.hologram.read(shot, raw), self.hologram
        sizes = {"N": len(reader.positions)}
        rows = {entry: entry.empty(sizes) for entry in self.measured}
        frames = raw[HologramRecord.frames]
        try:
            field = demodulate(
                frames[0], frames[-1], reader.imaging, reader.decoder.band
            )
            rows |= self.geometry(field)
        except (DecodingError, FitError) as refusal:
            logger.warning("a shot shows no geometry: %s", refusal)
        return Reading({**read.rows, **rows}, read.verdict, read.shown)

    def geometry(self, field: Field) -> dict[Entry, Any]:
        """Return what a field in the coordinates of the frame shows."""
        raise NotImplementedError


class CentreReader(GeometryReader):
    """Reads the centre of mirror symmetry."""

    measured = (CentreRecord.centre, CentreRecord.symmetry)

    def geometry(self, field: Field) -> dict[Entry, Any]:
        """Return the centre, and how symmetric the light is about it."""
        found = centre_of_symmetry(field, self.hologram.imaging)
        return {CentreRecord.centre: found.place, CentreRecord.symmetry: found.share}


class PlacesReader(GeometryReader):
    """Reads where the ensembles are."""

    measured = (PlacesRecord.places,)

    def geometry(self, field: Field) -> dict[Entry, Any]:
        """Return the places in the coordinates of the frame."""
        reader = self.hologram
        found = find_places(
            centred(field, reader.axis, reader.imaging), reader.positions,
            reader.cavity, reader.cloud, reader.imaging,
        )  # fmt: skip
        return {PlacesRecord.places: found.places + np.array(reader.axis.place)}
