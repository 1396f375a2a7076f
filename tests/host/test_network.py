"""Drivers in process behave as over the network."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from ccqed_ctrl.errors import DeviceError
from sim_backend.host.network import Client


class Driver:
    """Hands out what it holds."""

    gain = 2

    def __init__(self):
        self.array = np.zeros(2)
        self.closed = False

    def store(self, array, scale=1):
        self.array = array
        return scale

    def fetch(self):
        return {"array": self.array, "pair": (1, 2)}

    def thing(self):
        return object()

    def _private(self):
        return 1

    def close(self):
        self.closed = True


def test_everything_is_a_copy():
    driver = Driver()
    client = Client("camera", driver)
    mine = np.ones(2)
    assert client.store(mine, scale=3) == 3
    mine[0] = 7
    np.testing.assert_array_equal(driver.array, [1, 1])
    got = client.fetch()
    got["array"][0] = 7
    np.testing.assert_array_equal(driver.array, [1, 1])
    assert got["pair"] == (1, 2)


@pytest.mark.parametrize("name", ["gain", "array", "_private", "missing"])
def test_methods_only(name):
    with pytest.raises(AttributeError, match="camera"):
        getattr(Client("camera", Driver()), name)


def test_what_cannot_be_sent():
    client = Client("camera", Driver())
    with pytest.raises(DeviceError, match="'camera': arguments of store"):
        client.store(object())
    with pytest.raises(DeviceError, match="'camera': result of thing"):
        client.thing()


def test_closing_ends_the_driver():
    driver = Driver()
    Client("camera", driver).close_rpc()
    assert driver.closed


METER = """
from sim_backend.crate.plant import Laboratory


class Meter:
    unit = "nm"

    def __init__(self, dmgr):
        self.history = []

    def measure(self, offsets):
        self.history.append(offsets)
        return self.history


LABORATORY = Laboratory(
    plant="sim_backend.crate.recording:record", controllers={"meter": "optics:Meter"}
)
"""
METER_DB = """
from sim_backend.ddb import simulate

device_db = simulate(
    {"meter": {"type": "controller", "host": "::1", "port": 3290}}, plant="optics"
)
"""


def test_the_stand_in_of_any_laboratory_has_the_manners_of_the_network(
    workspace, monkeypatch
):
    workspace.write(METER, "optics.py")
    workspace.write(METER_DB, "device_db.py")
    monkeypatch.syspath_prepend(workspace.root)
    outcome = workspace.run(
        """
        def build(self):
            self.setattr_device("meter")

        def run(self):
            mine = [1, 2]
            theirs = self.meter.measure(mine)
            mine.append(3)
            theirs.clear()
            self.set_dataset("kept", self.meter.measure([4])[0])
            self.meter.unit
        """
    )
    monkeypatch.delitem(sys.modules, "optics")
    assert outcome.datasets.get("kept") == [1, 2]
    assert "controller 'meter' has no method 'unit'" in str(outcome.error)
