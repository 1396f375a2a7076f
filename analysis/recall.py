"""From the raw frames of a recall to everything that is published about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ccqed_ctrl import checks, schema
from ccqed_ctrl.recall import FRAMES, RecallPlan

from .decode import Decoder
from .demodulation import demodulate


@dataclass(frozen=True)
class RecallReader:
    """Reads the shots of one run: demodulation, decoding and scoring together."""

    plan: RecallPlan
    decoder: Decoder

    @classmethod
    def of_plan(cls, plan: RecallPlan) -> RecallReader:
        """Prepare the templates for the plan's layout."""
        decoder = Decoder.of_layout(
            plan.memory.positions,
            plan.apparatus.cavity,
            plan.settings.cloud,
            plan.apparatus.imaging,
        )
        return cls(plan, decoder)

    def empty(self) -> dict[str, NDArray[Any]]:
        """Return the growing datasets of a run, nothing measured yet."""
        side = self.plan.apparatus.imaging.pixels
        sizes = {
            "S": len(self.plan.shots),
            "P": len(self.plan.memories.names),
            "N": self.plan.settings.layout.ensembles,
            "F": FRAMES,
            "ny": side,
            "nx": side,
        }
        planned = self.plan.datasets()
        return {
            key: schema.allocate(key, sizes)
            for key, entry in schema.SCHEMA.items()
            if entry.axes[:1] == ("S",) and key not in planned
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
        imaging = self.plan.apparatus.imaging
        side = imaging.pixels
        hologram, reference = checks.array("frames", frames, (FRAMES, side, side))
        field = demodulate(hologram, reference, imaging, self.decoder.band)
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
        patterns = self.plan.memories.patterns.astype(np.float64)
        target = patterns[self.plan.settings.memory.memory]
        recalled = self.plan.memory.encoder.decode(spins)
        return {
            "shot.recalled": recalled,
            "shot.overlaps": patterns @ recalled / len(recalled),
            "shot.cue_overlap": self.plan.shots[index].cue @ target / len(target),
            "shot.pixels_wrong": np.count_nonzero(recalled != target),
        }

    def summary(self, rows: Mapping[str, NDArray[Any]], done: int) -> dict[str, Any]:
        """Return the `summary.` datasets over the first `done` shots of `rows`."""
        names = self.plan.memories.names
        cued = self.plan.settings.memory.memory
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
