"""Long runs in small: what they are found to cost and to lose."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import endurance, killed_controllers
from benchmarks.killed_controllers import right
from ccqed_ctrl.ending import Ending
from sim_backend.host import is_embedded

ENDED = {
    "killed": True, "status": "failed", "shots": 4, "repeats": 1,
    "takes as expected": True, "reason": "dmd: its controller is gone",
}  # fmt: skip


def test_nothing_is_lost_through_sockets():
    row = endurance.one("ccqed, sockets", shots=8)
    text, whole = endurance.whole("ccqed, sockets", 8, row)
    assert (text, whole) == ("| ccqed, sockets | 8 | 8 | 0 | 0 | 8 |", True)
    assert row["frames"] == 8 * 2 * 256 * 256 * 2
    assert row["frames"] < row["disk"] < 1.2 * row["frames"]
    assert set(row["memory"]) == {"run", "twin"}
    assert all(1e7 < one["begin"] < 1e9 for one in row["memory"].values())


def test_memory_that_grows_is_told():
    pairs = [(done, 100e6 + 1e6 * max(4 - done, 0) + 5e3 * done) for done in range(17)]
    settled = endurance.settled(pairs)
    np.testing.assert_allclose(settled["growth"], 5e3)
    row = {"memory": {"twin": settled}, "frames": 16 * 262e3}
    assert [flat for _, flat in endurance.memory("ccqed", 16, row)] == [True]
    row["frames"] = 16 * 200e3  # of which 5 kB a shot are too much
    assert [flat for _, flat in endurance.memory("ccqed", 16, row)] == [False]


def test_a_lost_frame_and_a_repeat_are_told():
    row = {"shots": 8, "gaps": 1, "spoilt": 0, "attempts": 9}
    text, whole = endurance.whole("ccqed", 8, row)
    assert (text, whole) == ("| ccqed | 8 | 8 | 1 | 0 | 9 |", False)


@pytest.mark.parametrize(
    ("change", "fine"),
    [({}, True), ({"killed": False}, False), ({"reason": ""}, False),
     ({"takes as expected": False}, False), ({"status": "no file"}, False),
     ({"status": "ok", "shots": killed_controllers.SHOTS}, True),
     ({"status": "ok"}, False)],
)  # fmt: skip
def test_a_run_ends_as_it_should(change, fine):
    assert right(ENDED | change) == fine


@pytest.mark.artiq
@pytest.mark.slow
@pytest.mark.skipif(is_embedded("artiq"), reason="no real ARTIQ in this interpreter")
def test_after_killed_controllers_the_next_run_works(monkeypatch):
    monkeypatch.setattr(killed_controllers, "FEW", 2)
    row = killed_controllers.stretch(seed=2, runs=4)
    assert all(map(right, row["runs"])), row
    ends = [run["status"] for run in row["runs"]]
    assert {*ends} == {Ending.failed, Ending.ok}
