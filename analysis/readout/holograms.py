"""From the frames of a shot to the field, and to the spins of the ensembles."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

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
    MovieRecord,
)
from ccqed_ctrl.params import Axis, Cavity, Cloud, Imaging
from ccqed_ctrl.records import Entry
from ccqed_ctrl.records.shots import Reading

from .decode import Decoder, Readout
from .demodulation import Field, centred, demodulate, electrons
from .verdicts import of_devices, of_reading

logger = logging.getLogger(__name__)

#: What is read of the last hologram of a shot, and of each where there are several.
LAST: Final = (
    MovieRecord.emission, MovieRecord.spins, MovieRecord.error_probability,
    MovieRecord.phase, MovieRecord.residual, MovieRecord.displacement,
)  # fmt: skip
MOVIE: Final = (
    MovieRecord.movie_emission, MovieRecord.movie_spins, MovieRecord.movie_phase,
)  # fmt: skip


@dataclass(frozen=True)
class HologramReader:
    """Reads holograms of one layout.

    positions: (N, 2) m, about the cavity axis. cavity, cloud, imaging, axis: what is
    believed. decoder: for them.
    """

    positions: NDArray[np.float64]
    cavity: Cavity
    cloud: Cloud
    imaging: Imaging
    decoder: Decoder
    axis: Axis = Axis()

    @classmethod
    def of_plan(
        cls, plan: HologramPlan, previous: HologramReader | None = None
    ) -> HologramReader:
        """Prepare the templates for a plan; those of `previous` serve if they fit."""
        believed = plan.apparatus
        return cls.of_layout(
            plan.positions, believed.cavity, believed.cloud, believed.imaging,
            believed.axis, previous,
        )  # fmt: skip

    @classmethod
    def of_layout(
        cls,
        positions: NDArray[np.float64],
        cavity: Cavity,
        cloud: Cloud,
        imaging: Imaging,
        axis: Axis,
        previous: HologramReader | None = None,
    ) -> HologramReader:
        """Prepare the templates for ensembles at positions (N, 2) in m.

        Nothing in the templates depends on where the axis is.
        """
        same = previous is not None and (
            (previous.cavity, previous.cloud, previous.imaging)
            == (cavity, cloud, imaging)
            and np.array_equal(previous.positions, positions)
        )
        if same and previous is not None:
            moved = previous.axis != axis
            return replace(previous, axis=axis) if moved else previous
        decoder = Decoder.of_layout(positions, cavity, cloud, imaging)
        return cls(positions, cavity, cloud, imaging, decoder, axis)

    @property
    def planned(self) -> Mapping[Entry, Any]:
        """What is known of the reading before the first shot."""
        return {HologramRecord.sign_reference: self.decoder.sign_reference}

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
            shown[record.frame] = frames[-FRAMES:][0].T
        verdict = Verdict.ok
        try:
            self._check(frames)
            verdict = of_devices(raw)
            read = self._follow(frames)
        except DecodingError as error:
            logger.warning("a shot cannot be decoded: %s", error)
            sizes = {"N": len(self.positions), "G": max(len(frames) - 1, 0)}
            rows = {entry: entry.empty(sizes) for entry in _measured(frames)}
            verdict = Verdict.undecodable if verdict is Verdict.ok else verdict
            return Reading(rows, verdict, shown)
        shown[record.field] = np.abs(read[-1][0].values).T.astype(np.float32)
        found = [readout for _, readout in read]
        if verdict is Verdict.ok:
            occupied = raw.get(record.occupied, True)
            verdict = self._judge(frames, read, written, occupied)
        return Reading(_rows(found), verdict, shown)

    def _follow(self, frames: NDArray[Any]) -> list[tuple[Field, Readout]]:
        """Read the holograms in turn: the reference drifts, and so the phase.

        A phase, known modulo pi, is on the branch nearest that of the last hologram
        with light: it may drift by less than a quarter turn from one to the next.
        """
        *holograms, reference = frames
        near: float | None = None
        read = []
        for hologram in holograms:
            seen = demodulate(hologram, reference, self.imaging, self.decoder.band)
            field = centred(seen, self.axis, self.imaging)
            found = self.decoder.decode(field, near)
            near = found.phase if found.spins.any() else near
            read.append((field, found))
        return read

    def _judge(
        self,
        frames: NDArray[Any],
        read: list[tuple[Field, Readout]],
        written: ArrayLike | None,
        occupied: ArrayLike,
    ) -> Verdict:
        """Return what speaks against the holograms, the first that spoils the shot.

        To each, what the one before showed is what was written.
        """
        said = [Verdict.ok]
        for hologram, (field, found) in zip(frames[:-1], read, strict=True):
            light = self._light(np.stack([hologram, frames[-1]]), field)
            said.append(of_reading(found, self.cloud.size, light, written, occupied))
            written = found.spins
        return min(said, key=lambda verdict: (verdict.counts, verdict is Verdict.ok))

    def _light(self, frames: NDArray[Any], field: Field) -> NDArray[np.float64]:
        """Return the reference light (2,) of two frames, mean e- per pixel."""
        light = electrons(frames, self.imaging).mean(axis=(1, 2))
        atoms = np.sum(np.abs(field.spectrum) ** 2) / self.imaging.pixels**2
        return np.asarray(light - [atoms, 0.0], np.float64)

    def _check(self, frames: NDArray[Any]) -> None:
        side, count = self.imaging.pixels, max(len(frames), FRAMES)
        if frames.shape != (count, side, side):
            raise DecodingError(
                f"frames have the shape {frames.shape}; {(count, side, side)} is "
                "believed (imaging.pixels in laboratory.toml)"
            )
        checks.array("frames", frames, (count, side, side), np.uint16)


def _measured(frames: NDArray[Any]) -> tuple[Entry, ...]:
    """Return what is read of the frames of a shot."""
    return LAST + MOVIE if len(frames) > FRAMES else LAST


def _rows(found: list[Readout]) -> dict[Entry, Any]:
    """Return what was read of the last hologram and, of several, of each."""
    last = found[-1]
    values = (
        last.amplitudes, last.spins, last.error_probability, last.phase,
        last.residual_fraction, last.displacement,
    )  # fmt: skip
    rows = dict(zip(LAST, values, strict=True))
    if len(found) > 1:
        each = [(one.amplitudes, one.spins, one.phase) for one in found]
        rows |= zip(MOVIE, map(np.array, zip(*each, strict=True)), strict=True)
    return rows
