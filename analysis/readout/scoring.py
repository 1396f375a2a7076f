"""From the raw frames of a recall to everything that is stored about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ccqed_ctrl.memories import MemorySet
from ccqed_ctrl.model.encoder import Encoder
from ccqed_ctrl.recalling import RecallPlan, RecallRecord, RecallShot
from ccqed_ctrl.records import Entry
from ccqed_ctrl.records.shots import Reading

from .holograms import HologramReader

Rows = Mapping[Entry, Any]


@dataclass(frozen=True)
class RecallReader:
    """Reads the shots of one point: decoding and scoring together.

    hologram: reads frames. cued: index of the cued memory. encoder: of Eqs. 29-31.
    """

    hologram: HologramReader
    memories: MemorySet
    cued: int
    encoder: Encoder

    @classmethod
    def of_plan(
        cls, plan: RecallPlan, previous: RecallReader | None = None
    ) -> RecallReader:
        """Prepare for a plan's layout; templates of `previous` serve if they fit."""
        hologram = HologramReader.of_plan(plan, previous.hologram if previous else None)
        return cls(hologram, plan.memories, plan.cued, plan.memory.encoder)

    @property
    def planned(self) -> Rows:
        """What is known of the reading before the first shot."""
        return self.hologram.planned

    def read(self, shot: RecallShot, raw: Rows) -> Reading:
        """Read one shot; what cannot be decoded has no numbers, and a verdict.

        Raises
        ------
        ShapeError
            Frames of another size than planned.
        """
        read = self.hologram.read(shot, raw)
        scored = self.score(shot.cue, read.rows[RecallRecord.spins])
        shape, record = self.memories.shape, RecallRecord
        shown = {
            record.recalled_image: np.reshape(scored[record.recalled], shape).T,
            record.last_overlaps: scored[record.overlaps],
        }
        return Reading(
            {**read.rows, **scored}, read.verdict, {**(read.shown or {}), **shown}
        )

    def score(self, cue: ArrayLike, spins: ArrayLike) -> dict[Entry, Any]:
        """Return what decoded spins (N,) recall: image, overlaps, wrong pixels."""
        patterns = self.memories.patterns.astype(np.float64)
        target = patterns[self.cued]
        recalled = self.encoder.decode(spins)
        record = RecallRecord
        return {
            record.recalled: recalled,
            record.overlaps: patterns @ recalled / len(recalled),
            record.cue_overlap: np.asarray(cue) @ target / len(target),
            record.pixels_wrong: np.count_nonzero(recalled != target),
        }
