"""A whole recall run, planned from its settings before any device moves."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import schema
from .errors import ParameterError
from .memories import MemorySet, overlap_matrix
from .model import couplings, plan
from .params import (
    RUBIDIUM_LINEWIDTH,
    Cavity,
    Cloud,
    Imaging,
    Layout,
    LongitudinalCalibration,
    Memory,
    Pump,
    PumpCalibration,
    Run,
    Sequence,
)
from .rng import stream

logger = logging.getLogger(__name__)

#: Overlaps and condition numbers beyond which recall becomes unlikely.
CROWDED_OVERLAP, CROWDED_CONDITION = 0.5, 100.0
#: Frames of a shot: hologram, and reference without atoms' light.
FRAMES = 2
#: What is planned for each shot; all else with shots for an axis is measured.
PLANNED = ("shot.cue", "shot.encoded_cue", "shot.drive", "shot.amplitude")


@dataclass(frozen=True)
class Apparatus:
    """What is believed of the laboratory."""

    cavity: Cavity = Cavity()
    pump: Pump = Pump()
    imaging: Imaging = Imaging()
    pump_calibration: PumpCalibration = PumpCalibration()
    longitudinal: LongitudinalCalibration = LongitudinalCalibration()


@dataclass(frozen=True)
class RecallSettings:
    """What the operator chose."""

    memory: Memory = Memory()
    layout: Layout = Layout()
    cloud: Cloud = Cloud()
    sequence: Sequence = Sequence()
    run: Run = Run()


@dataclass(frozen=True)
class ShotPlan:
    """One shot: cue and encoded_cue (N,) int8, and how it is written."""

    cue: NDArray[np.int8]
    encoded_cue: NDArray[np.int8]
    load: plan.LoadPlan


@dataclass(frozen=True)
class RecallPlan:
    """Everything a run needs; `shots` holds one plan per shot."""

    settings: RecallSettings
    apparatus: Apparatus
    memories: MemorySet
    memory: plan.MemoryPlan
    pump: plan.PumpPlan
    shots: tuple[ShotPlan, ...]

    @property
    def scattered(self) -> float:
        """Photons each atom scatters while the pump is on (an upper bound)."""
        sequence = self.settings.sequence
        duration = sequence.ramp_time + sequence.hold_time + sequence.evolution_time
        pump = self.apparatus.pump
        rate = couplings.scattering_rate(self.pump.final, pump, RUBIDIUM_LINEWIDTH)
        return rate * duration

    def datasets(self) -> dict[str, Any]:
        """Return what `schema.publish` stores before the first shot."""
        stored, chosen = self.memories, self.settings
        return {
            "schema_revision": schema.REVISION,
            **schema.settings(chosen),
            **schema.settings(self.apparatus),
            "seed": chosen.run.seed,
            "progress.total": chosen.run.shots,
            "progress.done": 0,
            "memory.names": stored.names,
            "memory.patterns": stored.patterns,
            "memory.shape": np.array(stored.shape),
            "memory.overlaps": overlap_matrix(stored.patterns),
            "memory.condition": self.memory.encoder.condition,
            "memory.cued": chosen.memory.memory,
            "plan.positions": self.memory.positions,
            "plan.realised_width": self.memory.realised_width,
            "plan.smallest_gap": self.memory.smallest_gap,
            "plan.kernel": self.memory.kernel,
            "plan.minima": self.memory.minima,
            "plan.stability": self.memory.stability,
            "plan.encoder": self.memory.encoder.matrix,
            "plan.decoder": self.memory.encoder.inverse,
            "plan.ramp_volts": self.pump.volts,
            "plan.ramp_step": self.pump.step,
            "plan.threshold": self.pump.threshold,
            "plan.rabi_frequency": self.pump.final,
            "plan.scattered": self.scattered,
            "shot.cue": np.stack([shot.cue for shot in self.shots]),
            "shot.encoded_cue": np.stack([shot.encoded_cue for shot in self.shots]),
            "shot.drive": np.stack([shot.load.drive for shot in self.shots]),
            "shot.amplitude": np.array([shot.load.amplitude for shot in self.shots]),
        }


def plan_recall(
    settings: RecallSettings, apparatus: Apparatus, memories: MemorySet
) -> RecallPlan:
    """Plan a run: layout, minima, encoder, ramp, and each shot's cue and drive.

    Raises
    ------
    ParameterError
        And its children: whatever cannot be stored, packed or driven safely.
    """
    seed, cued = settings.run.seed, settings.memory.memory
    if cued >= len(memories.names):
        raise ParameterError(
            f"memory must be below {len(memories.names)}, the number of stored "
            f"memories; got {cued}"
        )
    known = memories.examples
    training: dict[str, Any] = {}
    if len(known):
        training = {"examples": known.images, "labels": known.labels}
    fixed = plan.plan_memory(
        memories.patterns, settings.layout, apparatus.cavity, settings.cloud,
        layout_rng=stream(seed, "layout"), minima_rng=stream(seed, "minima"),
        encoder=settings.memory.encoder, **training,
    )  # fmt: skip
    pump = plan.plan_pump(
        settings.sequence, apparatus.cavity, apparatus.pump, settings.cloud,
        apparatus.pump_calibration,
    )  # fmt: skip
    driven = apparatus.pump.replace(rabi_frequency=pump.final)
    shots = []
    for index in range(settings.run.shots):
        cue = make_cue(memories, settings.memory, stream(seed, "cue", index))
        encoded = fixed.encoder.encode(cue)
        load = plan.plan_load(
            encoded, fixed.kernel, settings.sequence, apparatus.cavity, driven,
            settings.cloud, apparatus.longitudinal, float(pump.volts[-1]),
        )  # fmt: skip
        shots.append(ShotPlan(cue, encoded, load))
    result = RecallPlan(settings, apparatus, memories, fixed, pump, tuple(shots))
    _report(result)
    return result


def make_cue(
    memories: MemorySet, choice: Memory, rng: np.random.Generator
) -> NDArray[np.int8]:
    """Return a cue (N,): real handwriting if the set brings it, else a corrupted copy.

    Handwriting is corrupt enough by itself: `corruption` does not apply to it.
    """
    real = memories.cues.of(choice.memory)
    if len(real):
        return real[rng.integers(len(real))]
    return plan.corrupt(memories.patterns[choice.memory], choice.corruption, rng)


def _report(made: RecallPlan) -> None:
    overlaps = overlap_matrix(made.memories.patterns)
    condition = made.memory.encoder.condition
    logger.info("overlaps of the memories:\n%s", np.round(overlaps, 2))
    logger.info("condition number of the encoder: %.3g", condition)
    logger.info(
        "layout: rms width %.3g um, least distance %.3g um",
        made.memory.realised_width * 1e6,
        made.memory.smallest_gap * 1e6,
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
