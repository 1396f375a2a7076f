"""Devices by name."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from artiq.master.worker_db import DeviceError as ArtiqDeviceError
from artiq.master.worker_db import DummyDevice

from ccqed_ctrl.errors import DeviceError, ExperimentError
from sim_backend.host import devices


class Driver:
    log: list[str] = []

    def __init__(self, dmgr, name="x", seed=0):
        self.dmgr, self.name, self.seed = dmgr, name, seed

    def close(self):
        Driver.log.append(self.name)
        if self.name == "bad":
            raise OSError("stuck")

    def notify_run_end(self):
        Driver.log.append(f"end {self.name}")


@pytest.fixture(autouse=True)
def driver_module(monkeypatch):
    module = ModuleType("drivers_of_test")
    module.Driver = Driver
    monkeypatch.setitem(sys.modules, "drivers_of_test", module)
    Driver.log = []


def entry(**arguments):
    description = {"type": "local", "module": "drivers_of_test", "class": "Driver"}
    return description | ({"arguments": arguments} if arguments else {})


def manager(overrides=None, **device_db):
    ddb = devices.DeviceDB(device_db)
    made = devices.DeviceManager(ddb, {"scheduler": "virtual"})
    made.devarg_override = overrides or {}
    return made


def test_local_dummy_alias_and_virtual():
    made = manager(a=entry(name="a"), b="c", c="a", d={"type": "dummy"}, scheduler="a")
    assert made.get("a").name == "a"
    assert made.get("b") is made.get("a")
    assert made.get("a").dmgr is made
    assert isinstance(made.get("d"), DummyDevice)
    assert made.get("scheduler") == "virtual"


def test_equal_descriptions_share_a_driver():
    made = manager(a=entry(name="x"), b=entry(name="x"), c=entry(name="y"))
    assert made.get("a") is made.get("b")
    assert made.get("a") is not made.get("c")


def test_overrides_replace_arguments():
    made = manager({"a": {"seed": 7}}, a=entry(name="a", seed=1))
    assert (made.get("a").name, made.get("a").seed) == ("a", 7)


def test_closing_is_in_reverse_and_survives_a_failure():
    made = manager(a=entry(name="a"), b=entry(name="bad"), c=entry(name="c"))
    for name in "abc":
        made.get(name)
    made.notify_run_end()
    made.close_devices()
    assert Driver.log == ["end a", "end bad", "end c", "c", "bad", "a"]
    assert made.active_devices == []


def test_active_looks_without_making():
    made = manager(core=entry(name="core"), alias="core")
    assert made.active("core") is None
    assert made.active("nothing") is None
    core = made.get("alias")
    assert made.active("core") is core


@pytest.mark.parametrize(
    ("device_db", "message"),
    [
        ({}, "no devices"),
        ({"x": "y"}, "x -> y"),
        ({"x": "y", "y": "x"}, "circle"),
        ({"x": entry(colour="red")}, "colour"),
        ({"x": {"type": "local", "module": "no_such", "class": "A"}}, "no_such"),
        ({"x": {"type": "controller", "host": "::1", "port": 1}}, "controller"),
        ({"x": {"type": "magic"}}, "magic"),
        ({"x": {}}, "type"),
    ],
)
def test_failures_name_the_device(device_db, message):
    with pytest.raises(DeviceError, match="'x'|x ->") as raised:
        devices.DeviceManager(devices.DeviceDB(device_db)).get("x")
    assert message in str(raised.value)
    assert isinstance(raised.value, ArtiqDeviceError)


def test_the_nearest_device_db(tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    folder = tmp_path / "lab" / "repository" / "deep"
    for path in (elsewhere, folder):
        path.mkdir(parents=True)
    monkeypatch.chdir(elsewhere)
    experiment = folder / "x.py"
    assert devices.find_device_db(experiment) is None
    (elsewhere / "device_db.py").touch()
    assert devices.find_device_db(experiment) == elsewhere / "device_db.py"
    (tmp_path / "lab" / "device_db.py").touch()
    assert devices.find_device_db(experiment) == tmp_path / "lab" / "device_db.py"


def test_a_device_db_learns_that_it_is_the_twin(tmp_path, monkeypatch):
    monkeypatch.setenv("CCQED_BACKEND", "hardware")
    file = tmp_path / "device_db.py"
    file.write_text(
        "import os\n"
        "device_db = {'backend': {'type': 'dummy', 'is':"
        " os.environ['CCQED_BACKEND']}}"
    )
    assert devices.load_device_db(file)["backend"]["is"] == "simulation"
    assert devices.load_device_db(None) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "device_db"),
        ("device_db = 3", "dictionary"),
        ("1/0", "ZeroDivision"),
        ("device_db = {'plant': {'type': 'dummy'}}", "no twin: .*name 'plant'"),
    ],
)
def test_a_device_db_that_fails(tmp_path, text, message):
    file = tmp_path / "device_db.py"
    file.write_text(text)
    with pytest.raises(ExperimentError, match=message):
        devices.load_device_db(file)
    with pytest.raises(ExperimentError, match="no device database"):
        devices.load_device_db(tmp_path / "missing.py")
