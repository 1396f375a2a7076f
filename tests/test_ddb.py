"""The device database: what simulation changes, keeps and refuses."""

from __future__ import annotations

import copy
import importlib
import inspect
import os
import runpy
from pathlib import Path

import pytest

from ccqed_ctrl.errors import DeviceError, ParameterError
from sim_backend.crate.catalogue import SIMULATED
from sim_backend.ddb import simulate
from sim_backend.host import devices

FILE = Path(__file__).parents[1] / "device_db.py"
LABORATORY = "sim_backend.laboratory"


def ttl(name, **arguments):
    module = "artiq.coredevice.ttl"
    return {"type": "local", "module": module, "class": name, "arguments": arguments}


@pytest.fixture
def real(monkeypatch):
    monkeypatch.delenv("CCQED_BACKEND", raising=False)
    return runpy.run_path(str(FILE))["device_db"]


def test_without_the_setting_the_file_is_the_laboratory(real):
    assert "plant" not in real
    modules = {entry["module"] for entry in real.values() if "module" in entry}
    own = {m for m in modules if not m.startswith("artiq.coredevice.")}
    assert own == {"ccqed_ctrl.belief"}


def test_with_the_setting_it_is_the_twin(monkeypatch, real):
    monkeypatch.setenv("CCQED_BACKEND", "simulation")
    twin = runpy.run_path(str(FILE))["device_db"]
    assert twin == simulate(real, LABORATORY)
    assert os.environ["CCQED_BACKEND"] == "simulation"


def test_keys_and_arguments_stay(real):
    before = copy.deepcopy(real)
    after = simulate(real, LABORATORY)
    assert after is real
    dropped = {"core_log", "core_moninj", "core_analyzer"}
    assert set(after) == set(before) - dropped | {"plant"}
    for key, entry in before.items():
        if isinstance(entry, str):
            assert after[key] == entry
        elif entry["type"] == "local":
            assert after[key].get("arguments") == entry.get("arguments")
            assert after[key]["class"] == entry["class"]
            if key == "laboratory":  # what is believed is so in the twin, too
                assert after[key] == entry
                continue
            assert after[key]["module"].startswith("sim_backend.crate.drivers.")


def test_a_second_call_changes_nothing(real):
    once = copy.deepcopy(simulate(real, LABORATORY))
    assert simulate(real) == once


def test_controllers_become_stand_ins(real):
    after = simulate(real, LABORATORY)
    assert after["camera"]["type"] == "local"
    assert after["camera"]["class"] == "SimulatedCamera"
    assert after["dmd"]["module"] == "sim_backend.laboratory.controllers.dmd"
    assert after["tweezers"]["arguments"] == {}


def test_the_wiring_follows_aliases(real):
    wiring = simulate(real, LABORATORY)["plant"]["arguments"]["wiring"]
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
        "probe": "urukul1_ch0",
        "probe_switch": "ttl_urukul1_sw0",
        "transmission": "ttl1_counter",
    }


def test_a_laboratory_may_do_without_the_probe(real):
    del real["probe"], real["transmission"]
    wiring = simulate(real, LABORATORY)["plant"]["arguments"]["wiring"]
    assert not {"probe", "probe_switch", "transmission"} & set(wiring)


def test_lab_names_of_the_switches_are_those_of_their_dds(real):
    for tone in ("pump_plus", "pump_minus", "longitudinal", "local_oscillator"):
        switch = real[real[tone]]["arguments"]["sw_device"]
        assert real[f"{tone}_switch"] == switch


@pytest.mark.parametrize("role", ["noise_gate", "pump_plus", "photodiodes"])
def test_a_missing_role_is_named_and_nothing_is_changed(real, role):
    del real[role]
    before = copy.deepcopy(real)
    with pytest.raises(DeviceError, match=f"role '{role}' is missing"):
        simulate(real, LABORATORY)
    assert real == before


def test_a_dds_without_switch_is_refused(real):
    del real["urukul0_ch0"]["arguments"]["sw_device"]
    with pytest.raises(DeviceError, match="'pump_plus_switch' is missing"):
        simulate(real, LABORATORY)


@pytest.mark.parametrize("shared", ["alias", "channel"])
def test_two_roles_on_one_line_are_refused_by_both_names(real, shared):
    if shared == "alias":
        real["ttl_prepare"] = "ttl4"
    else:
        real["ttl5"] = copy.deepcopy(real["ttl4"])
    with pytest.raises(DeviceError, match="'ttl_camera' .ttl4. and 'ttl_prepare'"):
        simulate(real, LABORATORY)


def test_an_alias_in_a_circle_is_refused(real):
    real["noise_gate"], real["other"] = "other", "noise_gate"
    with pytest.raises(DeviceError, match="circle"):
        simulate(real, LABORATORY)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {"type": "local", "module": "artiq.coredevice.phaser", "class": "Phaser"},
            "'new' is a artiq.coredevice.phaser.Phaser, which .*TTLOut",
        ),
        (
            {"type": "controller", "host": "::1", "port": 3290},
            "controller 'new' has no .* there are none",
        ),
        (
            ttl("TTLOut", channel=3),
            "RTIO channel 0x3 of ttl3 is already new",
        ),
        (ttl("TTLOut", canal=3), "'new' of the device_db is not a ttl.TTLOut"),
    ],
)
def test_what_has_no_twin_is_refused_when_it_is_asked_for(real, entry, message):
    manager = devices.DeviceManager(devices.DeviceDB(simulate(real | {"new": entry})))
    assert manager.get("ttl5").channel == 5
    refused = "ttl3" if "already new" in message else "new"
    with pytest.raises(DeviceError, match=message):
        manager.get(refused)


