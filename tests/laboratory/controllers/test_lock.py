"""The simulated lock: what it says of the plant's, and how it takes it up again."""

from __future__ import annotations

import numpy as np
import pytest

from ccqed_ctrl.errors import DeviceError
from ccqed_ctrl.units import angular
from sim_backend.laboratory.controllers.lock import SimulatedLock
from sim_backend.laboratory.imperfections import Lock
from sim_backend.laboratory.plant import Plant
from sim_backend.laboratory.scenario import Scenario
from tests.laboratory.bench import WIRING

MS = 1_000_000


class DeviceManager:
    def __init__(self, plant):
        self.plant = plant

    def get(self, name):
        assert name == "plant"
        return self


def locked(seed=0, **values):
    plant = Plant(Scenario(lock=Lock(**values)), WIRING, seed)
    return plant, SimulatedLock(DeviceManager(plant))


def test_a_perfect_lock_is_locked_without_error():
    plant, lock = locked()
    plant.advance([], 1000 * MS)
    assert lock.ping()
    assert lock.status() == {
        "model": "simulated lock", "simulated": True, "state": "locked",
    }  # fmt: skip
    assert lock.error_rms() == 0.0


def test_the_error_is_the_noise_and_not_the_drift():
    """Its mean square over shots is that of the noise: 40 of 10 ms, 31 correlation
    times of 0.32 ms each, tell the rms to 3 %."""
    found = []
    for seed in range(40):
        plant, lock = locked(seed, noise=angular(10e3), drift=angular(200e3))
        plant.advance([], 30 * MS)
        found.append(lock.error_rms())
        assert lock.error_rms() == found[-1]
    assert np.sqrt(np.mean(np.square(found))) == pytest.approx(angular(10e3), rel=0.1)


def test_only_the_last_ten_milliseconds_count():
    plant, lock = locked(noise=angular(10e3))
    plant.advance([], 10 * MS)
    first = lock.error_rms()
    plant.advance([], 10 * MS + 20_000)  # within a step of the noise
    assert lock.error_rms() == first
    plant.advance([], 40 * MS)
    assert lock.error_rms() != first


def test_a_lost_lock_says_so_and_is_taken_up_again():
    plant, lock = locked()
    plant.advance([], 5 * MS)
    plant.lock.lose(6 * MS)
    assert lock.state() == "locked"
    plant.advance([], 6 * MS)
    assert lock.state() == lock.status()["state"] == "unlocked"
    with pytest.raises(DeviceError, match="not locked, so there is no error signal"):
        lock.error_rms()
    lock.relock()
    assert lock.state() == "locked"
    assert lock.error_rms() == 0.0
    lock.relock()  # one that is locked
    lock.close()
    assert lock.state() == "locked"
