"""Where traps go that are commanded somewhere: commanded against imaged positions."""

import numpy as np
from artiq.experiment import *

import analysis
from analysis.geometry import fit_affine
from analysis.readout.geometry import PlacesReader
from ccqed_ctrl.arguments import arguments
from ccqed_ctrl.calibration.found import CalibrationRecord, found
from ccqed_ctrl.calibration.geometry import PlacesRecord
from ccqed_ctrl.calibration.pumped import PUMPED, Sites, plan_sites
from ccqed_ctrl.model.placement import commanded
from ccqed_ctrl.params import Axis, Sequence, Traps
from ccqed_ctrl.records import summary
from ccqed_ctrl.sequences.holographic_shot import HolographicShot
from ccqed_ctrl.shots import Shots


class MapRecord(PlacesRecord, CalibrationRecord):
    """Places of the traps, and the affine map from what was commanded."""

    traps_xx, traps_xy = found("traps.xx"), found("traps.xy")
    traps_yx, traps_yy = found("traps.yx"), found("traps.yy")
    traps_x, traps_y = found("traps.x"), found("traps.y")
    scatter = summary("", "float64", "rms of the places about the map", "um")

    def measured(self):
        """Fit the map to the mean place of each trap at each point."""
        record, point = MapRecord, self.point[self.good]
        seen, sites = (
            self.rows(record.places, self.good),
            self.per_shot(record.positions),
        )
        axis, traps = (self.believed(group) for group in (Axis, Traps))
        sent = [commanded(each, axis, traps) for each in sites[self.good]]
        fit = fit_affine(*(
            np.concatenate([np.mean(np.array(of)[point == k], 0) for k in set(point)])
            for of in (sent, seen)
        ))  # fmt: skip
        lines = [record.traps_xx, record.traps_xy, record.traps_yx, record.traps_yy]
        values = zip(fit.matrix.flat, fit.matrix_error.flat, strict=True)
        shift = zip(fit.shift, fit.shift_error, strict=True)
        pairs = zip(
            [*lines, record.traps_x, record.traps_y], [*values, *shift], strict=True
        )
        return {**dict(pairs), record.scatter: fit.scatter}

    def believed(self, group):
        """Return a believed group, as the run was planned with it."""
        names = group.declared()
        return group(*(self.setting(group.__name__.lower(), n)[0] for n in names))


class TweezerMap(EnvExperiment):
    """Tweezer map."""

    def build(self):
        """Declare arguments and devices."""
        sites = Sites(count=16, width=1.2)
        drawings = {"drawing": ExplicitScan([*range(6)])}
        pumped = PUMPED.replace(pump_over_threshold=3.0)
        self.chosen = {
            "sites": arguments(self, Sites, "Sites", None, drawings, default=sites),
            "sequence": arguments(self, Sequence, "Sequence", default=pumped),
        }
        given = self, MapRecord, HolographicShot(self), analysis.open
        self.shots = Shots(*given, calibrates="tweezer_map")

    def prepare(self):
        """Plan the whole run."""
        self.shots.plan(plan_sites, PlacesReader.of_plan, **self.chosen)

    def run(self):
        """Take the shots; every ending leaves the apparatus safe."""
        self.shots.run()

    def analyze(self):
        """Sum up the shots."""
        self.shots.summarise()