@pytest.mark.parametrize(
    ("entry", "channel", "holder"),
    [
        (ttl("TTLOut", channel=3), "0x3", "new"),  # before ttl3 in the alphabet
        (ttl("TTLInOut", channel=0x12), "0x12", "(new|ttl_urukul0_sw.)"),
    ],
)
def test_two_cards_on_one_channel_are_refused_where_a_plant_acts(
    real, entry, channel, holder
):
    with_two = real | {"new": entry}
    before = copy.deepcopy(with_two)
    told = f"RTIO channel {channel} of .* is already {holder}; correct the device_db"
    with pytest.raises(DeviceError, match=told):
        simulate(with_two, LABORATORY)
    assert with_two == before
    assert "plant" in simulate(with_two)  # one that only remembers does without


def test_two_names_of_one_card_are_no_clash(real):
    assert "again" in simulate(
        real | {"again": copy.deepcopy(real["ttl0"])}, LABORATORY
    )


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "local", "module": "lab.drivers", "class": "TTLOut"},
        {"type": "dummy"},
    ],
)
def test_what_is_not_artiqs_stays(real, entry):
    assert simulate(real | {"new": entry})["new"] == entry


def test_the_name_of_the_twin_can_be_taken(real):
    before = real | {"plant": {"type": "dummy"}}
    with pytest.raises(DeviceError, match="needs the name 'plant'"):
        simulate(dict(before))


@pytest.mark.parametrize("plant", ["no.such.module", "sim_backend.ddb", "math"])
def test_a_plant_that_is_no_laboratory_is_refused(real, plant):
    before = dict(real)
    with pytest.raises(
        DeviceError, match=f"plant '{plant}' of the device_db is no lab"
    ):
        simulate(real, plant)
    assert real == before


def test_without_a_plant_the_devices_bear_their_own_names():
    core = {
        "type": "local",
        "module": "artiq.coredevice.core",
        "class": "Core",
        "arguments": {"host": "::1", "ref_period": 1e-9},
    }
    twin = simulate({"core": core, "led": ttl("TTLOut", channel=0), "lamp": "led"})
    assert twin["plant"]["arguments"]["wiring"] == {
        "lamp": "led",
        "core": "core",
        "led": "led",
    }
    assert devices.DeviceManager(devices.DeviceDB(twin)).get("lamp").channel == 0


def test_wires_and_scripts_belong_to_the_plant_that_remembers(real):
    with pytest.raises(DeviceError, match="drives its own inputs"):
        simulate(real, LABORATORY, wires={"ttl4": "ttl0"})


def test_wires_and_scripts_name_devices(real):
    alias = {"shutter": "ttl4"}
    made = simulate(
        dict(real) | alias, wires={"shutter": "ttl0"}, inputs={"ttl1": [(0, 1)]}
    )
    truth = made["plant"]["arguments"]["truth"]
    assert truth == {"wires": {"ttl4": ["ttl0"]}, "inputs": {"ttl1": [(0, 1)]}}
    for wrong in (
        {"wires": {"ttl44": "ttl0"}},
        {"wires": {"ttl4": ("ttl0", "ttl44")}},
        {"inputs": {"ttl44.level": []}},
    ):
        with pytest.raises(DeviceError, match="'ttl44', which is no device"):
            simulate(dict(real), **wrong)


def test_every_simulated_class_exists():
    for module, names in SIMULATED.items():
        loaded = importlib.import_module(f"sim_backend.crate.drivers.{module}")
        for name in names:
            assert inspect.isclass(getattr(loaded, name))


def test_rtio_channels_are_used_once(real):
    channels = [
        entry["arguments"]["channel"]
        for entry in real.values()
        if isinstance(entry, dict) and "channel" in entry.get("arguments", {})
    ]
    assert len(channels) == len(set(channels))


def test_a_twin_of_its_own_process_has_plant_and_controllers(monkeypatch, real):
    here = simulate(copy.deepcopy(real), LABORATORY)
    monkeypatch.setenv("CCQED_TWIN", "[::1]:4711")
    there = simulate(copy.deepcopy(real), LABORATORY)
    assert there["plant"]["arguments"] == here["plant"]["arguments"] | {
        "twin": "[::1]:4711"
    }
    assert there["camera"] == {
        "type": "controller", "host": "::1", "port": 4711, "target_name": "camera",
        "stands_for": real["camera"],
    }  # fmt: skip
    changed = {name for name in here if here[name] != there[name]}
    assert changed == {"plant", "camera", "dmd", "tweezers", "lock"}
    monkeypatch.setenv("CCQED_TWIN", "4711")
    with pytest.raises(ParameterError, match="HOST:PORT; got '4711'"):
        simulate(real, LABORATORY)


def test_only_a_twins_controllers_are_reached_from_the_embedded_host():
    description = {"type": "controller", "host": "::1", "port": 1, "target_name": "a"}
    manager = devices.DeviceManager(devices.DeviceDB({"camera": description}))
    with pytest.raises(DeviceError, match="has no simulated counterpart"):
        manager.get("camera")


def test_a_twin_outside_the_embedded_host_forgets_what_is_past(real):
    simulated = devices.DeviceDB(simulate(real, LABORATORY))
    link = devices.DeviceManager(simulated).get("plant")
    for time_mu in (5, 20):
        link.output(time_mu, "ttl4", "level", 1.0)
    link.sync(10)
    assert [event.time_mu for event in link.timeline.events] == [20]
    link.sync(30)
    assert link.timeline.events == []
    assert link.timeline.signals() == []
