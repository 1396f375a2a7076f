"""The sensor: edges, busy times, frames lost and found."""

from __future__ import annotations

import numpy as np
import pytest

from ccqed_ctrl.errors import DeviceError, ParameterError
from ccqed_ctrl.params import Imaging
from sim_backend.laboratory.exposures import Sensor
from sim_backend.laboratory.imperfections import Camera
from sim_backend.laboratory.pixels import Pixels

IMAGING = Imaging(pixels=16, readout_time=1e-3, read_noise=0.0, offset=100.0)
MS = 1_000_000


@pytest.fixture
def sensor():
    return made()


def made(**camera):
    pixels = Pixels(IMAGING, Camera(**camera))
    return Sensor(pixels, 1e-9, np.random.default_rng(0))


def expose(sensor, at_mu, light=0.0):
    """Trigger at a time, light the sensor, and let everything end."""
    sensor.close_until(at_mu)
    sensor.trigger(at_mu)
    for exposure in sensor.open:
        exposure.electrons += light
    sensor.close_until(at_mu + 10_000)


def test_frames_come_in_order_with_their_light(sensor):
    arm_id = sensor.arm(3, 10e-6)
    for index, light in enumerate((0.0, 150.0, 1500.0)):
        expose(sensor, 2 * MS * index, light)
    recorded = sensor.collect(arm_id)
    means = recorded["frames"].mean(axis=(1, 2))
    np.testing.assert_allclose(means, [100, 200, 1100], rtol=0.02)
    np.testing.assert_array_equal(recorded["sequence"], [0, 1, 2])
    assert recorded["exposure"] == 10e-6
    assert recorded["missing"] == 0
    assert recorded["frames"].dtype == np.uint16


def test_an_exposure_lasts_as_long_as_asked(sensor):
    sensor.arm(1, 25e-6)
    sensor.trigger(1000)
    (exposure,) = sensor.open
    assert (exposure.start_mu, exposure.stop_mu) == (1000, 26_000)
    sensor.close_until(25_999)
    assert sensor.open == [exposure]
    sensor.close_until(26_000)
    assert sensor.open == []


@pytest.mark.parametrize("late", [5_000, 10_000, 10_000 + MS - 1])
def test_a_trigger_while_busy_is_ignored_but_counted(sensor, late):
    arm_id = sensor.arm(2, 10e-6)
    expose(sensor, 0)
    expose(sensor, late)
    recorded = sensor.collect(arm_id)
    assert (len(recorded["frames"]), recorded["missing"]) == (1, 1)
    # Readout over: the next one is taken, and tells that one was lost before it.
    expose(sensor, 10_000 + MS)
    np.testing.assert_array_equal(sensor.collect(arm_id)["sequence"], [0, 2])


def test_more_triggers_than_frames(sensor):
    arm_id = sensor.arm(1, 10e-6)
    for index in range(3):
        expose(sensor, 2 * MS * index)
    recorded = sensor.collect(arm_id)
    assert (len(recorded["frames"]), recorded["missing"]) == (1, 0)


def test_an_unarmed_camera_sees_nothing(sensor):
    sensor.trigger(0)
    assert sensor.open == []
    arm_id = sensor.arm(1, 10e-6)
    assert sensor.collect(arm_id)["missing"] == 1


def test_what_was_armed_before_is_gone(sensor):
    first = sensor.arm(1, 10e-6)
    sensor.trigger(0)
    second = sensor.arm(1, 10e-6)
    assert second != first
    assert sensor.open == []
    with pytest.raises(DeviceError, match=f"arming {first} is not the present one"):
        sensor.collect(first)
    sensor.abort()
    with pytest.raises(DeviceError, match="aborted"):
        sensor.collect(second)


def test_saturated_pixels_are_counted(sensor):
    arm_id = sensor.arm(2, 10e-6)
    expose(sensor, 0)
    bright = np.zeros((16, 16))
    bright[:3] = 1e6
    expose(sensor, 2 * MS, bright)
    np.testing.assert_array_equal(sensor.collect(arm_id)["saturated"], [0, 48])


def test_a_ring_that_is_full_loses_its_oldest_frames():
    sensor = made(buffer=2)
    arm_id = sensor.arm(4, 10e-6)
    for index in range(5):
        expose(sensor, 2 * MS * index, 150.0 * index)
    recorded = sensor.collect(arm_id)
    # The fifth was not asked for.
    np.testing.assert_array_equal(recorded["sequence"], [2, 3])
    assert (recorded["recorded"], recorded["missing"]) == (2, 2)
    means = recorded["frames"].mean(axis=(1, 2))
    np.testing.assert_allclose(means, [300, 400], rtol=0.02)


def test_a_region_is_what_the_whole_frame_has_there():
    light, found = np.arange(256.0).reshape(16, 16) * 100, {}
    for region in ([], [3, 5, 8, 6]):
        sensor = made()
        arm_id = sensor.arm(1, 10e-6, region)
        expose(sensor, MS, light)
        found[len(region)] = sensor.collect(arm_id)
    np.testing.assert_array_equal(found[4]["frames"], found[0]["frames"][:, 5:11, 3:11])
    assert found[4]["timestamps"] == found[0]["timestamps"] == [1e-3]
    with pytest.raises(ParameterError, match="camera region: rows"):
        sensor.arm(1, 10e-6, [3, 5, 8, 12])
    assert sensor.collect(arm_id)["recorded"] == 1  # still armed as before
