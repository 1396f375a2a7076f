"""Controls: from the last event of every wire to what acts on the atoms."""

from __future__ import annotations

import pytest

from ccqed_ctrl.params import PumpCalibration
from sim_backend.crate.events import Event
from sim_backend.laboratory.controls import Controls
from sim_backend.laboratory.wiring import TONES
from tests.laboratory.bench import ROLES

CALIBRATION = PumpCalibration(rabi_frequency_1v=1e9)
#: Devices have other names than the roles they play.
WIRING = {role: f"device_{role}" for role in ROLES}


@pytest.fixture
def controls():
    return Controls(WIRING, CALIBRATION)


def turn(controls, **signals):
    """Apply `role__signal=value`."""
    events = []
    for name, value in signals.items():
        role, signal = name.split("__")
        events.append(Event(0, WIRING[role], signal, float(value)))
    controls.apply(events)


def pump(controls, volts=1.0):
    for tone in ("pump_plus", "pump_minus"):
        turn(controls, **{f"{tone}__amplitude": 1, f"{tone}_switch__level": 1})
    turn(controls, pump_servo__dac0=volts)


def test_at_first_everything_is_off(controls):
    setting = controls.setting()
    assert (setting.rabi_frequency, setting.longitudinal, setting.reference) == (
        0,
        0,
        0,
    )
    assert not setting.noise
    assert not setting.locked
    assert controls.unsafe() == []


def test_the_pump_follows_its_servo(controls):
    for volts, expected in ((1.0, 1e9), (4.0, 2e9), (0.0, 0.0), (-0.3, 0.0)):
        pump(controls, volts)
        assert controls.setting().rabi_frequency == pytest.approx(expected)


@pytest.mark.parametrize(
    "missing",
    ["pump_plus__amplitude", "pump_minus__amplitude", "pump_plus_switch__level",
     "pump_minus_switch__level", "pump_servo__dac0"],
)  # fmt: skip
def test_the_pump_needs_both_tones_switches_and_power(controls, missing):
    pump(controls)
    turn(controls, **{missing: 0})
    assert controls.setting().rabi_frequency == 0


@pytest.mark.parametrize(
    ("tone", "shown"),
    [("longitudinal", "longitudinal"), ("local_oscillator", "reference")],
)
def test_a_tone_needs_amplitude_and_switch(controls, tone, shown):
    turn(controls, **{f"{tone}__amplitude": 0.4})
    assert getattr(controls.setting(), shown) == 0
    turn(controls, **{f"{tone}_switch__level": 1})
    assert getattr(controls.setting(), shown) == 0.4
    turn(controls, **{f"{tone}_switch__level": 0})
    assert getattr(controls.setting(), shown) == 0


def test_the_pump_phase_is_the_mean_of_both(controls):
    turn(
        controls, pump_plus__phase=0.5, pump_minus__phase=0.1,
        longitudinal__phase=0.25, local_oscillator__phase=0.7,
    )  # fmt: skip
    setting = controls.setting()
    assert setting.pump_phase == pytest.approx(0.3)
    assert (setting.longitudinal_phase, setting.reference_phase) == (0.25, 0.7)


@pytest.mark.parametrize("wild", TONES)
def test_one_tone_in_continuous_mode_unlocks_all(controls, wild):
    turn(controls, **{f"{tone}__coherent": 1 for tone in TONES})
    assert controls.setting().locked
    turn(controls, **{f"{wild}__coherent": 0})
    assert not controls.setting().locked


def test_the_last_event_counts_and_other_devices_do_not(controls):
    controls.apply([
        Event(1, WIRING["noise_gate"], "level", 1.0),
        Event(2, "some_other_ttl", "level", 0.0),
        Event(2, WIRING["noise_gate"], "phase", 0.0),
    ])  # fmt: skip
    assert controls.setting().noise
    controls.apply([Event(3, WIRING["noise_gate"], "level", 0.0)])
    assert not controls.setting().noise


@pytest.mark.parametrize(
    "role",
    [*(f"{tone}_switch" for tone in TONES), "noise_gate", "ttl_prepare", "ttl_camera"],
)
def test_each_line_left_on_is_named(controls, role):
    turn(controls, **{f"{role}__level": 1})
    assert controls.unsafe() == [role]


def test_a_set_point_left_up_is_named(controls):
    turn(controls, pump_servo__dac0=0.0005)
    assert controls.unsafe() == []
    turn(controls, pump_servo__dac0=0.5)
    assert controls.unsafe() == ["pump_servo"]
