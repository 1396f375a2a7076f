"""Andor and Hamamatsu cameras over a fake of pylablib: what is asked of them, and how.

What every camera promises is in tests/contracts/test_cameras.py.
"""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from ccqed_ctrl.errors import DeviceError, ParameterError
from tests.controllers import fake_pylablib
from tests.controllers.faked import differences


@pytest.fixture
def drivers():
    with fake_pylablib.drivers() as module:
        yield module


FAKES = {
    "Andor": fake_pylablib.AndorSDK2Camera,
    "Hamamatsu": fake_pylablib.DCAMCamera,
}
both = pytest.mark.parametrize("name", FAKES)


@pytest.mark.parametrize(
    ("place", "fake"), [("Andor", FAKES["Andor"]), ("DCAM", FAKES["Hamamatsu"])]
)
def test_the_fake_has_no_methods_of_its_own(place, fake):
    pytest.importorskip("pylablib", reason="pip install 'ccqed-ctrl[pylablib]'")
    real = importlib.import_module(f"pylablib.devices.{place}")
    assert differences(fake, getattr(real, fake.__name__)) == []


def test_an_andor_is_set_up_to_be_triggered_and_read_from_the_top(drivers):
    words = {"gain": 200, "amplifier": [0, 0, 2, 1], "region": [4, 36, 2, 34]}
    camera = drivers.Andor(temperature=-60, **words)
    fake = FAKES["Andor"].last
    assert (fake._trigger, fake._shutter, fake._gain) == ("ext", "open", 200)
    assert (fake._amplifier, fake._temperature) == ((0, 0, 2, 1), -60)
    status = camera.status()
    assert (status["model"], status["serial"]) == ("Andor DU897", "4711")
    assert (status["temperature"], status["cooling"]) == (-60.5, "stabilized")
    arm_id = camera.arm(1, 1e-3)
    assert camera.status()["armed"] is True
    fake.edge(0)
    taken = camera.fetch(arm_id, 1.0)
    assert taken["frames"][0, 0, 0] == 2 * 64 + 4  # row 2, column 4 of the sensor
    assert taken["saturated"] == 1  # of 14 bits


@pytest.mark.parametrize("name", FAKES)
def test_an_arming_cuts_the_sensor_itself(drivers, name):
    camera, fake = getattr(drivers, name)(region=[4, 36, 2, 34]), FAKES[name]
    arm_id = camera.arm(1, 1e-3, [10, 20, 8, 6])
    fake.last.edge(0)
    frames = camera.fetch(arm_id, 1.0)["frames"]
    assert frames.shape == (1, 6, 8)
    assert frames[0, 0, 0] == 20 * 64 + 10
    # What the camera would round is refused.
    with pytest.raises(ParameterError, match=r"region: \[11, 19, .* \[10, 18, 20, 26"):
        camera.arm(1, 1e-3, [11, 20, 8, 6])
    camera.arm(1, 1e-3)
    assert fake.last.get_roi()[:4] == (4, 36, 2, 34)


def test_a_hamamatsu_takes_attributes_by_name(drivers):
    camera = drivers.Hamamatsu(readout_speed=1)
    assert FAKES["Hamamatsu"].last._attributes["readout_speed"] == 1
    assert FAKES["Hamamatsu"].last._trigger == "ext"
    assert camera.status()["model"] == "Hamamatsu C15550-20UP"


@pytest.mark.parametrize(
    ("name", "setting", "message"),
    [
        ("Andor", {"gain": 1000}, "SetEMCCDGain"),
        ("Andor", {"amplifier": [0, 0, 7, 0]}, r"\[0, 0, 7, 0\] is .* \[0, 0, 3"),
        ("Andor", {"region": [0, 99, 0, 8]}, r"region: .* nearest is \[0, 64, 0, 8\]"),
        ("Andor", {"region": [1, 2]}, "camera settings: "),
        ("Hamamatsu", {"region": [0, 9, 0, 48]}, r"nearest is \[0, 8, 0, 48\]"),
        ("Hamamatsu", {"speed": 3}, "attribute speed is missing"),
    ],
)  # fmt: skip
def test_settings_that_it_does_not_have_are_refused_and_it_is_let_go(
    drivers, name, setting, message
):
    with pytest.raises(ParameterError, match=message):
        getattr(drivers, name)(**setting)
    assert not FAKES[name].last.is_opened()


@both
def test_no_camera_is_said_in_a_sentence(drivers, name):
    with pytest.raises(DeviceError, match=r"cannot be opened: camera index 1 .*is its"):
        getattr(drivers, name)(index=1)


@both
def test_frames_that_its_buffer_cannot_hold_are_refused(drivers, monkeypatch, name):
    monkeypatch.setattr(FAKES[name], "room", 5)
    camera = getattr(drivers, name)()
    with pytest.raises(DeviceError, match="buffer holds 5 frames of this size, not 6"):
        camera.arm(6, 1e-3)
    assert camera.status()["armed"] is False
    camera.arm(5, 1e-3)


@both
def test_what_came_is_taken_and_ends_the_arming(drivers, name):
    camera, fake = getattr(drivers, name)(), FAKES[name].last
    arm_id = camera.arm(3, 1e-3)
    fake.edge(0)
    taken = camera.fetch(arm_id, 0.0)
    assert (taken["recorded"], taken["missing"]) == (1, 2)
    fake.edge(100)
    assert camera.fetch(arm_id, 0.0)["recorded"] == 1
    # Ours: what the vendor's buffer is then used for does not show.
    fake._frames[0][:] = 0
    np.testing.assert_array_equal(camera.fetch(arm_id, 0.0)["frames"], taken["frames"])


@both
def test_an_exposure_that_it_cannot_do_is_refused(drivers, name):
    camera = getattr(drivers, name)()
    with pytest.raises(ParameterError, match="2e-07 s is not possible; nearest is 1e-"):
        camera.arm(1, 2e-7)


@both
def test_a_camera_that_is_gone_is_an_error_of_ours(drivers, name):
    camera = getattr(drivers, name)()
    FAKES[name].last._open = False
    assert camera.ping() is False
    for call in (camera.abort, camera.status, lambda: camera.arm(1, 1e-3)):
        with pytest.raises(DeviceError, match="camera: camera is not opened"):
            call()
