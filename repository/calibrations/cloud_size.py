"""How large the clouds are: by the envelope of their waves, which blur leaves alone."""

from artiq.experiment import *

import analysis
from analysis.geometry import common_place
from analysis.readout.geometry import SizesReader
from ccqed_ctrl.arguments import arguments
from ccqed_ctrl.calibration.found import CalibrationRecord, found
from ccqed_ctrl.calibration.geometry import SizesRecord
from ccqed_ctrl.calibration.pumped import PUMPED, Sites, plan_sites
from ccqed_ctrl.params import Sequence
from ccqed_ctrl.records import summary
from ccqed_ctrl.sequences.holographic_shot import HolographicShot
from ccqed_ctrl.shots import Shots


class CloudRecord(SizesRecord, CalibrationRecord):
    """Sizes in each shot, and what they agree on."""

    cloud_size = found("cloud.size")
    spot_size = summary("", "float64", "rms, of the spots: cloud and blur", "um")

    def measured(self):
        """Average the sizes; they scatter as the error says."""
        sizes = self.rows(CloudRecord.sizes, self.good)
        mean = common_place(sizes, what="size")
        found = {CloudRecord.cloud_size: (mean.value[0], mean.error[0])}
        return found | {CloudRecord.spot_size: mean.value[1]}


class CloudSize(EnvExperiment):
    """Cloud size."""

    def build(self):
        """Declare arguments and devices."""
        drawings = {"drawing": ExplicitScan([*range(6)])}
        pumped = PUMPED.replace(pump_over_threshold=3.0)
        self.chosen = {
            "sites": arguments(self, Sites, "Sites", scannable=drawings),
            "sequence": arguments(self, Sequence, "Sequence", default=pumped),
        }
        given = self, CloudRecord, HolographicShot(self), analysis.open
        self.shots = Shots(*given, calibrates="cloud_size")

    def prepare(self):
        """Plan the whole run."""
        self.shots.plan(plan_sites, SizesReader.of_plan, **self.chosen)

    def run(self):
        """Take the shots; every ending leaves the apparatus safe."""
        self.shots.run()

    def analyze(self):
        """Sum up the shots."""
        self.shots.summarise()
