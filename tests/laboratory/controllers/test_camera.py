"""The simulated camera: what it refuses, rounds, loses and reports."""

from __future__ import annotations

import numpy as np
import pytest

from ccqed_ctrl.errors import DeviceError, DeviceTimeoutError, ParameterError
from sim_backend.crate.link import Link
from sim_backend.laboratory.controllers.camera import SimulatedCamera
from tests.laboratory.bench import WIRING
from tests.laboratory.controllers.conftest import DeviceManager

MS = 1_000_000


@pytest.fixture
def camera(device_manager):
    return SimulatedCamera(device_manager)


def trigger(link, at_mu):
    link.output(at_mu, "ttl_camera", "level", 1)
    link.output(at_mu + 1000, "ttl_camera", "level", 0)
    link.sync(at_mu + 1000)


def test_it_answers(camera):
    assert camera.ping()
    assert camera.status() == {
        "model": "simulated camera",
        "simulated": True,
        "exposures_open": 0,
    }


def test_frames_of_a_triggered_camera(camera, link):
    arm_id = camera.arm(2, 50e-6)
    trigger(link, 1000)
    assert camera.status()["exposures_open"] == 1
    trigger(link, 40 * MS)
    link.sync(41 * MS)
    recorded = camera.fetch(arm_id, 1.0)
    assert recorded["frames"].shape == (2, 32, 32)
    assert recorded["missing"] == 0
    # Dark: offset and read noise.
    assert recorded["frames"].mean() == pytest.approx(500, abs=1)


def test_without_a_trigger_fetching_times_out(camera, link):
    arm_id = camera.arm(1, 50e-6)
    link.sync(100 * MS)
    with pytest.raises(DeviceTimeoutError, match="no frame within 2.5 s; the trigger"):
        camera.fetch(arm_id, 2.5)


def test_a_missing_frame_is_reported(camera, link):
    arm_id = camera.arm(2, 50e-6)
    trigger(link, 1000)
    link.sync(10 * MS)
    assert camera.fetch(arm_id, 1.0)["missing"] == 1


def test_a_trigger_before_arming_is_lost(camera, link):
    trigger(link, 1000)
    arm_id = camera.arm(1, 50e-6)
    link.sync(10 * MS)
    with pytest.raises(DeviceTimeoutError):
        camera.fetch(arm_id, 1.0)


def test_a_line_that_stays_high_triggers_once(camera, link):
    arm_id = camera.arm(2, 50e-6)
    link.output(1000, "ttl_camera", "level", 1)
    link.output(50 * MS, "ttl_camera", "level", 1)
    link.sync(60 * MS)
    assert camera.fetch(arm_id, 1.0)["missing"] == 1


@pytest.mark.parametrize(
    ("asked", "used"), [(50e-6, 50e-6), (1.4e-6, 1e-6), (2.6e-6, 3e-6), (1.0, 1.0)]
)
def test_exposures_are_rounded_to_the_line_clock(camera, link, asked, used):
    arm_id = camera.arm(1, asked)
    trigger(link, 1000)
    link.sync(2000 * MS)
    assert camera.fetch(arm_id, 1.0)["exposure"] == pytest.approx(used)


def test_only_the_present_arming_can_be_fetched(camera):
    first = camera.arm(1, 1e-5)
    camera.arm(1, 1e-5)
    with pytest.raises(DeviceError, match="not the present one"):
        camera.fetch(first, 1.0)
    second = camera.arm(1, 1e-5)
    camera.abort()
    with pytest.raises(DeviceError, match="aborted"):
        camera.fetch(second, 1.0)


@pytest.mark.parametrize(
    ("frames", "exposure"),
    [(0, 1e-5), (1.5, 1e-5), (True, 1e-5), (1, 0.0), (1, 1.1), (1, np.nan), (1, None)],
)
def test_bad_armings_are_refused(camera, frames, exposure):
    with pytest.raises(ParameterError, match="camera"):
        camera.arm(frames, exposure)


def test_the_line_clock_is_the_true_cameras():
    step = 9.74e-6
    link = Link(
        None, WIRING, {"imaging": {"pixels": 32}, "camera": {"exposure_step": step}},
        module="sim_backend.laboratory",
    )  # fmt: skip
    camera = SimulatedCamera(DeviceManager(link))
    for asked, used in ((50e-6, 5), (1e-6, 1), (200e-6, 21)):
        arm_id = camera.arm(1, asked)
        start = link.plant.now_mu + 100 * MS
        trigger(link, start)
        assert camera.fetch(arm_id, 1.0)["exposure"] == pytest.approx(used * step)
        assert link.plant.now_mu == start + round(used * step * 1e9)


def test_a_controller_that_was_killed_runs_again_when_that_is_cleared(camera, link):
    faults = link.plant.faults
    faults.arm("controller_killed@time=0")
    link.output(500, "ttl_prepare", "level", 1)
    arm_id = camera.arm(1, 50e-6)
    trigger(link, 1000)
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            camera.fetch(arm_id, 1.0)
    with pytest.raises(ConnectionRefusedError):
        camera.arm(1, 50e-6)
    faults.clear()
    assert camera.fetch(arm_id, 1.0)["missing"] == 0
