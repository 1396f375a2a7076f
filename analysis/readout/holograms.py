"""From the two frames of a shot to the field, and to the spins of the ensembles."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ccqed_ctrl import checks
from ccqed_ctrl.ending import Verdict
from ccqed_ctrl.errors import DecodingError
from ccqed_ctrl.holograms import (
    FRAMES,
    HologramPlan,
    HologramRecord,
    HologramShot,
)
from ccqed_ctrl.params import Cavity, Cloud, Imaging
from ccqed_ctrl.records import Entry
from ccqed_ctrl.records.shots import Reading

from .decode import Decoder
from .demodulation import Field, demodulate, electrons
from .verdicts import of_devices, of_reading

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class HologramReader:
    """Reads holograms of one layout.

    positions: (N, 2) m. cavity, cloud, imaging: what is believed. decoder: for them.
    """

    positions: NDArray[np.float64]
    cavity: Cavity
    cloud: Cloud
    imaging: Imaging
    decoder: Decoder

    @classmethod
    def of_plan(
        cls, plan: HologramPlan, previous: HologramReader | None = None
    ) -> HologramReader:
        """Prepare the templates for a plan; those of `previous` serve if they fit."""
        believed = plan.apparatus
        return cls.of_layout(
            plan.positions, believed.cavity, believed.cloud, believed.imaging, previous
        )

    @classmethod
    def of_layout(
        cls,
        positions: NDArray[np.float64],
        cavity: Cavity,
        cloud: Cloud,
        imaging: Imaging,
        previous: HologramReader | None = None,
    ) -> HologramReader:
        """Prepare the templates for ensembles at positions (N, 2) in m."""
        same = previous is not None and (
            (previous.cavity, previous.cloud, previous.imaging)
            == (cavity, cloud, imaging)
            and np.array_equal(previous.positions, positions)
        )
        if same and previous is not None:
            return previous
        decoder = Decoder.of_layout(positions, cavity, cloud, imaging)
        return cls(positions, cavity, cloud, imaging, decoder)

    @property
    def planned(self) -> Mapping[Entry, Any]:
        """What is known of the reading before the first shot."""
        return {HologramRecord.sign_reference: self.decoder.sign_reference}

    def field(self, frames: NDArray[Any]) -> Field:
        """Return the field of a shot's frames (2, ny, nx).

        Raises
        ------
        DecodingError
            Frames of another size than believed, no reference light, mostly clipped.
        """
        hologram, reference = self._frames(frames)
        return demodulate(hologram, reference, self.imaging, self.decoder.band)

    def read(self, shot: HologramShot, raw: Mapping[Entry, Any]) -> Reading:
        """Read one shot: what was decoded is all there is."""
        return self.decode(raw, shot.load.written)

    def decode(
        self, raw: Mapping[Entry, Any], written: ArrayLike | None = None
    ) -> Reading:
        """Read one shot; what cannot be decoded has no numbers, and a verdict.

        written: (N,) state that the field surely wrote, see `verdicts.of_reading`.
        """
        record = HologramRecord
        frames = raw[record.frames]
        shown: dict[Entry, Any] = {}
        if len(frames):
            shown[record.frame] = frames[0].T
        measured = (
            record.emission, record.spins, record.error_probability, record.phase,
            record.residual, record.displacement,
        )  # fmt: skip
        verdict = Verdict.ok
        try:
            self._frames(frames)
            verdict = of_devices(raw)
            field = self.field(frames)
            found = self.decoder.decode(field)
        except DecodingError as error:
            logger.warning("a shot cannot be decoded: %s", error)
            sizes = {"N": len(self.positions)}
            rows = {entry: entry.empty(sizes) for entry in measured}
            verdict = Verdict.undecodable if verdict is Verdict.ok else verdict
            return Reading(rows, verdict, shown)
        values = (
            found.amplitudes, found.spins, found.error_probability, found.phase,
            found.residual_fraction, found.displacement,
        )  # fmt: skip
        shown[record.field] = np.abs(field.values).T.astype(np.float32)
        rows = dict(zip(measured, values, strict=True))
        if verdict is Verdict.ok:
            light, occupied = self._light(frames, field), raw.get(record.occupied, True)
            verdict = of_reading(found, self.cloud.size, light, written, occupied)
        return Reading(rows, verdict, shown)

    def _light(self, frames: NDArray[Any], field: Field) -> NDArray[np.float64]:
        """Return the reference light (2,) of the frames, mean e- per pixel."""
        light = electrons(frames, self.imaging).mean(axis=(1, 2))
        atoms = np.sum(np.abs(field.spectrum) ** 2) / self.imaging.pixels**2
        return np.asarray(light - [atoms, 0.0], np.float64)

    def _frames(self, frames: NDArray[Any]) -> NDArray[Any]:
        side = self.imaging.pixels
        if frames.shape != (FRAMES, side, side):
            raise DecodingError(
                f"frames have the shape {frames.shape}; {(FRAMES, side, side)} is "
                "believed (imaging.pixels in laboratory.toml)"
            )
        return checks.array("frames", frames, (FRAMES, side, side), np.uint16)
