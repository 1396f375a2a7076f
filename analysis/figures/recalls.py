"""What the shots of a recall recalled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.files.run import Run
from ccqed_ctrl.recalling import RecallRecord

from .measured import Measured


@dataclass(frozen=True)
class Recalls:
    """All shots of a recall: S shots, P memories.

    names: (S, P) of the memories. cued: (S,) index. overlaps: (S, P) of the recalled
    image. wrong: (S,) pixels. cue_overlap: (S,). pixels: of an image.
    """

    names: NDArray[Any]
    cued: NDArray[np.int64]
    overlaps: NDArray[np.float64]
    wrong: NDArray[np.int64]
    cue_overlap: NDArray[np.float64]
    pixels: int

    @classmethod
    def of(cls, run: Run) -> Recalls | None:
        """Read them; None if the run is no recall."""
        record: RecallRecord = run.as_record(RecallRecord)
        if not all(map(record.has, (RecallRecord.overlaps, RecallRecord.patterns))):
            return None
        return cls(
            record.per_shot(RecallRecord.names),
            record.per_shot(RecallRecord.cued),
            record.overlaps,
            record.pixels_wrong,
            record.cue_overlap,
            run.at(RecallRecord.patterns.key, 0).shape[-1],
        )

    @property
    def nearest(self) -> NDArray[np.int64]:
        """The memory (S,) that each recalled image is nearest to."""
        return np.asarray(np.argmax(self.overlaps, axis=1))

    @property
    def overlap(self) -> Measured:
        """The recalled images' overlap with the cued memory."""
        rows = np.arange(len(self.cued))
        exact, right = self.wrong == 0, self.nearest == self.cued
        kinds = (
            ("exact", exact),
            ("cued memory", right & ~exact),
            ("other memory", ~right & ~exact),
        )
        return Measured(
            "overlap", "recalled image with the cued memory",
            self.overlaps[rows, self.cued], kinds=kinds,
            beside=Measured("cue_overlap", "the cue", self.cue_overlap),
        )  # fmt: skip

    @property
    def exact(self) -> Measured:
        """Whether every pixel is right."""
        return Measured(
            "exact_recall", "every pixel right", (self.wrong == 0).astype(float),
            share=True,
        )  # fmt: skip

    @property
    def right(self) -> Measured:
        """Whether the cued memory is the nearest one."""
        return Measured(
            "right_memory", "the cued memory is the nearest",
            (self.nearest == self.cued).astype(float), share=True,
        )  # fmt: skip

    def sentence(self, shot: int) -> str:
        """Say what a shot recalled."""
        names, cued, nearest = self.names[shot], self.cued[shot], self.nearest[shot]
        wrong = int(self.wrong[shot])
        if wrong == 0:
            return f"'{names[cued]}' recalled exactly"
        pixels = f"{wrong} of {self.pixels} pixels wrong"
        if nearest == cued:
            return f"'{names[cued]}' recalled, {pixels}"
        return f"recalled as '{names[nearest]}', cued '{names[cued]}': {pixels}"
