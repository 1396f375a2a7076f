"""Plans of shots that end with a hologram, whatever they are for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .belief import Apparatus
from .model import couplings as strengths
from .model import layout, plan
from .params import RUBIDIUM_LINEWIDTH, Sequence
from .records import Entry
from .records.shots import HologramRecord


@dataclass(frozen=True)
class HologramShot:
    """One shot: how its state is written."""

    load: plan.LoadPlan

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
    positions: (N, 2) m. couplings: (N, N) A_ij in units of J0.
    """

    apparatus: Apparatus
    sequence: Sequence
    pump: plan.PumpPlan
    positions: plan.Floats
    couplings: plan.Floats
    shots: tuple[HologramShot, ...]

    @property
    def scattered(self) -> float:
        """Photons each atom scatters while the pump is on (an upper bound)."""
        sequence = self.sequence
        duration = sequence.ramp_time + sequence.hold_time + sequence.evolution_time
        pump = self.apparatus.pump
        rate = strengths.scattering_rate(self.pump.final, pump, RUBIDIUM_LINEWIDTH)
        return rate * duration

    @property
    def planned(self) -> Mapping[Entry, Any]:
        """What is stored once."""
        record = HologramRecord
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
        }
