"""Fastino and the frame grabber."""

from __future__ import annotations

import numpy as np
import pytest
from artiq.coredevice.grabber import GrabberTimeoutException, OutOfSyncException
from artiq.experiment import at_mu, delay, kernel, ms, now_mu, us

from ccqed_ctrl.errors import DeviceError

FRAME_MU = 392


class Streams:
    @kernel
    def init(self):
        self.core.reset()
        start = now_mu()
        self.dac.init()
        return now_mu() - start

    @kernel
    def set(self, channel, volts):
        self.core.break_realtime()
        start = now_mu()
        self.dac.set_dac(channel, volts)
        return start

    @kernel
    def hold(self):
        self.core.break_realtime()
        self.dac.set_hold(0b11)
        delay(1 * us)
        self.dac.set_dac(0, 1.0)
        delay(1 * us)
        self.dac.set_dac(1, 2.0)
        delay(1 * us)
        self.dac.set_dac(2, 3.0)
        delay(10 * us)
        start = now_mu()
        self.dac.update(0b11)
        return start

    @kernel
    def group(self, first, volts):
        self.core.break_realtime()
        self.dac.set_group(first, volts)

    @kernel
    def clear(self):
        self.core.break_realtime()
        self.dac.set_cfg(dac_clr=1)
        delay(10 * us)
        self.dac.set_cfg()

    @kernel
    def interpolate(self, rate):
        self.core.break_realtime()
        actual = self.dac.stage_cic(rate)
        delay(1 * us)
        self.dac.apply_cic(1)
        return actual


@pytest.fixture
def make_dac(make_bench, local):
    def make(width):
        entry = local("fastino", "Fastino", channel=5, log2_width=width)
        bench = make_bench({"dac": entry})
        return bench, bench.experiment(Streams, "dac")

    return make


def test_samples_appear_at_the_next_frame(make_dac):
    bench, lab = make_dac(0)
    assert lab.init() == 7 * FRAME_MU
    start = lab.set(3, 2.5)
    ((time, value),) = bench.timeline.track("dac", "dac3")[-1:]
    assert time % FRAME_MU == 0
    assert start <= time < start + FRAME_MU
    assert value == 2.5
    assert lab.dac.voltage_to_mu(-10.0) == 0


def test_held_channels_wait_for_the_update(make_dac):
    bench, lab = make_dac(0)
    start = lab.hold()
    first, second, free = (bench.timeline.track("dac", f"dac{n}") for n in range(3))
    assert first[0][0] == second[0][0] >= start
    assert (first[0][1], second[0][1]) == pytest.approx((1.0, 2.0), abs=2e-4)
    assert free[0][0] < start


def test_groups(make_dac):
    bench, lab = make_dac(2)
    lab.group(4, [1.25, -1.25, 2.5, -2.5])
    values = [bench.timeline.value("dac", f"dac{4 + n}") for n in range(4)]
    assert values == [1.25, -1.25, 2.5, -2.5]
    lab.group(4, [1.25, -1.25])
    assert bench.timeline.value("dac", "dac7") == -10.0  # code zero, as documented
    with pytest.raises(ValueError, match="Group index"):
        lab.group(5, [0.0, 0.0])


def test_clearing_and_limits(make_dac):
    bench, lab = make_dac(0)
    lab.set(0, 5.0)
    lab.clear()
    levels = [value for _, value in bench.timeline.track("dac", "dac0")]
    assert levels == [5.0, 0.0, 5.0]
    with pytest.raises(ValueError, match="out of bounds"):
        lab.set(0, 10.5)
    with pytest.raises(NotImplementedError):
        lab.dac.read(0)


def test_interpolation_is_refused(make_dac):
    _, lab = make_dac(0)
    assert lab.interpolate(1) == 1
    with pytest.raises(DeviceError, match="interpolation"):
        lab.interpolate(100)
    with pytest.raises(ValueError, match="rate out of bounds"):
        lab.interpolate(0)


class Camera:
    @kernel
    def setup(self):
        self.core.reset()
        start = now_mu()
        self.grabber.setup_roi(0, 0, 0, 2, 1)
        self.grabber.setup_roi(1, 1, 1, 3, 3)
        return now_mu() - start

    @kernel
    def read(self, mask, data, wait):
        self.core.break_realtime()
        self.grabber.gate_roi_pulse(mask, 1 * ms)
        at_mu(now_mu() + wait)
        self.grabber.input_mu(data, now_mu())
        return data


@pytest.fixture
def camera(make_bench, local):
    bench = make_bench({"grabber": local("grabber", "Grabber", channel_base=40)})
    frame = np.arange(12, dtype=np.uint16).reshape(3, 4)

    def frames(channel, start_mu, stop_mu):
        period = 400_000
        first = -(-start_mu // period) * period
        return [(time, frame) for time in range(first, stop_mu, period)]

    bench.plant.frames = frames
    return bench.experiment(Camera, "grabber")


def test_regions_are_summed(camera):
    assert camera.setup() == 8 * 8
    assert camera.read(0b11, [0, 0], 1000) == [0 + 1, 5 + 6 + 9 + 10]


def test_a_list_of_the_wrong_length_is_out_of_sync(camera):
    camera.setup()
    with pytest.raises(OutOfSyncException):
        camera.read(0b11, [0, 0, 0], 1000)


def test_no_frame_is_a_timeout(camera):
    camera.setup()
    camera.grabber.core.rtio.link.plant.frames = lambda *_: []
    with pytest.raises(GrabberTimeoutException, match="Timeout before"):
        camera.read(0b1, [0], 1000)


def test_a_plant_without_camera_is_named(make_bench, local):
    bench = make_bench({"grabber": local("grabber", "Grabber", channel_base=40)})
    lab = bench.experiment(Camera, "grabber")
    lab.setup()
    with pytest.raises(DeviceError, match="no camera"):
        lab.read(0b1, [0], 1000)
