"""Shots that end with a hologram, whatever for: what they store, and their plans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike

from . import checks
from .belief import Apparatus
from .model import arrangement, layout, plan
from .model import couplings as strengths
from .model.emission import overlap_kernel
from .model.placement import commanded
from .params import RUBIDIUM_LINEWIDTH, Movie, Sequence
from .records import Entry, FrameRecord, live, row
from .records import plan as planned

#: Frames that make a field: with the light of the atoms, and reference without.
FRAMES: Final = 2


class HologramRecord(FrameRecord):
    """Shots that end with a hologram: ensembles in place, spins.

    frames: the holograms, and one of the reference alone.
    """

    positions = planned(
        "N 2", "float64", "of the ensembles, about the cavity axis", "um"
    )
    realised_width = planned("", "float64", "rms width per coordinate", "um")
    smallest_gap = planned("", "float64", "least distance of sites", "um")
    couplings = planned("N N", "float64", "couplings A_ij in units of J0")
    ramp_volts = planned("T", "float64", "pump servo set-points", "V")
    ramp_step = planned("", "float64", "time between set-points", "us")
    threshold = planned("", "float64", "Rabi frequency at threshold", "rad/s")
    rabi_frequency = planned("", "float64", "Rabi frequency at the end", "rad/s")
    scattered = planned("", "float64", "photons each atom scatters in a shot")
    sign_reference = planned("", "str", "what fixes the global sign")
    dmd_pattern = row("N", "float64", "DMD amplitudes of the sites", planned=True)
    dds_amplitude = row("", "float64", "of the longitudinal drive", planned=True)
    lateness = row(
        "F", "float64",
        "of each frame against the plan, counted from the first; nan: no clock", "us",
    )  # fmt: skip
    pattern_shown = row("", "bool", "whether the DMD said that it shows this pattern")
    cavity_locked = row("", "bool", "whether the lock held until the end of the shot")
    occupied = row(
        "N", "bool",
        "which sites held atoms after the shot, by their image; all if none is taken",
    )  # fmt: skip
    emission = row("N", "complex128", "emission of the ensembles, sqrt(e-)")
    spins = row("N", "int8", "decoded spins, 0 undetermined")
    error_probability = row("N", "float64", "that a sign is wrong")
    phase = row("", "float64", "emission phase against reference, rad")
    residual = row("", "float64", "light the ensembles do not explain")
    displacement = row("", "float64", "rms distance of the light from its sites", "um")
    field = live("nx ny", "float32", "magnitude of the last field", "image {}")


class MovieRecord(HologramRecord):
    """Several holograms of one evolution; what is read of the last is the shot's."""

    movie_times = planned(
        "G", "float64", "of the holograms, since the field fell", "ms"
    )
    movie_emission = row("G N", "complex128", "emission in each hologram, sqrt(e-)")
    movie_spins = row("G N", "int8", "decoded spins of each, 0 undetermined")
    movie_phase = row(
        "G", "float64", "phase of each, followed from one to the next, rad"
    )


@dataclass(frozen=True)
class HologramShot:
    """One shot: how its state is written."""

    load: plan.LoadPlan

    @classmethod
    def dark(cls, ensembles: int) -> HologramShot:
        """Return a shot in which nothing is written."""
        nothing, none = np.zeros(ensembles), np.zeros(ensembles, np.int8)
        return HologramShot(plan.LoadPlan(nothing, 0.0, nothing, 0.0, none))

    @property
    def rows(self) -> Mapping[Entry, Any]:
        """What is stored with the shot."""
        return {
            HologramRecord.dmd_pattern: self.load.dmd_pattern,
            HologramRecord.dds_amplitude: self.load.dds_amplitude,
        }


