"""Recall a memory from a corrupted cue."""

from artiq.experiment import *

import analysis
from analysis.readout.scoring import RecallReader
from ccqed_ctrl import params
from ccqed_ctrl.arguments import arguments
from ccqed_ctrl.recalling import RecallRecord, plan_recall
from ccqed_ctrl.sequences.holographic_shot import HolographicShot
from ccqed_ctrl.shots import Shots


class Recall(EnvExperiment):
    """Recall a memory."""

    def build(self):
        """Declare arguments and devices."""
        self.memories = arguments(self, params.Memories, "Memories")
        self.cue = arguments(self, params.Cue, "Cue")
        self.layout = arguments(self, params.Layout, "Layout")
        self.cloud = arguments(self, params.Cloud, "Layout", ["atoms"], calibrated=True)
        self.sequence = arguments(self, params.Sequence, "Sequence")
        self.shots = Shots(self, RecallRecord, HolographicShot(self), analysis.open)

    def prepare(self):
        """Plan the whole run; whatever cannot work is refused here."""
        self.shots.plan(
            plan_recall,
            RecallReader.of_plan,
            memories=self.memories,
            cue=self.cue,
            layout=self.layout,
            cloud=self.cloud,
            sequence=self.sequence,
        )

    def run(self):
        """Take the shots; every ending leaves the apparatus safe."""
        self.shots.run()

    def analyze(self):
        """Sum up the shots."""
        self.shots.summarise()
