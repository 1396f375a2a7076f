"""A file alone tells the commanded timeline of each of its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import analysis
from ccqed_ctrl.belief import GROUPS, Apparatus
from ccqed_ctrl.model.placement import commanded
from ccqed_ctrl.model.plan import LoadPlan, MoviePlan, PumpPlan, plan_movie
from ccqed_ctrl.params import Sequence
from ccqed_ctrl.sequences.holographic_shot import HolographicShot
from sim_backend.host import devices, runner

from .conftest import FAST, ROOT, experiment

#: What is scanned, four points each: timing, power, and what is written.
SCANS = [
    ("recall", {"evolution_time": "1ms,2ms", "pump_over_threshold": "1.5,2"}),
    ("recall_vs_corruption", {"corruption": "0,0.3", "hold_time": "100us,300us"}),
    ("pump_threshold", {"pump_over_threshold": "0.8,1.5", "ramp_time": "1ms,2ms"}),
    ("pump_threshold", {"pump_over_threshold": "1.5", "hold_time": "1ms:2ms:4"}),
]


@dataclass
class Rebuilt:
    """A point's plan, and one shot's, from nothing but the file."""

    apparatus: Apparatus
    sequence: Sequence
    pump: PumpPlan
    positions: Any
    movie: MoviePlan
    load: LoadPlan

    @property
    def traps(self):
        return commanded(self.positions, self.apparatus.axis, self.apparatus.traps)

    @property
    def spots(self):
        return self.positions

    @property
    def frames(self):
        return len(self.movie.times) + 1


def rebuilt(run, index):
    point = int(run.point[index])
    settings = run.settings(point)
    volts, step = run.at("plan.ramp_volts", point), run.at("plan.ramp_step", point)
    apparatus = Apparatus(**{n: g(**settings[n]) for n, g in GROUPS.items()})
    sequence = Sequence(**settings["sequence"])
    one = plan_movie(None, sequence, apparatus.imaging, apparatus.timing)
    return Rebuilt(
        apparatus=apparatus,
        sequence=sequence,
        movie=one,
        pump=PumpPlan(volts, step, np.nan, np.nan),
        positions=run.at("plan.positions", point),
        load=LoadPlan(
            run.row("shot.dmd_pattern", index), run.row("shot.dds_amplitude", index),
            np.empty(0), np.nan, np.empty(0, np.int8),
        ),
    )  # fmt: skip


@pytest.mark.parametrize(("name", "scans"), SCANS)
def test_every_rows_timeline_is_in_the_file(tmp_path, name, scans):
    request = runner.Request(
        file=experiment(name),
        arguments=scans | {"shots": 1},
        dataset_db=tmp_path / "datasets.sqlite",
        results=tmp_path / "results",
        history=True,
        seed=2,
        twin=FAST,
    )
    outcome = runner.run(request)
    assert outcome.status == "ok", outcome.error
    commanded = outcome.plant.timeline.events
    manager = devices.DeviceManager(
        devices.DeviceDB(devices.load_device_db(ROOT / "device_db.py"))
    )
    shot = HolographicShot((manager, None, None, {}))
    with analysis.open(outcome.path) as run:
        assert run.shots == 4
        rows = [rebuilt(run, index) for index in range(run.shots)]
        before = [None, None, *run.verdict]
    for row, earlier, last in zip(rows, before, before[1:], strict=False):
        # After a verdict that was not there before, all is set up afresh.
        shot.arrange(row, afresh=last is None or last not in ("ok", earlier))
        shot.take(row, row)
    shot.make_safe()
    again = manager.get("plant").timeline.events
    # Four different shots: rows whose settings were those of another would differ.
    assert again == commanded
    pulses = manager.get("plant").timeline.pulses("ttl4")
    assert len(pulses) == 2 * len(rows)
    assert len({stop - start for start, stop in pulses}) == 1


def test_a_row_told_wrong_is_found_out(tmp_path):
    """The comparison above can fail: one setting of another row changes the events."""
    database = devices.load_device_db(ROOT / "device_db.py")
    found = []
    for power in (1.5, 1.6):
        manager = devices.DeviceManager(devices.DeviceDB(database))
        shot = HolographicShot((manager, None, None, {}))
        volts = power * np.arange(1, 11) / 10
        row = Rebuilt(
            Apparatus(), Sequence(), PumpPlan(volts, 1e-4, np.nan, np.nan),
            np.array([[30e-6, 0.0]]), MoviePlan(np.zeros(1), 0.0, np.zeros(2)),
            LoadPlan(np.ones(1), 0.1, np.empty(0), np.nan, np.empty(0, np.int8)),
        )  # fmt: skip
        shot.arrange(row, afresh=True)
        shot.take(row, row)
        found.append(manager.get("plant").timeline.events)
    assert found[0] != found[1]
