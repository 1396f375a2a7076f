"""The Basler driver, on the vendor's own emulated cameras: format, region, buffers.

What every camera promises is in tests/contracts/test_cameras.py.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from sipyco.pc_rpc import Client

from ccqed_ctrl.controllers import frames
from ccqed_ctrl.errors import DeviceError, DeviceTimeoutError, ParameterError
from tests.controllers.emulated import IMAGES, PROGRAM, features, save_images, words
from tests.sockets import free_port, serving

pylon = pytest.importorskip("pypylon.pylon")
basler = pytest.importorskip("ccqed_ctrl.controllers.basler")


@pytest.fixture(autouse=True)
def emulation(monkeypatch):
    monkeypatch.setenv("PYLON_CAMEMU", "2")


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return save_images(tmp_path_factory.mktemp("images"))


@pytest.fixture
def opened(images):
    """Return a function that opens a camera of some more features."""
    made = []

    def camera(**more):
        made.append(basler.Basler(FIRST, **features(images) | more))
        return made[-1]

    yield camera
    for one in made:
        one.close()


FIRST, SECOND = "0815-0000", "0815-0001"


def taken(camera, frames=1):
    return camera.fetch(camera.arm(frames, 1e-3), 5.0)


def test_frames_are_the_images_to_the_bit(opened):
    found = taken(opened(), 4)
    np.testing.assert_array_equal(found["frames"], IMAGES[:4])
    np.testing.assert_array_equal(found["saturated"], np.ones(4))


def test_a_region_is_cut_out(opened):
    found = taken(opened(Width=8, Height=4, OffsetX=4, OffsetY=2))
    np.testing.assert_array_equal(found["frames"], IMAGES[:1, 2:6, 4:12])


def test_an_arming_cuts_the_sensor_itself(opened):
    camera = opened()
    camera.arm(1, 1e-3, [24, 20, 8, 12])
    # Larger, and elsewhere: no order of the features is always possible.
    for left, top, columns, rows in ((4, 2, 8, 4), (0, 1, 32, 31)):
        arm_id = camera.arm(1, 1e-3, [left, top, columns, rows])
        found = camera.fetch(arm_id, 5.0)["frames"][0]
        there = IMAGES[:, top : top + rows, left : left + columns]
        assert any(np.array_equal(found, one) for one in there)
    assert taken(camera)["frames"].shape == (1, 32, 32)


@pytest.mark.parametrize(("bits", "full"), [(10, 1023), (12, 4095)])
def test_full_scale_is_that_of_the_format(opened, bits, full):
    found = taken(opened(PixelFormat=f"Mono{bits}"))
    np.testing.assert_array_equal(found["frames"], IMAGES[:1] >> (16 - bits))
    np.testing.assert_array_equal(found["saturated"], [1])


def test_a_buffer_that_failed_is_missing_and_keeps_its_number(opened):
    camera = opened(ForceFailedBufferCount=1)
    arm_id = camera.arm(4, 1e-3)
    camera._camera.NodeMap.GetNode("ForceFailedBuffer").Execute()
    found = camera.fetch(arm_id, 5.0)
    assert (found["recorded"], found["missing"]) == (3, 1)
    np.testing.assert_array_equal(found["sequence"], [1, 2, 3])
    np.testing.assert_array_equal(found["frames"], IMAGES[1:4])
    assert camera.status()["failed"] == 1
    # And the next arming is as if nothing had been.
    assert taken(camera, 2)["missing"] == camera.status()["failed"] == 0


def test_only_failed_buffers_are_a_timeout_that_says_so(opened):
    camera = opened(ForceFailedBufferCount=2)
    arm_id = camera.arm(2, 1e-3)
    camera._camera.NodeMap.GetNode("ForceFailedBuffer").Execute()
    with pytest.raises(DeviceTimeoutError, match="no frame within 5 s.*; 2 came incom"):
        camera.fetch(arm_id, 5.0)


def test_an_armed_camera_waits_for_its_wire(opened):
    camera = opened(TriggerSource="Line1")
    arm_id = camera.arm(1, 1e-3)
    assert camera.status()["armed"] is True
    began = time.monotonic()
    with pytest.raises(DeviceTimeoutError, match=r"no frame within 0\.2 s"):
        camera.fetch(arm_id, 0.2)
    assert 0.19 < time.monotonic() - began < 2
    # It goes on waiting: a frame may still come.
    assert camera.status()["armed"] is True


def test_frames_that_wait_are_kept_however_many(opened):
    # Many more than pylon's own ten buffers.
    camera = opened()
    arm_id = camera.arm(60, 1e-6)
    for _ in range(60):
        camera._camera.WaitForFrameTriggerReady(1000)
        camera._camera.ExecuteSoftwareTrigger()
    found = camera.fetch(arm_id, 5.0)
    assert (found["recorded"], found["missing"]) == (60, 0)
    np.testing.assert_array_equal(found["sequence"], np.arange(60))
    np.testing.assert_array_equal(found["frames"], IMAGES[np.arange(60) % 6])


def test_the_exposure_is_the_one_used(opened):
    camera = opened()
    # This camera does whole microseconds.
    found = camera.fetch(camera.arm(1, 12.4e-6), 5.0)
    assert found["exposure"] == pytest.approx(12e-6)
    with pytest.raises(ParameterError, match=r"exposure must .* in \[1e-06, 10\] s"):
        camera.arm(1, 0.9e-6)


def test_a_camera_begins_with_its_default_set(opened):
    opened(Gain=3.0, OffsetX=40).close()
    camera = opened()
    assert camera._camera.NodeMap.GetNode("Gain").GetValue() == 0
    assert camera._camera.NodeMap.GetNode("OffsetX").GetValue() == 0


def test_which_camera(opened, images):
    assert opened().status()["serial"] == FIRST
    other = basler.Basler(SECOND, **features(images))
    assert other.status()["serial"] == SECOND
    other.close()
    with pytest.raises(DeviceError, match=f"wanted one Basler, .* {FIRST}, {SECOND};"):
        basler.Basler()
    with pytest.raises(DeviceError, match="wanted a Basler of serial number 42, there"):
        basler.Basler(42)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"Wdth": 3}, "Emulation has no feature 'Wdth' that can be set"),
        ({"PixelSize": "Bpp8"}, "no feature 'PixelSize' that can be set"),
        ({"Width": 1.5}, r"camera Width: 1\.5: Wrong number or type"),
        ({"Width": 10**7}, "camera Width: 10000000: .* equal or smaller than Max"),
        ({"PixelFormat": "Mono8"}, "PixelFormat must be one of Mono10, Mono12, Mono16"),
        ({"PixelFormat": "x"}, "camera PixelFormat: 'x': .*cannot convert value 'x'"),
    ],
)
def test_bad_features_are_refused_by_name(opened, setting, message):
    with pytest.raises(ParameterError, match=message):
        opened(**setting)
    assert taken(opened())["recorded"] == 1


def test_no_camera_is_said_in_a_sentence(monkeypatch):
    monkeypatch.setenv("PYLON_CAMEMU", "0")
    done = subprocess.run(
        [sys.executable, *PROGRAM], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "aqctl_ccqed_camera: camera: wanted one Basler, there are: none; is it conn"
    )


def test_a_served_camera_is_let_go_at_a_signal(images):
    port = free_port()
    command = (*PROGRAM, "-p", str(port), f"serial={FIRST}", *words(features(images)))
    with serving(*command, port=port) as process:
        client = Client("::1", port, "camera")
        assert client.get_rpc_id() == (["camera"], "Basler Emulation")
        found = frames.fetch(client, client.arm(3, 1e-3), 5.0)
        np.testing.assert_array_equal(found["frames"], IMAGES[:3])
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        assert "Traceback" not in process.stderr.read()
        client.close_rpc()
