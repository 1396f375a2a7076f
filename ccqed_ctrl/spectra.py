"""Photons of a probe through the cavity: what is stored, and planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .belief import Apparatus
from .params import Run
from .quantities import Parameters, quantity
from .records import Entry, ShotRecord, row


@dataclass(frozen=True)
class Probe(Parameters):
    """Where the probe is, and for how long its photons are counted."""

    offset: float = quantity(
        3e6, "frequency of the probe above the pump's", "MHz", minimum=-50e6,
        maximum=50e6,
    )  # fmt: skip
    gate: float = quantity(
        5e-3, "time of counting", "ms", minimum=1e-6, maximum=1.0
    )  # fmt: skip


class ProbeRecord(ShotRecord):
    """Photons of the probe behind the cavity."""

    counts = row("", "int64", "photons of the probe")
    locked = row("", "bool", "whether the cavity was locked afterwards")


@dataclass(frozen=True)
class ProbeShot:
    """One count, of which nothing is known before."""

    @property
    def rows(self) -> Mapping[Entry, Any]:
        """What is stored with the shot."""
        return {}


@dataclass(frozen=True)
class ProbePlan:
    """What the counts of a point have in common.

    frequency: of the probe's tone, Hz. gate: s.
    """

    apparatus: Apparatus
    frequency: float
    gate: float
    shots: tuple[ProbeShot, ...]

    @property
    def planned(self) -> Mapping[Entry, Any]:
        """What is stored once."""
        return {}

    @property
    def sizes(self) -> Mapping[str, int]:
        """Sizes of further axes."""
        return {}


def plan_probe(probe: Probe, *, apparatus: Apparatus, run: Run, **_: Any) -> ProbePlan:
    """Plan the counts at one frequency of the probe."""
    frequency = apparatus.tones.probe_frequency + probe.offset
    return ProbePlan(apparatus, frequency, probe.gate, (ProbeShot(),) * run.shots)
