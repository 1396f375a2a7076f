"""The device database: what simulation changes, keeps and refuses."""

from __future__ import annotations

import copy
import importlib
import inspect
import os
import runpy
from pathlib import Path

import pytest

from ccqed_ctrl.errors import DeviceError
from sim_backend.ddb import SIMULATED, simulate

FILE = Path(__file__).parents[1] / "device_db.py"


@pytest.fixture
def real(monkeypatch):
    monkeypatch.delenv("CCQED_BACKEND", raising=False)
    return runpy.run_path(str(FILE))["device_db"]


def test_without_the_setting_the_file_is_the_laboratory(real):
    assert "plant" not in real
    modules = {entry["module"] for entry in real.values() if "module" in entry}
    assert all(module.startswith("artiq.coredevice.") for module in modules)


def test_with_the_setting_it_is_the_twin(monkeypatch, real):
    monkeypatch.setenv("CCQED_BACKEND", "simulation")
    assert runpy.run_path(str(FILE))["device_db"] == simulate(real)
    assert os.environ["CCQED_BACKEND"] == "simulation"


def test_keys_and_arguments_stay(real):
    before = copy.deepcopy(real)
    after = simulate(real)
    assert after is real
    dropped = {"core_log", "core_moninj", "core_analyzer"}
    assert set(after) == set(before) - dropped | {"plant"}
    for key, entry in before.items():
        if isinstance(entry, str):
            assert after[key] == entry
        elif entry["type"] == "local":
            assert after[key].get("arguments") == entry.get("arguments")
            assert after[key]["class"] == entry["class"]
            assert after[key]["module"].startswith("sim_backend.coredevice.")


def test_a_second_call_changes_nothing(real):
    once = copy.deepcopy(simulate(real))
    assert simulate(real) == once


def test_controllers_become_stand_ins(real):
    after = simulate(real)
    assert after["camera"]["type"] == "local"
    assert after["camera"]["class"] == "SimulatedCamera"
    assert after["dmd"]["module"] == "sim_backend.controllers.dmd"
    assert after["tweezers"]["arguments"] == {}


def test_the_wiring_follows_aliases(real):
    wiring = simulate(real)["plant"]["arguments"]["wiring"]
    assert wiring == {
        "ttl_camera": "ttl4",
        "ttl_prepare": "ttl5",
        "noise_gate": "ttl6",
        "pump_plus": "urukul0_ch0",
        "pump_minus": "urukul0_ch1",
        "longitudinal": "urukul0_ch2",
        "local_oscillator": "urukul0_ch3",
        "pump_plus_switch": "ttl_urukul0_sw0",
        "pump_minus_switch": "ttl_urukul0_sw1",
        "longitudinal_switch": "ttl_urukul0_sw2",
        "local_oscillator_switch": "ttl_urukul0_sw3",
        "pump_servo": "zotino0",
        "photodiodes": "sampler0",
    }


def test_lab_names_of_the_switches_are_those_of_their_dds(real):
    for tone in ("pump_plus", "pump_minus", "longitudinal", "local_oscillator"):
        switch = real[real[tone]]["arguments"]["sw_device"]
        assert real[f"{tone}_switch"] == switch


@pytest.mark.parametrize("role", ["noise_gate", "pump_plus", "photodiodes"])
def test_a_missing_role_is_named_and_nothing_is_changed(real, role):
    del real[role]
    before = copy.deepcopy(real)
    with pytest.raises(DeviceError, match=f"role '{role}' is missing"):
        simulate(real)
    assert real == before


def test_a_dds_without_switch_is_refused(real):
    del real["urukul0_ch0"]["arguments"]["sw_device"]
    with pytest.raises(DeviceError, match="'pump_plus_switch' is missing"):
        simulate(real)


def test_an_alias_in_a_circle_is_refused(real):
    real["noise_gate"], real["other"] = "other", "noise_gate"
    with pytest.raises(DeviceError, match="circle"):
        simulate(real)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {"type": "local", "module": "artiq.coredevice.phaser", "class": "Phaser"},
            "'new' is a artiq.coredevice.phaser.Phaser, which is not simulated",
        ),
        (
            {"type": "local", "module": "lab.drivers", "class": "TTLOut"},
            "lab.drivers.TTLOut",
        ),
        ({"type": "controller", "host": "::1", "port": 3290}, "controller 'new' has"),
        ({"type": "dummy"}, "of type 'dummy'"),
    ],
)
def test_the_unknown_is_refused_by_name(real, entry, message):
    real["new"] = entry
    with pytest.raises(DeviceError, match=message):
        simulate(real)


def test_every_simulated_class_exists():
    for module, names in SIMULATED.items():
        loaded = importlib.import_module(f"sim_backend.coredevice.{module}")
        for name in names:
            assert inspect.isclass(getattr(loaded, name))


def test_rtio_channels_are_used_once(real):
    channels = [
        entry["arguments"]["channel"]
        for entry in real.values()
        if isinstance(entry, dict) and "channel" in entry.get("arguments", {})
    ]
    assert len(channels) == len(set(channels))
