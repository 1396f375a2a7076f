"""Fetching in pieces; with real cameras of the twin in tests/contracts."""

from __future__ import annotations

import tracemalloc

import numpy as np

from ccqed_ctrl.controllers import frames

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
            "timestamps": numbers / 8,
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
    np.testing.assert_array_equal(taken["timestamps"], np.arange(COUNT) / 8)
    assert (taken["missing"], taken["exposure"]) == (2, 1e-3)
    assert peak < 1.25 * taken["frames"].nbytes
