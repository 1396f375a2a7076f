"""Offset, gain and read noise of the camera, by dark frames and flat light."""

from artiq.experiment import *

import analysis
from analysis.readout.backgrounds import BackgroundReader as Reader
from analysis.readout.backgrounds import fit_photon_transfer, unexposed
from analysis.statistics import means
from ccqed_ctrl.arguments import arguments
from ccqed_ctrl.backgrounds import BackgroundRecord, FlatLight, plan_background
from ccqed_ctrl.calibration.found import CalibrationRecord, found
from ccqed_ctrl.records import live, summary
from ccqed_ctrl.sequences.flat_frames import FlatFrames
from ccqed_ctrl.shots import Shots


class CameraRecord(BackgroundRecord, CalibrationRecord):
    """Photon transfer, and what it says of the camera."""

    light = summary("K", "float64", "mean count above the offset, ADU")
    noise = summary(
        "K", "float64", "variance in time, ADU^2", applet="plot_xy {} --x summary.light"
    )
    noise_error = summary("K", "float64", "standard error of that variance")
    noise_bar = live("K", "float64", "twice that error, as an error bar")
    imaging_offset = found("imaging.offset")
    imaging_electrons_per_count = found("imaging.electrons_per_count")
    imaging_read_noise = found("imaging.read_noise")

    def curves(self):
        """Work out variance against light."""
        record, good = CameraRecord, self.good
        rows = (self.rows(e, good) for e in (record.lit, record.lit_variance))
        light, mean = (means(row, self.point[good], self.points) for row in rows)
        error = mean.value * (2 / self.pixels / self.setting("run", "shots")) ** 0.5
        curves = {record.light: light.value, record.noise: mean.value}
        return curves | {record.noise_error: error, record.noise_bar: 2 * error}

    def measured(self):
        """Fit variance against light."""
        record, good = CameraRecord, self.good
        entries = record.lit, record.lit_variance, record.dark, record.dark_variance
        lit, noise, dark, floor = (self.rows(entry, good) for entry in entries)
        time = self.rows(record.exposure, good)
        offset, floor = unexposed(dark, time), unexposed(floor, time)
        fit = fit_photon_transfer(lit + dark - offset[0], noise, floor, self.pixels)
        return {
            record.imaging_offset: offset,
            record.imaging_electrons_per_count: (fit.electrons_per_count, fit.error),
            record.imaging_read_noise: (fit.read_noise, fit.read_noise_error),
        }

    @property
    def pixels(self):
        """Of a frame."""
        return int(self.setting("imaging", "pixels")[0]) ** 2


class CameraBackground(EnvExperiment):
    """Camera background."""

    def build(self):
        """Declare arguments and devices."""
        steps = {"exposure": RangeScan(5e-6, 50e-6, 6)}
        self.light = arguments(self, FlatLight, "Light", scannable=steps)
        given = self, CameraRecord, FlatFrames(self), analysis.open
        self.shots = Shots(*given, calibrates="camera_background")

    def prepare(self):
        """Plan the whole run."""
        self.shots.plan(plan_background, Reader.of_plan, light=self.light)

    def run(self):
        """Take the shots; every ending leaves the apparatus safe."""
        self.shots.run()

    def analyze(self):
        """Sum up the shots."""
        self.shots.summarise()
