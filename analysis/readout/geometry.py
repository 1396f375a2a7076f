"""From frames of pumped ensembles to what calibrations are made of."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ccqed_ctrl.calibration.geometry import CentreRecord, PlacesRecord, SizesRecord
from ccqed_ctrl.errors import DecodingError, FitError
from ccqed_ctrl.holograms import HologramPlan, HologramRecord, HologramShot
from ccqed_ctrl.records import Entry
from ccqed_ctrl.records.shots import Reading

from .demodulation import Field, centred, demodulate, flattened
from .holograms import HologramReader
from .positions import find_places
from .sizes import find_sizes
from .symmetry import centre_of_symmetry

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LightReader:
    """Reads holograms, and what their light shows; subclasses say what that is."""

    hologram: HologramReader
    measured: ClassVar[tuple[Entry, ...]]

    @classmethod
    def of_plan(cls, plan: HologramPlan, previous: Any = None) -> Self:
        """Return the reader of a plan; templates of `previous` serve if they fit."""
        return cls(cls.hologram_of(plan, previous))

    @staticmethod
    def hologram_of(plan: HologramPlan, previous: Any) -> HologramReader:
        """Return what decodes; templates of `previous` serve if they fit."""
        return HologramReader.of_plan(plan, previous.hologram if previous else None)

    @property
    def planned(self) -> Mapping[Entry, Any]:
        """What is known of the reading before the first shot."""
        return self.hologram.planned

    def read(self, shot: HologramShot, raw: Mapping[Entry, Any]) -> Reading:
        """Read one shot; what its light does not show is NaN."""
        read, reader = self.hologram.read(shot, raw), self.hologram
        sizes = {"N": len(reader.positions)}
        rows = {entry: entry.empty(sizes) for entry in self.measured}
        frames = raw[HologramRecord.frames]
        try:
            even = flattened(frames[0], frames[-1], reader.imaging)
            field = demodulate(*even, reader.imaging, reader.decoder.band)
            rows |= self.shown_by(field)
        except (DecodingError, FitError) as refusal:
            logger.warning("a shot does not show what was looked for: %s", refusal)
        return Reading({**read.rows, **rows}, read.verdict, read.shown)

    def shown_by(self, field: Field) -> dict[Entry, Any]:
        """Return what a field in the coordinates of the frame shows."""
        raise NotImplementedError


class CentreReader(LightReader):
    """Reads the centre of mirror symmetry."""

    measured = (CentreRecord.centre, CentreRecord.symmetry)

    def shown_by(self, field: Field) -> dict[Entry, Any]:
        """Return the centre, and how symmetric the light is about it."""
        found = centre_of_symmetry(field, self.hologram.imaging)
        return {CentreRecord.centre: found.place, CentreRecord.symmetry: found.share}


class PlacesReader(LightReader):
    """Reads where the ensembles are."""

    measured = (PlacesRecord.places,)

    def shown_by(self, field: Field) -> dict[Entry, Any]:
        """Return the places in the coordinates of the frame."""
        reader = self.hologram
        found = find_places(
            centred(field, reader.axis, reader.imaging), reader.positions,
            reader.cavity, reader.cloud, reader.imaging,
        )  # fmt: skip
        return {PlacesRecord.places: found.places + np.array(reader.axis.place)}


class SizesReader(LightReader):
    """Reads how large clouds and spots are."""

    measured = (SizesRecord.sizes,)

    def shown_by(self, field: Field) -> dict[Entry, Any]:
        """Return both sizes."""
        reader = self.hologram
        about = centred(field, reader.axis, reader.imaging)
        found = find_sizes(
            about, reader.positions, reader.cavity, reader.cloud, reader.imaging
        )
        return {SizesRecord.sizes: np.array([found.cloud, found.spot])}
