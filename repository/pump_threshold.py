"""Emission against pump power, and the threshold of one isolated ensemble."""

import numpy as np
from artiq.experiment import *

import analysis
from analysis.fits import fit_threshold
from analysis.readout.holograms import HologramReader
from analysis.statistics import means
from ccqed_ctrl.arguments import arguments
from ccqed_ctrl.errors import FitError
from ccqed_ctrl.holograms import HologramPlan, HologramRecord, HologramShot
from ccqed_ctrl.params import Sequence
from ccqed_ctrl.records import live, summary
from ccqed_ctrl.sequences.holographic_shot import HolographicShot
from ccqed_ctrl.shots import Shots


class ThresholdRecord(HologramRecord):
    """Emission at several powers, and where it begins."""

    power = summary("K", "float64", "over the believed threshold, at each point")
    light = summary("K", "float64", "|c|^2, e-", applet="plot_xy {} --x summary.power")
    light_fit = summary("K", "float64", "of the fitted curve")
    light_error = summary("K", "float64", "standard error of that mean")
    light_bar = live("K", "float64", "twice the standard error, as an error bar")
    fitted_threshold = summary("", "float64", "over the believed threshold")
    fitted_error = summary("", "float64", "standard error of the threshold")
    no_threshold = summary("", "str", "why there is no threshold")

    def summarise(self):
        """Work out emission over power, and the threshold that it gives."""
        powers = self.setting("sequence", "pump_over_threshold")
        light = np.abs(self.emission[:, 0]) ** 2
        decoded = np.isfinite(light)  # below threshold it is dark, and that counts
        point, light = self.point[decoded], light[decoded]
        mean, record = means(light, point, self.points), ThresholdRecord
        found = {record.power: powers, record.light: mean.value}
        found |= {record.light_error: mean.error, record.light_bar: 2 * mean.error}
        try:
            fit = fit_threshold(powers[point], light)
        except FitError as refusal:
            return found | {record.no_threshold: str(refusal)}
        found |= {record.fitted_threshold: fit.threshold, record.no_threshold: ""}
        found |= {record.fitted_error: fit.error, record.light_fit: fit.curve(powers)}
        return found


def plan_point(sequence, *, apparatus, run, **_):
    """Plan shots of one ensemble, where it does not feel its own mirror image."""
    site = [[np.sqrt(np.pi / 4) * apparatus.cavity.waist, 0.0]]
    base = HologramPlan.at(site, apparatus, sequence)
    return base.with_shots([HologramShot.dark(1)] * run.shots)


class PumpThreshold(EnvExperiment):
    """Pump threshold."""

    def build(self):
        """Declare arguments and devices."""
        self.sequence = arguments(
            self, Sequence, "Sequence",
            default=Sequence(hold_time=2 * ms, field_off_time=0.0, evolution_time=0.0,
                             noise=False),
            scannable={"pump_over_threshold": RangeScan(0.4, 2.8, 13)},
        )  # fmt: skip
        self.shots = Shots(self, ThresholdRecord, HolographicShot(self), analysis.open)

    def prepare(self):
        """Plan the whole run."""
        self.shots.plan(plan_point, HologramReader.of_plan, sequence=self.sequence)

    def run(self):
        """Take the shots; every ending leaves the apparatus safe."""
        self.shots.run()

    def analyze(self):
        """Sum up the shots and fit the threshold."""
        self.shots.summarise()
