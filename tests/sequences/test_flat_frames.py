"""Dark frames are dark, lit ones lit by the reference, and all is off at the end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ccqed_ctrl.backgrounds import BackgroundRecord, BackgroundShot, plan_background
from ccqed_ctrl.backgrounds import FlatLight as Light
from ccqed_ctrl.errors import DeviceError, DeviceTimeoutError
from ccqed_ctrl.params import Run
from ccqed_ctrl.sequences.flat_frames import FlatFrames
from tests.sequences.test_holographic_shot import APPARATUS, LINES, Laboratory, track


def taken(apparatus=APPARATUS):
    """Return a laboratory, the raw values of one shot, and its events."""
    laboratory = Laboratory()
    sequence = FlatFrames((laboratory.manager, None, None, {}))
    plan = plan_background(Light(exposure=41e-6), apparatus=apparatus, run=Run())
    sequence.arrange(plan, afresh=True)
    before = len(laboratory.events())
    raw = sequence.take(plan, BackgroundShot())
    events = laboratory.events()[before:]
    sequence.make_safe()
    return laboratory, raw, events


def test_a_pair_without_light_and_a_pair_with():
    laboratory, raw, events = taken()
    triggers = [t for t, level in track(events, "ttl_camera") if level]
    # Exposure, twice the guard, and the readout that is believed.
    np.testing.assert_array_equal(np.diff(triggers), 41_000 + 2 * 6_000 + 33_000_000)
    reference = track(events, "local_oscillator_switch")
    expected = [(t + at, on) for t in triggers[2:] for at, on in
                ((-6_000, 1), (47_000, 0))]  # fmt: skip
    assert reference == expected
    quiet = set(LINES) - {"ttl_camera", "local_oscillator_switch"}
    assert not any(value for line in quiet for _, value in track(events, line))
    frames = raw[BackgroundRecord.frames]
    assert frames.shape == (4, 32, 32)
    dark, lit = frames[:2].mean(), frames[2:].mean()
    assert dark == pytest.approx(500, abs=1)
    assert lit - dark == pytest.approx(4e8 * 41e-6 / 1.5, rel=0.02)
    assert laboratory.unsafe() == set()


def test_a_camera_slower_than_believed_misses_frames():
    quick = APPARATUS.imaging.replace(readout_time=1e-3)  # it needs 30 ms
    with pytest.raises(DeviceTimeoutError, match="3 of 4 frames missing"):
        taken(replace(APPARATUS, imaging=quick))


@pytest.mark.parametrize("fails", [False, True])
def test_a_camera_that_waits_is_stopped_also_where_the_kernel_fails(fails):
    laboratory = Laboratory()
    laboratory.on()
    sequence = FlatFrames((laboratory.manager, None, None, {}))
    arm_id = sequence.camera.arm(2, 50e-6)
    if fails:
        sequence.switch_off = _fail
        with pytest.raises(OSError, match="connection lost"):
            sequence.make_safe()
    else:
        sequence.make_safe()
        # What it does not have stays; behind switches that are off there is no light.
        assert laboratory.unsafe() == {"noise_gate", "ttl_prepare", "pump_servo"}
    with pytest.raises(DeviceError, match="not the present one"):
        sequence.camera.fetch(arm_id, 1.0)


def _fail():
    raise OSError("connection lost")
