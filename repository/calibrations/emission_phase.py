"""The phase of the emission against the reference, and how it drifts."""

import numpy as np
from artiq.experiment import *

import analysis
from analysis.phases import common_phase
from analysis.readout.holograms import HologramReader
from ccqed_ctrl.arguments import arguments
from ccqed_ctrl.calibration.found import CalibrationRecord, found
from ccqed_ctrl.calibration.pumped import PUMPED, Sites, plan_sites
from ccqed_ctrl.holograms import HologramRecord
from ccqed_ctrl.params import Run, Sequence
from ccqed_ctrl.records import summary
from ccqed_ctrl.sequences.holographic_shot import HolographicShot
from ccqed_ctrl.shots import Shots


class PhaseRecord(HologramRecord, CalibrationRecord):
    """Phases of the emission, and what they are about."""

    imaging_phase = found("imaging.phase")
    drift = summary("", "float64", "of the phase from shot to shot, rms, rad")

    def measured(self):
        """Average the phases, modulo pi: spins may be turned, all of them."""
        detuning, kappa = (
            self.setting("cavity", name)[0] for name in ("pump_detuning", "kappa")
        )
        phases = self.rows(PhaseRecord.phase, self.good)
        mean = common_phase(phases - np.angle(1 / (detuning + 1j * kappa)), np.pi)
        found = {PhaseRecord.imaging_phase: (mean.value, mean.error)}
        return found | {PhaseRecord.drift: mean.scatter}


class EmissionPhase(EnvExperiment):
    """Emission phase."""

    def build(self):
        """Declare arguments and devices."""
        self.chosen = {
            "sites": arguments(self, Sites, "Sites"),
            "sequence": arguments(self, Sequence, "Sequence", default=PUMPED),
        }
        given = self, PhaseRecord, HolographicShot(self), analysis.open
        self.shots = Shots(*given, calibrates="emission_phase", usual=Run(shots=12))

    def prepare(self):
        """Plan the whole run."""
        self.shots.plan(plan_sites, HologramReader.of_plan, **self.chosen)

    def run(self):
        """Take the shots; every ending leaves the apparatus safe."""
        self.shots.run()

    def analyze(self):
        """Sum up the shots."""
        self.shots.summarise()
