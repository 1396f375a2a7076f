"""The phase of the longitudinal drive, against the light of an ensemble beside it."""

import numpy as np
from artiq.experiment import *

import analysis
from analysis.phases import common_phase, on_branch
from analysis.readout.driven import DrivenReader
from ccqed_ctrl.arguments import arguments
from ccqed_ctrl.calibration.driven import DrivenRecord, plan_driven
from ccqed_ctrl.calibration.found import CalibrationRecord, found
from ccqed_ctrl.calibration.pumped import PUMPED
from ccqed_ctrl.params import Run, Sequence
from ccqed_ctrl.records import summary
from ccqed_ctrl.sequences.driven_shot import DrivenShot
from ccqed_ctrl.shots import Shots

#: What errors of axis and map leave of the angle, rad (scenario typical).
COMMON = 5e-3


class DriveRecord(DrivenRecord, CalibrationRecord):
    """Angles between drive and emission, and the phase that they agree on."""

    longitudinal_phase = found("longitudinal.phase")
    scatter = summary("", "float64", "of the angle from shot to shot, rad")

    def measured(self):
        """Average the angles; which of two it is, the drive's own phase tells."""
        record = DriveRecord
        angle = common_phase(self.rows(record.drive_angle, self.good), np.pi, COMMON)
        arrival = self.rows(record.drive_arrival, self.good)
        believed = self.setting("longitudinal", "phase")[0]
        phase = believed + on_branch(angle.value, arrival, np.pi)
        phase = float(np.angle(np.exp(1j * phase)))
        found = {record.longitudinal_phase: (phase, angle.error)}
        return found | {record.scatter: angle.scatter}


class DrivePhase(EnvExperiment):
    """Drive phase."""

    def build(self):
        """Declare arguments and devices."""
        self.sequence = arguments(self, Sequence, "Sequence", default=PUMPED)
        given = self, DriveRecord, DrivenShot(self), analysis.open
        self.shots = Shots(*given, calibrates="drive_phase", usual=Run(shots=8))

    def prepare(self):
        """Plan the whole run."""
        self.shots.plan(plan_driven, DrivenReader.of_plan, sequence=self.sequence)

    def run(self):
        """Take the shots; every ending leaves the apparatus safe."""
        self.shots.run()

    def analyze(self):
        """Sum up the shots."""
        self.shots.summarise()
