"""Exact recall against the corruption of the cue: how wide the basins are."""

from artiq.experiment import *

import analysis
from analysis.fits import fit_basin
from analysis.readout.scoring import RecallReader
from analysis.statistics import means, shares
from ccqed_ctrl import params
from ccqed_ctrl.arguments import arguments
from ccqed_ctrl.errors import FitError
from ccqed_ctrl.recalling import RecallRecord, plan_recall
from ccqed_ctrl.records import live, summary
from ccqed_ctrl.sequences.holographic_shot import HolographicShot
from ccqed_ctrl.shots import Shots

CURVE = "plot_xy {} --x summary.corruption"


class CorruptionRecord(RecallRecord):
    """Recalls at several corruptions, and what they say together."""

    corruption = summary("K", "float64", "of the cue, at each point of the scan")
    exact = summary("K", "float64", "share of exact recalls", applet=CURVE)
    exact_interval = summary("K 2", "float64", "ends of its 95 % interval")
    overlap = summary("K", "float64", "mean overlap with the cued memory", applet=CURVE)
    overlap_error = summary("K", "float64", "standard error of that mean")
    exact_bar = live("K", "float64", "length of its interval, as an error bar")
    overlap_bar = live("K", "float64", "twice its standard error, as an error bar")
    basin_width = summary("", "float64", "corruption of which half is recalled")
    basin_error = summary("", "float64", "standard error of the width")
    no_basin = summary("", "str", "why there is no width")

    def summarise(self):
        """Work out shares, overlaps, and the width of the basin."""
        record, good, points = CorruptionRecord, self.good, self.points
        place, won = self.point[good], self.pixels_wrong[good] == 0
        corruption = self.setting("cue", "corruption")
        exact = shares(won, place, points)
        overlap = means(self.cued_overlaps[good], place, points)
        found = {
            record.corruption: corruption, record.exact: exact.value,
            record.exact_interval: exact.interval, record.overlap: overlap.value,
            record.exact_bar: exact.high - exact.low,
            record.overlap_error: overlap.error, record.overlap_bar: 2 * overlap.error,
        }  # fmt: skip
        try:
            basin = fit_basin(corruption[place], won, won | True)
            width, error, reason = basin.width, basin.error, ""
        except FitError as refusal:
            width, error, reason = float("nan"), float("nan"), str(refusal)
        fitted = {record.basin_width: width, record.basin_error: error}
        return {**super().summarise(), **found, **fitted, record.no_basin: reason}


class RecallVsCorruption(EnvExperiment):
    """Recall against corruption."""

    def build(self):
        """Declare arguments and devices."""
        steps = {"corruption": RangeScan(0.0, 0.5, 6)}
        self.chosen = {
            "memories": arguments(self, params.Memories, "Memories"),
            "cue": arguments(self, params.Cue, "Cue", scannable=steps),
            "layout": arguments(self, params.Layout, "Layout"),
            "sequence": arguments(self, params.Sequence, "Sequence"),
        }
        self.shots = Shots(self, CorruptionRecord, HolographicShot(self), analysis.open)

    def prepare(self):
        """Plan the whole run."""
        self.shots.plan(plan_recall, RecallReader.of_plan, **self.chosen)

    def run(self):
        """Take the shots; every ending leaves the apparatus safe."""
        self.shots.run()

    def analyze(self):
        """Sum up the shots and fit the basin."""
        self.shots.summarise()
