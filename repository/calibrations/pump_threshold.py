"""Emission against pump power, and the threshold of one isolated ensemble."""

import numpy as np
from artiq.experiment import *

import analysis
from analysis.fits import fit_threshold
from analysis.readout.holograms import HologramReader
from analysis.statistics import means
from ccqed_ctrl.arguments import arguments
from ccqed_ctrl.calibration.found import CalibrationRecord, found
from ccqed_ctrl.calibration.pumped import PUMPED, plan_isolated
from ccqed_ctrl.holograms import HologramRecord
from ccqed_ctrl.params import Run, Sequence
from ccqed_ctrl.records import live, summary
from ccqed_ctrl.sequences.holographic_shot import HolographicShot
from ccqed_ctrl.shots import Shots


class ThresholdRecord(HologramRecord, CalibrationRecord):
    """Emission at several powers, and where it begins."""

    power = summary("K", "float64", "over the believed threshold, at each point")
    light = summary("K", "float64", "|c|^2, e-", applet="plot_xy {} --x summary.power")
    light_fit = summary("K", "float64", "of the fitted curve")
    light_error = summary("K", "float64", "standard error of that mean")
    light_bar = live("K", "float64", "twice the standard error, as an error bar")
    fitted_threshold = summary("", "float64", "over the believed threshold")
    fitted_error = summary("", "float64", "standard error of the threshold")
    pump_calibration_rabi_frequency_1v = found("pump_calibration.rabi_frequency_1v")

    def curves(self):
        """Work out emission over power."""
        record = ThresholdRecord
        powers = self.setting("sequence", "pump_over_threshold")
        mean = means(self.seen[1], self.seen[0], self.points)
        curves = {record.power: powers, record.light_bar: 2 * mean.error}
        return curves | {record.light: mean.value, record.light_error: mean.error}

    def measured(self):
        """Fit the threshold: it says how much pump there is at 1 V."""
        powers = self.setting("sequence", "pump_over_threshold")
        fit, record = fit_threshold(powers[self.seen[0]], self.seen[1]), ThresholdRecord
        volt = self.setting("pump_calibration", "rabi_frequency_1v")[0]
        volt, relative = volt / fit.threshold**0.5, fit.error / fit.threshold / 2
        fitted = {record.light_fit: fit.curve(powers), record.fitted_error: fit.error}
        fitted |= {record.pump_calibration_rabi_frequency_1v: (volt, volt * relative)}
        return fitted | {record.fitted_threshold: fit.threshold}

    @property
    def seen(self):
        """Points and emissions of the shots; dark ones, below threshold, count."""
        light = np.abs(self.emission[:, 0]) ** 2
        return self.point[np.isfinite(light)], light[np.isfinite(light)]


class PumpThreshold(EnvExperiment):
    """Pump threshold."""

    def build(self):
        """Declare arguments and devices."""
        steps = {"pump_over_threshold": RangeScan(0.4, 2.8, 13)}
        shown = self, Sequence, "Sequence", None, steps
        self.sequence = arguments(*shown, default=PUMPED)
        given = self, ThresholdRecord, HolographicShot(self), analysis.open
        self.shots = Shots(*given, calibrates="pump_threshold", usual=Run(shots=4))

    def prepare(self):
        """Plan the whole run."""
        self.shots.plan(plan_isolated, HologramReader.of_plan, sequence=self.sequence)

    def run(self):
        """Take the shots; every ending leaves the apparatus safe."""
        self.shots.run()

    def analyze(self):
        """Sum up the shots and fit the threshold."""
        self.shots.summarise()
