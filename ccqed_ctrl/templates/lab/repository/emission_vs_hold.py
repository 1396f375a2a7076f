"""How much light a written state emits, and how long it is held.

A complete experiment to begin from: what it adds to a hologram is all in this file. A
knob is one line of `Written`, a dataset one line of the record.
"""

from dataclasses import dataclass, replace

import numpy as np
from artiq.experiment import *

import analysis
from analysis.readout.holograms import HologramReader
from analysis.statistics import means
from ccqed_ctrl import params
from ccqed_ctrl.arguments import arguments
from ccqed_ctrl.ending import Verdict
from ccqed_ctrl.holograms import HologramPlan, HologramRecord, HologramShot
from ccqed_ctrl.model.layout import sample_layout
from ccqed_ctrl.quantities import Parameters, quantity
from ccqed_ctrl.records import live, row, summary
from ccqed_ctrl.rng import stream
from ccqed_ctrl.sequences.holographic_shot import HolographicShot
from ccqed_ctrl.shots import Shots

CURVE = "plot_xy {} --x summary.hold_time"


@dataclass(frozen=True)
class Written(Parameters):
    """The state that is written before it is held."""

    count: int = quantity(16, "ensembles in the cavity", minimum=1, maximum=256)
    up: float = quantity(
        0.5, "share of them that is written up", "%", minimum=0.0, maximum=1.0
    )


class EmissionVsHoldRecord(HologramRecord):
    """Light of a written state."""

    light = row("", "float64", "emission squared, of all ensembles, in electrons")
    hold_time = summary("K", "float64", "at each point of the scan", "us")
    mean_light = summary("K", "float64", "mean over shots", applet=CURVE)
    light_error = summary("K", "float64", "standard error of that mean")
    mean_light_bar = live("K", "float64", "twice that error, as an error bar")

    def summarise(self):
        """Work out what all shots say together, also while the run goes on."""
        record, point = EmissionVsHoldRecord, self.point
        good = np.isin(self.verdict, [Verdict.ok, Verdict.dark])  # no light counts, too
        light = means(self.light[good], point[good], self.points)
        return {
            record.hold_time: self.setting("sequence", "hold_time"),
            record.mean_light: light.value,
            record.light_error: light.error,
            record.mean_light_bar: 2 * light.error,
        }


def plan_point(*, written, layout, sequence, apparatus, run, **_):
    """Plan the shots of a point; values and bounds have been checked."""
    width = layout.relative_width * apparatus.cavity.waist
    rng = stream(run.seed, "layout")
    positions = sample_layout(written.count, width, layout.minimum_distance, rng)
    base = HologramPlan.at(positions, apparatus, sequence)
    up = np.arange(written.count) < round(written.up * written.count)
    shot = HologramShot(base.load(np.where(up, 1, -1)))
    return base.with_shots([shot] * run.shots)


@dataclass(frozen=True)
class Reader:
    """Reads the shots of a point."""

    hologram: HologramReader

    @classmethod
    def of_plan(cls, plan, previous):
        """Prepare for a plan; what was prepared for the point before may serve."""
        return cls(HologramReader.of_plan(plan, previous and previous.hologram))

    @property
    def planned(self):
        """What is known of the reading before the first shot."""
        return self.hologram.planned

    def read(self, shot, raw):
        """Return what is read of a shot's frames, and a verdict."""
        read = self.hologram.decode(raw)
        light = np.sum(np.abs(read.rows[HologramRecord.emission]) ** 2)
        return replace(read, rows={**read.rows, EmissionVsHoldRecord.light: light})


class EmissionVsHold(EnvExperiment):
    """Light of a written state."""

    def build(self):
        """Declare arguments and devices."""
        self.written = arguments(self, Written, "Written")
        self.layout = arguments(
            self, params.Layout, "Layout", ["relative_width", "minimum_distance"]
        )
        self.sequence = arguments(
            self, params.Sequence, "Sequence", scannable={"hold_time": None}
        )
        sequence = HolographicShot(self)
        self.shots = Shots(self, EmissionVsHoldRecord, sequence, analysis.open)

    def prepare(self):
        """Plan the whole run; whatever cannot work is refused here."""
        self.shots.plan(
            plan_point,
            Reader.of_plan,
            written=self.written,
            layout=self.layout,
            sequence=self.sequence,
        )

    def run(self):
        """Take the shots; every ending leaves the apparatus safe."""
        self.shots.run()

    def analyze(self):
        """Sum up the shots."""
        self.shots.summarise()
