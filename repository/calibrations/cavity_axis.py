"""Where the cavity is: the centre of mirror symmetry of what ensembles emit."""

from artiq.experiment import *

import analysis
from analysis.geometry import common_place
from analysis.readout.geometry import CentreReader
from analysis.readout.symmetry import EDGE
from ccqed_ctrl.arguments import arguments
from ccqed_ctrl.calibration.found import CalibrationRecord, found
from ccqed_ctrl.calibration.geometry import CentreRecord
from ccqed_ctrl.calibration.pumped import PUMPED, Sites, plan_sites
from ccqed_ctrl.params import Sequence
from ccqed_ctrl.sequences.holographic_shot import HolographicShot
from ccqed_ctrl.shots import Shots


class AxisRecord(CentreRecord, CalibrationRecord):
    """Centres of symmetry, and the axis that they agree on."""

    axis_x = found("axis.x")
    axis_y = found("axis.y")

    def measured(self):
        """Average the centres; they scatter as the error says."""
        axis = common_place(self.rows(AxisRecord.centre, self.good), EDGE)
        x, y = zip(axis.value, axis.error, strict=True)
        return {AxisRecord.axis_x: x, AxisRecord.axis_y: y}


class CavityAxis(EnvExperiment):
    """Cavity axis."""

    def build(self):
        """Declare arguments and devices."""
        drawings = {"drawing": ExplicitScan([*range(6)])}
        pumped = PUMPED.replace(pump_over_threshold=3.0)
        self.chosen = {
            "sites": arguments(self, Sites, "Sites", scannable=drawings),
            "sequence": arguments(self, Sequence, "Sequence", default=pumped),
        }
        given = self, AxisRecord, HolographicShot(self), analysis.open
        self.shots = Shots(*given, calibrates="cavity_axis")

    def prepare(self):
        """Plan the whole run."""
        self.shots.plan(plan_sites, CentreReader.of_plan, **self.chosen)

    def run(self):
        """Take the shots; every ending leaves the apparatus safe."""
        self.shots.run()

    def analyze(self):
        """Sum up the shots."""
        self.shots.summarise()
