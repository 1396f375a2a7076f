"""Two runs that take turns on one laboratory: each finds its own layout again."""

from __future__ import annotations

import numpy as np
import pytest

from sim_backend.host import devices, discovery
from sim_backend.host.arguments import ArgumentManager
from sim_backend.host.dataset_db import DatasetDB
from sim_backend.host.datasets import DatasetManager
from sim_backend.host.scheduler import CCB

from .conftest import RECALL, ROOT


class Turns:
    """A scheduler that once lets another run go first, before the second shot."""

    rid, expid = 0, {}

    def __init__(self, other=None):
        self.other = other
        self.asked = 0

    def check_pause(self, rid=None):
        self.asked += 1
        return self.other is not None and self.asked == 2

    def pause(self):
        self.other()


@pytest.fixture
def laboratory(tmp_path, monkeypatch):
    """One set of devices; `prepared` makes a run of Recall on them."""
    monkeypatch.chdir(tmp_path)  # where their journals are
    shared = devices.DeviceManager(
        devices.DeviceDB(devices.load_device_db(ROOT / "device_db.py"))
    )

    def prepared(scheduler, **arguments):
        mine = devices.DeviceManager(shared.ddb, {"scheduler": scheduler, "ccb": CCB()})
        mine.active_devices = shared.active_devices
        datasets = DatasetManager(DatasetDB(tmp_path / "datasets.sqlite"))
        managers = (mine, datasets, ArgumentManager(arguments), {})
        experiment = discovery.load(RECALL, None)(managers)
        experiment.prepare()
        return experiment, datasets.local

    yield prepared
    shared.close_devices()


def interrupted(laboratory, spoil=False):
    """Take two shots, another run between them; return its datasets and the other's."""
    other, others = laboratory(Turns(), seed=8, shots=1, memory="cup")
    first, data = laboratory(Turns(other.run), seed=3, shots=2, corruption=0.05)
    if spoil:
        first.shots._pause = lambda: first.shots.__class__._pause(first.shots) and False
    first.run()
    return data, others


def test_after_a_pause_a_run_measures_on_its_own_layout(laboratory):
    data, others = interrupted(laboratory)
    assert not np.array_equal(data["plan.positions"], others["plan.positions"])
    assert others["shot.pixels_wrong"] == [0]
    assert data["shot.pixels_wrong"] == [0, 0]
    assert max(data["shot.residual"]) < 0.01


def test_without_arranging_again_it_would_measure_on_the_others(laboratory):
    """What the test above would see if a pause were taken for nothing."""
    data, _ = interrupted(laboratory, spoil=True)
    assert data["shot.residual"][0] < 0.01
    assert data["shot.residual"][1] > 0.1
