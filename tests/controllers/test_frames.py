"""Fetching in pieces; with real cameras of the twin in tests/contracts."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from ccqed_ctrl.controllers import frames
from ccqed_ctrl.errors import DeviceError, DeviceTimeoutError

SIZE, COUNT = 512, 40  # 20 MiB


class Camera:
    """Makes frames as they are asked for."""

    def __init__(self):
        self.asked = []

    def fetch(self, arm_id, timeout, first=0, most=0):
        self.asked.append(most)
        numbers = np.arange(COUNT)[first : first + most]
        values = numbers[:, None, None].astype(np.uint16)
        return {
            "frames": np.broadcast_to(values, (len(numbers), SIZE, SIZE)).copy(),
            "sequence": numbers.astype(np.int64),
            "saturated": numbers.astype(np.int64) * 2,
            "recorded": COUNT,
            "exposure": 1e-3,
            "missing": 2,
        }


def test_a_long_series_exists_once(monkeypatch):
    monkeypatch.setattr(frames, "PIECE", 1 << 20)
    camera = Camera()
    tracemalloc.start()
    taken = frames.fetch(camera, 1, 1.0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert camera.asked == [1, *[2] * 20]  # 2 frames are 1 MiB
    np.testing.assert_array_equal(taken["frames"][:, 3, 5], np.arange(COUNT))
    np.testing.assert_array_equal(taken["sequence"], np.arange(COUNT))
    np.testing.assert_array_equal(taken["saturated"], 2 * np.arange(COUNT))
    assert (taken["missing"], taken["exposure"]) == (2, 1e-3)
    assert peak < 1.25 * taken["frames"].nbytes


def failing(error):
    class Failing:
        def fetch(self, *_):
            raise error

    return Failing()


def test_errors_of_ours_come_back_as_such():
    text = "ccqed_ctrl.errors.DeviceTimeoutError: camera: no frame"
    with pytest.raises(DeviceTimeoutError, match="^camera: no frame$") as caught:
        frames.fetch(failing(Exception(text)), 1, 1.0)
    assert str(caught.value.__cause__) == text
    with pytest.raises(ZeroDivisionError):
        frames.fetch(failing(ZeroDivisionError()), 1, 1.0)


@pytest.mark.parametrize("error", [ConnectionResetError("reset"), EOFError("reset")])
def test_a_broken_connection_names_the_camera(error):
    with pytest.raises(DeviceError, match=r"controller is gone \(reset\)"):
        frames.fetch(failing(error), 1, 1.0)


def test_a_timeout_of_the_camera_is_no_broken_connection():
    with pytest.raises(DeviceTimeoutError, match="no frame"):
        frames.fetch(failing(DeviceTimeoutError("no frame")), 1, 1.0)
