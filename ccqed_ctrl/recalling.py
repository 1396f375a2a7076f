"""A recall, planned from its settings before any device moves; what it stores."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import memories as images
from .belief import Apparatus
from .holograms import HologramPlan, HologramRecord, HologramShot
from .memories import MemorySet, overlap_matrix
from .model import plan
from .params import Cue, Layout, Memories, Movie, Run, Sequence
from .records import Entry, live, row, summary
from .records import plan as planned
from .rng import stream

logger = logging.getLogger(__name__)

#: Overlaps and condition numbers beyond which recall becomes unlikely.
CROWDED_OVERLAP, CROWDED_CONDITION = 0.5, 100.0


class RecallRecord(HologramRecord):
    """Recalls of stored images from corrupted cues."""

    names = planned("P", "str", "names of the memories")
    patterns = planned("P N", "int8", "stored images, ink is +1")
    image_shape = planned("2", "int64", "rows and columns of an image")
    pattern_overlaps = planned("P P", "float64", "pairwise overlaps of the memories")
    condition = planned("", "float64", "condition number of their Gram matrix")
    cued = planned("", "int64", "index of the cued memory")
    minima = planned("P N", "int8", "cavity minimum of each memory")
    stability = planned("P", "float64", "least s_i l_i of each minimum, in J0")
    encoder = planned("N N", "float64", "from images to spins, Eq. 30")
    decoder = planned("N N", "float64", "from spins to images, Eq. 31")
    cue = row("N", "int8", "what was shown", planned=True)
    encoded_cue = row("N", "int8", "spin state that was loaded", planned=True)
    recalled = row("N", "int8", "recalled image")
    cue_overlap = row("", "float64", "cue with the cued memory")
    overlaps = row("P", "float64", "recalled image with each memory")
    pixels_wrong = row("", "int64", "recalled image against the memory")
    recalled_image = live("columns rows", "int8", "the last recalled image", "image {}")
    last_overlaps = live("P", "float64", "of the last recalled image", "plot_hist {}")
    memory = summary("", "str", "name of the cued memory")
    recalled_as = summary("", "str", "memory nearest the last recalled image")
    mean_cue_overlap = summary("", "float64", "mean over shots")
    recalled_overlap = summary("", "float64", "mean over shots")
    mean_pixels_wrong = summary("", "float64", "mean over shots")
    mean_residual = summary("", "float64", "mean over shots")
    undetermined_spins = summary("", "float64", "mean over shots")

    @property
    def cued_overlaps(self) -> NDArray[np.float64]:
        """Overlap of each recalled image with its cued memory, (S,)."""
        cued = self.per_shot(RecallRecord.cued)
        found: NDArray[np.float64] = self.overlaps[np.arange(len(cued)), cued]
        return found

    def summarise(self) -> Mapping[Entry, Any]:
        """Work out means over the shots that count, see `good`."""
        good, record = self.good, RecallRecord
        overlaps = self.rows(record.overlaps, good)
        cued = self.per_shot(record.cued)[good]
        names = self.per_shot(record.names)[good]
        wanted = [str(of[index]) for of, index in zip(names, cued, strict=True)]
        undetermined = np.count_nonzero(self.rows(record.spins, good) == 0, axis=1)
        recalled = str(names[-1][int(np.argmax(overlaps[-1]))])
        if not self.counting.any():
            recalled = "nothing: no shot counts"
        return {
            record.memory: wanted[0] if len(set(wanted)) == 1 else "several",
            record.recalled_as: recalled,
            record.mean_cue_overlap: self.rows(record.cue_overlap, good).mean(),
            record.recalled_overlap: self.cued_overlaps[good].mean(),
            record.mean_pixels_wrong: self.rows(record.pixels_wrong, good).mean(),
            record.mean_residual: self.rows(record.residual, good).mean(),
            record.undetermined_spins: undetermined.mean(),
        }


@dataclass(frozen=True)
class RecallShot(HologramShot):
    """One shot: cue and encoded_cue (N,) int8, and how it is written."""

    cue: NDArray[np.int8]
    encoded_cue: NDArray[np.int8]

    @property
    def rows(self) -> Mapping[Entry, Any]:
        """What is stored with the shot."""
        return {
            **super().rows,
            RecallRecord.cue: self.cue,
            RecallRecord.encoded_cue: self.encoded_cue,
        }


@dataclass(frozen=True)
class RecallPlan(HologramPlan):
    """Everything the shots of a point need.

    chosen: of which memory and layout were made, and the seed. cued: index of the cued
    memory. memory: where the memories are in the cavity.
    """

    shots: tuple[RecallShot, ...]
    chosen: tuple[Memories, Layout, int]
    memories: MemorySet
    cued: int
    memory: plan.MemoryPlan

    @property
    def planned(self) -> Mapping[Entry, Any]:
        """What is stored once."""
        record, memory = RecallRecord, self.memory
        return {
            **super().planned,
            record.names: self.memories.names,
            record.patterns: self.memories.patterns,
            record.image_shape: np.array(self.memories.shape),
            record.pattern_overlaps: overlap_matrix(self.memories.patterns),
            record.condition: memory.encoder.condition,
            record.cued: self.cued,
            record.minima: memory.minima,
            record.stability: memory.stability,
            record.encoder: memory.encoder.matrix,
            record.decoder: memory.encoder.inverse,
        }


def plan_recall(
    memories: Memories,
    cue: Cue,
    layout: Layout,
    sequence: Sequence,
    *,
    apparatus: Apparatus,
    run: Run,
    movie: Movie | None = None,
    first: int = 0,
    previous: RecallPlan | None = None,
) -> RecallPlan:
    """Plan the shots of a point: layout, minima, encoder, ramp, each shot's cue.

    Parameters
    ----------
    memories, cue, layout, sequence : Parameters
        What was chosen.
    apparatus : Apparatus
        What is believed.
    run : Run
        How many shots, from which seed.
    movie : Movie, optional
        How many holograms of each evolution; one without.
    first : int
        Number of the first shot in the run: of its stream of random numbers.
    previous : RecallPlan, optional
        Of the point before: what the two have in common is not worked out again.

    Raises
    ------
    ParameterError
        And its children: whatever cannot be stored, packed or driven safely.
    """
    stored, fixed = _memory(memories, layout, apparatus, run.seed, previous)
    cued = stored.index(cue.memory)
    base = HologramPlan.at(
        fixed.positions, apparatus, sequence, movie, layout.reservoir
    )
    shots = []
    for index in range(first, first + run.shots):
        shown = make_cue(stored, cued, cue, stream(run.seed, "cue", index))
        encoded = fixed.encoder.encode(shown)
        shots.append(RecallShot(base.load(encoded), shown, encoded))
    result = RecallPlan(
        **{**vars(base), "shots": tuple(shots)},
        chosen=(memories, layout, run.seed),
        memories=stored,
        cued=cued,
        memory=fixed,
    )
    if previous is None:
        _report(result)
    return result


def _memory(
    memories: Memories,
    layout: Layout,
    apparatus: Apparatus,
    seed: int,
    previous: RecallPlan | None,
) -> tuple[MemorySet, plan.MemoryPlan]:
    """Return images and their place in the cavity, those of `previous` if they are."""
    wanted = memories, layout, seed, _behind(apparatus)
    if previous and wanted == (*previous.chosen, _behind(previous.apparatus)):
        return previous.memories, previous.memory
    stored = images.load(memories.patterns, memories.image_size)
    known = stored.examples
    training: dict[str, Any] = {}
    if len(known):
        training = {"examples": known.images, "labels": known.labels}
    fixed = plan.plan_memory(
        stored.patterns, layout, apparatus.cavity, apparatus.cloud,
        layout_rng=stream(seed, "layout"), minima_rng=stream(seed, "minima"),
        encoder=memories.encoder, directions=apparatus.traps.matrix, **training,
    )  # fmt: skip
    return stored, fixed


def _behind(apparatus: Apparatus) -> tuple[Any, ...]:
    """Return what a memory's place in the cavity rests on."""
    return apparatus.cavity, apparatus.cloud, apparatus.traps.matrix


