"""From the raw frames of a recall to everything that is published about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ccqed_ctrl import checks, schema
from ccqed_ctrl.memories import MemorySet
from ccqed_ctrl.model.encoder import Encoder
from ccqed_ctrl.params import Imaging
from ccqed_ctrl.recall import FRAMES, PLANNED, RecallPlan

from .decode import Decoder
from .demodulation import demodulate


@dataclass(frozen=True)
class RecallReader:
    """Reads the shots of one run: demodulation, decoding and scoring together.

    cued: index of the cued memory. cues: (S, N) spins, what each shot shows. encoder:
    of Eqs. 29-31. imaging: what is believed of the camera. decoder: for the layout.
    """

    memories: MemorySet
    cued: int
    cues: NDArray[np.int8]
    encoder: Encoder
    imaging: Imaging
    decoder: Decoder

    @classmethod
    def of_plan(cls, plan: RecallPlan) -> RecallReader:
        """Prepare the templates for the plan's layout."""
        imaging = plan.apparatus.imaging
        return cls(
            memories=plan.memories,
            cued=plan.settings.memory.memory,
            cues=np.stack([shot.cue for shot in plan.shots]),
            encoder=plan.memory.encoder,
            imaging=imaging,
            decoder=Decoder.of_layout(
                plan.memory.positions,
                plan.apparatus.cavity,
                plan.settings.cloud,
                imaging,
            ),
        )

    def empty(self) -> dict[str, NDArray[Any]]:
        """Return the growing datasets of a run, nothing measured yet.

        By name; shapes are those of `schema` for S shots, P memories, N ensembles, F
        frames and the camera's ny x nx pixels.
        """
        count, ensembles = self.cues.shape
        sizes = {
            "S": count,
            "P": len(self.memories.names),
            "N": ensembles,
            "F": FRAMES,
            "ny": self.imaging.pixels,
            "nx": self.imaging.pixels,
        }
        return {
            key: schema.allocate(key, sizes)
            for key, entry in schema.SCHEMA.items()
            if entry.axes[:1] == ("S",) and key not in PLANNED
        }

    def read(self, index: int, frames: ArrayLike) -> dict[str, Any]:
        """Return the datasets' rows of one shot from its frames (2, ny, nx).

        Raises
        ------
        ShapeError
            Frames of another size than planned.
        DecodingError
            Frames without reference light, or mostly clipped.
        """
        side = self.imaging.pixels
        hologram, reference = checks.array("frames", frames, (FRAMES, side, side))
        field = demodulate(hologram, reference, self.imaging, self.decoder.band)
        readout = self.decoder.decode(field)
        return {
            "shot.field": field.values,
            "shot.amplitudes": readout.amplitudes,
            "shot.spins": readout.spins,
            "shot.error_probability": readout.error_probability,
            "shot.phase": readout.phase,
            "shot.residual": readout.residual_fraction,
            **self.score(index, readout.spins),
        }

    def score(self, index: int, spins: ArrayLike) -> dict[str, Any]:
        """Return what decoded spins (N,) recall: image, overlaps, wrong pixels."""
        patterns = self.memories.patterns.astype(np.float64)
        target = patterns[self.cued]
        recalled = self.encoder.decode(spins)
        return {
            "shot.recalled": recalled,
            "shot.overlaps": patterns @ recalled / len(recalled),
            "shot.cue_overlap": self.cues[index] @ target / len(target),
            "shot.pixels_wrong": np.count_nonzero(recalled != target),
        }

    def summary(self, rows: Mapping[str, NDArray[Any]], done: int) -> dict[str, Any]:
        """Return the `summary.` datasets, scalars, over the first `done` shots.

        rows: what `empty` returned, filled: (S, ...) each.
        """
        names, cued = self.memories.names, self.cued
        overlaps = rows["shot.overlaps"][:done]
        undetermined = np.count_nonzero(rows["shot.spins"][:done] == 0, axis=1)
        return {
            "summary.memory": names[cued],
            "summary.recalled_as": names[int(np.argmax(overlaps[-1]))],
            "summary.cue_overlap": rows["shot.cue_overlap"][:done].mean(),
            "summary.recalled_overlap": overlaps[:, cued].mean(),
            "summary.pixels_wrong": rows["shot.pixels_wrong"][:done].mean(),
            "summary.residual": rows["shot.residual"][:done].mean(),
            "summary.undetermined_spins": undetermined.mean(),
        }
