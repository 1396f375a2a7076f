"""A movie of one relaxation: spins against time, and the energy that they lose."""

import numpy as np
from artiq.experiment import *

import analysis
from analysis.readout.scoring import RecallReader
from ccqed_ctrl import params
from ccqed_ctrl.arguments import arguments
from ccqed_ctrl.holograms import MovieRecord
from ccqed_ctrl.recalling import RecallRecord, plan_recall
from ccqed_ctrl.records import live, summary
from ccqed_ctrl.sequences.holographic_shot import HolographicShot
from ccqed_ctrl.shots import Shots

CURVE = "plot_xy {} --x summary.time"


class RelaxationRecord(MovieRecord, RecallRecord):
    """Recalls with several holograms of each, and how the energy falls."""

    time = summary("G", "float64", "of the holograms, since the field fell", "ms")
    energy = summary("G", "float64", "mean of -sum A_ij s_i s_j, J0", applet=CURVE)
    energy_error = summary("G", "float64", "standard error of that mean")
    energy_bar = live("G", "float64", "twice the standard error, as an error bar")
    turned = summary("G", "float64", "mean number of spins unlike the written state")

    def summarise(self):
        """Work out means over the shots that count, against time."""
        good, record = self.good, RelaxationRecord
        spins = self.rows(record.movie_spins, good).astype(float)
        couplings = self.per_shot(record.couplings)[good]
        energy = -np.einsum("sgi,sij,sgj->sg", spins, couplings, spins)
        error = energy.std(axis=0, ddof=len(energy) > 1) / np.sqrt(len(energy))
        unlike = spins != self.rows(record.encoded_cue, good)[:, np.newaxis]
        return {
            **super().summarise(), record.time: self.per_shot(record.movie_times)[0],
            record.energy: energy.mean(axis=0), record.energy_error: error,
            record.energy_bar: 2 * error,
            record.turned: unlike.sum(axis=2).mean(axis=0),
        }  # fmt: skip


class RelaxationMovie(EnvExperiment):
    """Relaxation movie."""

    def build(self):
        """Declare arguments and devices."""
        # At 10 % what is written is a minimum already.
        cue = params.Cue(corruption=0.3)
        sequence = params.Sequence(field_off_time=0.0, evolution_time=0.0)
        self.chosen = {
            "memories": arguments(self, params.Memories, "Memories"),
            "cue": arguments(self, params.Cue, "Cue", default=cue),
            "layout": arguments(self, params.Layout, "Layout"),
            "sequence": arguments(self, params.Sequence, "Sequence", default=sequence),
            "movie": arguments(self, params.Movie, "Movie"),
            "imaging": arguments(
                self, params.Imaging, "Movie", ["readout_time"], calibrated=True
            ),
        }
        self.shots = Shots(self, RelaxationRecord, HolographicShot(self), analysis.open)

    def prepare(self):
        """Plan the whole run; a camera that is too slow is refused here."""
        self.shots.plan(plan_recall, RecallReader.of_plan, **self.chosen)

    def run(self):
        """Take the shots; every ending leaves the apparatus safe."""
        self.shots.run()

    def analyze(self):
        """Sum up the shots."""
        self.shots.summarise()
