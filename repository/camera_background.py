"""Offset, gain and read noise of the camera, by dark frames and flat light."""

from artiq.experiment import *

import analysis
from analysis.readout.backgrounds import BackgroundReader, fit_photon_transfer
from analysis.statistics import means
from ccqed_ctrl.arguments import arguments
from ccqed_ctrl.backgrounds import BackgroundRecord, FlatLight, plan_background
from ccqed_ctrl.errors import FitError
from ccqed_ctrl.records import live, summary
from ccqed_ctrl.sequences.flat_frames import FlatFrames
from ccqed_ctrl.shots import Shots

CURVE = "plot_xy {} --x summary.light"


class CameraRecord(BackgroundRecord):
    """Photon transfer, and what it says of the camera."""

    light = summary("K", "float64", "mean count above the offset, ADU")
    noise = summary("K", "float64", "variance in time, ADU^2", applet=CURVE)
    noise_error = summary("K", "float64", "standard error of that variance")
    noise_bar = live("K", "float64", "twice that error, as an error bar")
    offset = summary("", "float64", "mean dark count, ADU")
    electrons_per_count = summary("", "float64", "in which light has Poisson's noise")
    gain_error = summary("", "float64", "standard error of electrons_per_count")
    read_noise = summary("", "float64", "rms, in the same electrons")
    no_gain = summary("", "str", "why there is no gain")

    def summarise(self):
        """Fit variance against light."""
        record, good, points = CameraRecord, self.good, self.points
        lit, noise, dark = (
            self.rows(entry, good)
            for entry in (record.lit, record.lit_variance, record.dark_variance)
        )
        light = means(lit, self.point[good], points)
        mean = means(noise, self.point[good], points)
        pixels = int(self.setting("imaging", "pixels")[0]) ** 2
        error = mean.value * (2 / pixels / self.setting("run", "shots")) ** 0.5
        found = {
            record.light: light.value, record.noise: mean.value,
            record.noise_error: error, record.noise_bar: 2 * error,
            record.offset: self.rows(record.dark, good).mean(),
        }  # fmt: skip
        try:
            fit = fit_photon_transfer(lit, noise, dark, pixels)
        except FitError as refusal:
            return found | {record.no_gain: str(refusal)}
        found |= {record.electrons_per_count: fit.electrons_per_count}
        found |= {record.gain_error: fit.error, record.read_noise: fit.read_noise}
        return found | {record.no_gain: ""}


class CameraBackground(EnvExperiment):
    """Camera background."""

    def build(self):
        """Declare arguments and devices."""
        steps = {"exposure": RangeScan(5e-6, 50e-6, 6)}
        self.light = arguments(self, FlatLight, "Light", scannable=steps)
        self.shots = Shots(self, CameraRecord, FlatFrames(self), analysis.open)

    def prepare(self):
        """Plan the whole run."""
        self.shots.plan(plan_background, BackgroundReader.of_plan, light=self.light)

    def run(self):
        """Take the shots; every ending leaves the apparatus safe."""
        self.shots.run()

    def analyze(self):
        """Sum up the shots."""
        self.shots.summarise()