def make_cue(
    stored: MemorySet, cued: int, choice: Cue, rng: np.random.Generator
) -> NDArray[np.int8]:
    """Return a cue (N,): real handwriting if the set brings it, else a corrupted copy.

    Handwriting is corrupt enough by itself: `corruption` does not apply to it.
    """
    real = stored.cues.of(cued)
    if len(real):
        return real[rng.integers(len(real))]
    return plan.corrupt(stored.patterns[cued], choice.corruption, rng)


def _report(made: RecallPlan) -> None:
    overlaps = overlap_matrix(made.memories.patterns)
    condition = made.memory.encoder.condition
    logger.info("overlaps of the memories:\n%s", np.round(overlaps, 2))
    logger.info("condition number of the encoder: %.3g", condition)
    logger.info(
        "layout: rms width %.3g um, least distance %.3g um",
        made.planned[RecallRecord.realised_width] * 1e6,
        made.planned[RecallRecord.smallest_gap] * 1e6,
    )
    logger.info("each atom scatters %.2g photons in a shot", made.scattered)
    worst = float(np.abs(overlaps - np.eye(len(overlaps))).max(initial=0.0))
    if worst > CROWDED_OVERLAP or condition > CROWDED_CONDITION:
        logger.warning(
            "memories overlap by up to %.2f (condition number %.3g): expect some to "
            "be recalled as their neighbours",
            worst,
            condition,
        )