@dataclass(frozen=True)
class HologramPlan:
    """What the shots of a point have in common, and the shots.

    apparatus: what is believed. sequence: the timing that was chosen. pump: the ramp.
    positions: (N, 2) m, about the cavity axis. traps: (M, 2) m, commands: what is
    loaded, the traps of the sites first. couplings: (N, N) A_ij in units of J0. movie:
    when holograms are taken.
    """

    apparatus: Apparatus
    sequence: Sequence
    pump: plan.PumpPlan
    positions: plan.Floats
    traps: plan.Floats
    couplings: plan.Floats
    movie: plan.MoviePlan
    shots: tuple[HologramShot, ...]

    @classmethod
    def at(
        cls,
        positions: ArrayLike,
        apparatus: Apparatus,
        sequence: Sequence,
        movie: Movie | None = None,
        reservoir: int = 0,
    ) -> HologramPlan:
        """Return a plan for ensembles at positions (N, 2) m, still without shots.

        reservoir: how many spare traps are loaded beside the sites.

        Raises
        ------
        ShapeError
            Positions of another shape.
        LimitError
            The ramp is outside the envelope, sites are too close, or holograms come
            faster than the camera can.
        LayoutError
            Sites are too close for atoms to pass each other on their way there.
        """
        sites = checks.array("positions", positions, ("N", 2))
        layout.enforce_spacing(sites)
        cavity, cloud = apparatus.cavity, apparatus.cloud
        pump = plan.plan_pump(
            sequence, cavity, apparatus.pump, cloud, apparatus.pump_calibration
        )
        couplings = overlap_kernel(sites, cavity.waist, cloud.size)
        plan.plan_release(sequence)  # refused here, not in the shot
        taken = plan.plan_movie(movie, sequence, apparatus.imaging, apparatus.timing)
        commands = commanded(sites, apparatus.axis, apparatus.traps)
        traps = arrangement.with_reservoir(commands, reservoir)
        return HologramPlan(
            apparatus, sequence, pump, sites, traps, couplings, taken, ()
        )

    def with_shots(self, shots: Iterable[HologramShot]) -> Self:
        """Return the same plan with these shots."""
        return replace(self, shots=tuple(shots))

    def load(self, state: ArrayLike) -> plan.LoadPlan:
        """Return how a state (N,) of spins is written; see `model.plan.plan_load`."""
        believed = self.apparatus
        driven = believed.pump.replace(rabi_frequency=self.pump.final)
        return plan.plan_load(
            state, self.couplings, self.sequence, believed.cavity, driven,
            believed.cloud, believed.longitudinal, float(self.pump.volts[-1]),
        )  # fmt: skip

    @property
    def spots(self) -> plan.Floats:
        """Where the longitudinal drive's spots are, (N, 2) m about the cavity axis."""
        return self.positions

    @property
    def sizes(self) -> Mapping[str, int]:
        """Sizes of the axes of frames."""
        pixels = self.apparatus.imaging.pixels
        return {"F": self.frames, "ny": pixels, "nx": pixels}

    @property
    def frames(self) -> int:
        """Frames of a shot: holograms, and one of the reference alone."""
        return len(self.movie.times) + 1

    @property
    def scattered(self) -> float:
        """Photons each atom scatters while the pump is on (an upper bound)."""
        sequence = self.sequence
        duration = sequence.ramp_time + sequence.hold_time
        duration += sequence.field_off_time + sequence.evolution_time
        duration += float(np.ptp(self.movie.times))
        pump = self.apparatus.pump
        rate = strengths.scattering_rate(self.pump.final, pump, RUBIDIUM_LINEWIDTH)
        return rate * duration

    @property
    def planned(self) -> Mapping[Entry, Any]:
        """What is stored once."""
        record, times = HologramRecord, self.movie.times
        return {
            record.positions: self.positions,
            record.realised_width: layout.realised_width(self.positions),
            record.smallest_gap: layout.smallest_gap(self.positions),
            record.couplings: self.couplings,
            record.ramp_volts: self.pump.volts,
            record.ramp_step: self.pump.step,
            record.threshold: self.pump.threshold,
            record.rabi_frequency: self.pump.final,
            record.scattered: self.scattered,
            **({MovieRecord.movie_times: times} if len(times) > 1 else {}),
        }
