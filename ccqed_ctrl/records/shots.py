"""What every run of shots stores, and what every hologram is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..ending import Verdict
from .declaration import Entry, Record, live, plan, row

Rows = Mapping[Entry, Any]

#: Frames of a hologram: with the light of the atoms, and reference without.
FRAMES: Final = 2


@dataclass(frozen=True)
class Reading:
    """What was read of a shot: rows to store, verdict, and what is to be shown live."""

    rows: Rows
    verdict: Verdict = Verdict.ok
    shown: Mapping[Entry, Any] | None = None


class ShotRecord(Record):
    """Any experiment that `shots.Shots` runs."""

    scanned = plan("D", "str", "what was scanned, slowest first")
    scan_shape = plan("D", "int64", "points of each scan")
    seed = plan("", "int64", "root seed of all that is drawn")
    point = row("", "int64", "point of the scan", planned=True)
    verdict = row("", "str", "ok, or what is wrong with the shot")
    attempts = row("", "int64", "times the shot was taken until its data were whole")


class HologramRecord(ShotRecord):
    """Shots that end with a hologram: ensembles in place, two frames, spins."""

    positions = plan("N 2", "float64", "commanded ensemble positions", "um")
    realised_width = plan("", "float64", "rms width per coordinate", "um")
    smallest_gap = plan("", "float64", "least distance of sites", "um")
    couplings = plan("N N", "float64", "couplings A_ij in units of J0")
    ramp_volts = plan("T", "float64", "pump servo set-points", "V")
    ramp_step = plan("", "float64", "time between set-points", "us")
    threshold = plan("", "float64", "Rabi frequency at threshold", "rad/s")
    rabi_frequency = plan("", "float64", "Rabi frequency at the end", "rad/s")
    scattered = plan("", "float64", "photons each atom scatters in a shot")
    sign_reference = plan("", "str", "what fixes the global sign")
    dmd_pattern = row("N", "float64", "DMD amplitudes of the sites", planned=True)
    dds_amplitude = row("", "float64", "of the longitudinal drive", planned=True)
    frames = row("F ny nx", "uint16", "raw hologram and reference, ADU", raw=True)
    exposure = row("", "float64", "exposure as used", "us")
    saturated = row("", "int64", "clipped pixels of both frames")
    emission = row("N", "complex128", "emission of the ensembles, sqrt(e-)")
    spins = row("N", "int8", "decoded spins, 0 undetermined")
    error_probability = row("N", "float64", "that a sign is wrong")
    phase = row("", "float64", "emission phase against reference, rad")
    residual = row("", "float64", "light the ensembles do not explain")
    frame = live("ny nx", "uint16", "the last hologram", "image {}")
    field = live("ny nx", "float32", "magnitude of the last field", "image {}")
