"""Delta_C and kappa: where the cavity lets a probe through, and how widely."""

from artiq.experiment import *

import analysis
from analysis.readout.spectra import ProbeReader, fit_line
from analysis.statistics import means
from ccqed_ctrl.arguments import arguments
from ccqed_ctrl.calibration.found import CalibrationRecord, found
from ccqed_ctrl.records import live, summary
from ccqed_ctrl.sequences.probe_counts import ProbeCounts
from ccqed_ctrl.shots import Shots
from ccqed_ctrl.spectra import Probe, ProbeRecord, plan_probe
from ccqed_ctrl.units import angular


class SpectrumRecord(ProbeRecord, CalibrationRecord):
    """Counts against frequency, and the line in them."""

    frequency = summary("K", "float64", "probe above the pump in frequency", "MHz")
    light = summary(
        "K", "float64", "mean photons", applet="plot_xy {} --x summary.frequency"
    )
    light_bar = live("K", "float64", "twice the standard error, as an error bar")
    cavity_kappa = found("cavity.kappa")
    cavity_pump_detuning = found("cavity.pump_detuning")

    def curves(self):
        """Work out photons against frequency."""
        record, good = SpectrumRecord, self.good
        point, counts = self.point[good], self.rows(record.counts, good)
        light = means(counts, point, self.points)
        offset = means(self.offset[good], point, self.points)
        bars = 2 * (light.value / self.setting("run", "shots")) ** 0.5
        curves = {record.frequency: offset.value, record.light: light.value}
        return curves | {record.light_bar: bars}

    def measured(self):
        """Fit the line: the cavity is where the probe passes, the pump at 0."""
        counts = self.rows(SpectrumRecord.counts, self.good)
        line = fit_line(self.offset[self.good], counts)
        width, (centre, error) = line.half_width, line.centre
        return {
            SpectrumRecord.cavity_kappa: tuple(map(angular, width)),
            SpectrumRecord.cavity_pump_detuning: (-angular(centre), angular(error)),
        }

    @property
    def offset(self):
        """Frequency of the probe above the pump's in each shot (S,), Hz."""
        return self.setting("probe", "offset")[self.point]


class CavitySpectrum(EnvExperiment):
    """Cavity spectrum."""

    def build(self):
        """Declare arguments and devices."""
        steps = {"offset": RangeScan(0.5e6, 6.5e6, 61)}
        self.probe = arguments(self, Probe, "Probe", scannable=steps)
        given = self, SpectrumRecord, ProbeCounts(self), analysis.open
        self.shots = Shots(*given, calibrates="cavity_spectrum")

    def prepare(self):
        """Plan the whole run."""
        self.shots.plan(plan_probe, ProbeReader.of_plan, probe=self.probe)

    def run(self):
        """Take the shots; every ending leaves the apparatus safe."""
        self.shots.run()

    def analyze(self):
        """Sum up the shots."""
        self.shots.summarise()
