"""What the camera's protocol promises: of the twin by every route, and of the drivers.

The Basler is the vendor's emulated one, which serves image files. Nothing can be wired
to it: its trigger is by software, so what is promised of triggers that come too early,
or never, is not asked of it. Andor and Hamamatsu are over a fake of their vendors'
library. Only the twin knows of triggers that came too early.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
from sipyco.pc_rpc import Client

from ccqed_ctrl.controllers import frames, program
from ccqed_ctrl.controllers.client import Controller
from ccqed_ctrl.errors import DeviceError, DeviceTimeoutError, ParameterError
from tests.contracts.controller_routes import (
    PARAMS,
    ROUTES,
    assert_answers,
    begin,
    refused,
    trigger,
)
from tests.controllers import fake_pylablib
from tests.controllers.emulated import PROGRAM, features, save_images, words
from tests.sockets import free_port, serving

EMULATED = {"PYLON_CAMEMU": "1"}


def of_the_twin(name):
    @contextmanager
    def cameras():
        with ROUTES[name]() as enter:

            def lab():
                link, driver = enter()
                camera = driver("camera")
                camera.abort()
                start = begin(link)

                def by_wire(*times_ms):
                    trigger(link, start, *times_ms)

                return SimpleNamespace(
                    camera=camera, trigger=by_wire, full_scale=500, wired=True,
                    counts=True, simulated=True, clock=True,
                )  # fmt: skip

            yield lab

    return cameras


def basler_lab(camera):
    camera.abort()
    return SimpleNamespace(
        # Frames are triggered as they are fetched.
        camera=camera, trigger=lambda *times: None, full_scale=65535, wired=False,
        counts=False, simulated=True, clock=False,
    )  # fmt: skip


@contextmanager
def basler():
    pytest.importorskip("pypylon")
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYLON_CAMEMU", "1")
        camera = program.driver("camera", "basler", features(save_images(folder)))
        yield lambda: basler_lab(camera)
        camera.close()


@contextmanager
def basler_by_sockets():
    pytest.importorskip("pypylon")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = (*PROGRAM, "-p", str(port), *words(features(save_images(folder))))
        with serving(*command, port=port, **EMULATED):
            client = Client("::1", port, "camera")
            yield lambda: basler_lab(client)
            client.close_rpc()


def by_pylablib(name, full_scale):
    @contextmanager
    def cameras():
        with fake_pylablib.drivers() as drivers:
            camera = getattr(drivers, name)(region=[4, 36, 2, 34])
            wire = camera._camera

            def by_wire(*times_ms):
                for time_ms in times_ms:
                    wire.edge(time_ms)

            def lab():
                camera.abort()
                return SimpleNamespace(
                    camera=camera, trigger=by_wire, full_scale=full_scale, wired=True,
                    counts=False, simulated=False, clock=name == "Hamamatsu",
                )  # fmt: skip

            yield lab
            camera.close()

    return cameras


CAMERAS = {name: of_the_twin(name) for name in ROUTES} | {
    "Basler": basler,
    "Basler by sockets": basler_by_sockets,
    "Andor": by_pylablib("Andor", 2**14 - 1),
    "Hamamatsu": by_pylablib("Hamamatsu", 2**16 - 1),
}
DRIVERS = ["Basler", "Basler by sockets", "Andor", "Hamamatsu"]


@pytest.fixture(scope="module", params=[*PARAMS, *DRIVERS])
def cameras(request):
    with CAMERAS[request.param]() as lab:
        yield lab


@pytest.fixture
def lab(cameras):
    """A camera and its trigger, as if nobody had been here."""
    return cameras()


@pytest.fixture
def wired(lab):
    if not lab.wired:
        pytest.skip("no trigger can be wired to an emulated camera")
    return lab


def test_it_answers_and_says_what_it_is(lab):
    assert_answers(lab.camera, lab.simulated)


def test_each_trigger_is_a_frame(lab):
    arm_id = lab.camera.arm(2, 50e-6)
    assert type(arm_id) is int
    lab.trigger(1, 41)
    taken = lab.camera.fetch(arm_id, 1.0)
    assert taken["frames"].shape == (2, 32, 32)
    assert taken["frames"].dtype == np.uint16
    np.testing.assert_array_equal(taken["sequence"], [0, 1])
    assert taken["sequence"].dtype == taken["saturated"].dtype == np.int64
    # Of the twin's dark frames, half: their offset is its full scale here.
    expected = np.count_nonzero(taken["frames"] >= lab.full_scale, axis=(1, 2))
    np.testing.assert_array_equal(taken["saturated"], expected)
    assert np.all(expected > 0)
    assert (taken["recorded"], taken["missing"]) == (2, 0)
    assert taken["exposure"] == pytest.approx(50e-6)


def test_a_camera_that_has_a_clock_tells_when_its_frames_were(lab):
    arm_id = lab.camera.arm(3, 50e-6)
    lab.trigger(1, 41, 91)
    times = lab.camera.fetch(arm_id, 1.0)["timestamps"]
    assert (times.dtype, times.shape) == (np.float64, (3,))
    passed = [40e-3, 50e-3] if lab.clock else [np.nan, np.nan]
    np.testing.assert_allclose(np.diff(times), passed, atol=1e-6)


def test_a_region_is_read_out_and_forgotten_with_its_arming(lab):
    arm_id = lab.camera.arm(1, 50e-6, [4, 6, 16, 20])
    lab.trigger(1)
    assert lab.camera.fetch(arm_id, 1.0)["frames"].shape == (1, 20, 16)
    arm_id = lab.camera.arm(1, 50e-6)
    lab.trigger(41)
    assert lab.camera.fetch(arm_id, 1.0)["frames"].shape == (1, 32, 32)


@pytest.mark.parametrize(
    "region", [[0, 0, 32], [0, 0, 0, 8], [-2, 0, 8, 8], [0, 0, 8, 10**6],
               [0.5, 0, 8, 8], "abcd"],
)  # fmt: skip
def test_bad_regions_are_refused(lab, region):
    with refused(ParameterError, "camera region"):
        lab.camera.arm(1, 50e-6, region)


def test_a_trigger_that_never_came_is_missing(wired):
    arm_id = wired.camera.arm(3, 50e-6)
    wired.trigger(1, 41)
    taken = wired.camera.fetch(arm_id, 1.0)
    assert (taken["recorded"], taken["missing"]) == (2, 1)


def test_a_trigger_too_early_is_counted_and_lost(wired):
    if not wired.counts:
        pytest.skip("this camera does not tell of triggers that it ignored")
    arm_id = wired.camera.arm(2, 50e-6)
    wired.trigger(1, 2, 41)
    taken = wired.camera.fetch(arm_id, 1.0)
    np.testing.assert_array_equal(taken["sequence"], [0, 2])


def test_frames_are_fetched_in_pieces(lab):
    arm_id = lab.camera.arm(4, 50e-6)
    lab.trigger(1, 41, 81, 121)
    whole = lab.camera.fetch(arm_id, 1.0)
    assert len({frame.tobytes() for frame in whole["frames"]}) == 4
    for first, most, numbers in ((0, 1, [0]), (1, 2, [1, 2]), (3, 5, [3]), (9, 1, [])):
        piece = lab.camera.fetch(arm_id, 1.0, first, most)
        assert (piece["recorded"], piece["missing"]) == (4, 0)
        for key in ("frames", *frames.EACH):
            np.testing.assert_array_equal(piece[key], whole[key][numbers], key)


@pytest.mark.parametrize("piece", [1, 3 * 2048, frames.PIECE])
def test_pieces_make_the_whole(lab, monkeypatch, piece):
    monkeypatch.setattr(frames, "PIECE", piece)
    arm_id = lab.camera.arm(4, 50e-6)
    lab.trigger(1, 41, 81, 121)
    whole, made = lab.camera.fetch(arm_id, 1.0), frames.fetch(lab.camera, arm_id, 1.0)
    assert set(made) == set(whole)
    for key, value in whole.items():
        np.testing.assert_array_equal(made[key], value)
        assert np.asarray(made[key]).dtype == np.asarray(value).dtype


def test_no_frame_is_a_timeout(wired):
    arm_id = wired.camera.arm(1, 50e-6)
    with refused(DeviceTimeoutError, "no frame within 2.5 s"):
        wired.camera.fetch(arm_id, 2.5)
    # An experiment gets it as an error of ours by every route.
    with pytest.raises(DeviceTimeoutError, match="^camera: no frame within 2.5 s"):
        frames.fetch(Controller("camera", wired.camera), arm_id, 2.5)


def test_only_the_present_arming_can_be_fetched(lab):
    former, present = lab.camera.arm(1, 1e-5), lab.camera.arm(1, 1e-5)
    assert former != present
    with refused(DeviceError, "not the present one"):
        lab.camera.fetch(former, 1.0)
    lab.camera.abort()
    with refused(DeviceError, "aborted"):
        lab.camera.fetch(present, 1.0)


@pytest.mark.parametrize(
    ("frames", "exposure"), [(0, 1e-5), (1.5, 1e-5), (1, 0.0), (1, 11.0), (1, None)]
)
def test_bad_armings_are_refused(lab, frames, exposure):
    with refused(ParameterError, "camera"):
        lab.camera.arm(frames, exposure)


@pytest.mark.parametrize(("first", "most"), [(-1, 1), (0, -1), (0.5, 1)])
def test_bad_pieces_are_refused(lab, first, most):
    arm_id = lab.camera.arm(1, 1e-5)
    lab.trigger(1)
    with refused(ParameterError, "camera frames: "):
        lab.camera.fetch(arm_id, 1.0, first, most)
