"""The lock: when it is lost, and what an unlocked cavity does not do."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim_backend.laboratory.ageing import Ageing
from sim_backend.laboratory.locking import UNLOCKED, CavityLock
from tests.laboratory.bench import IDEAL, PERFECT, STATED, Laboratory, plan_shot

MINUTE = 60 * 10**9


def lock(rate=0.0, seed=0):
    return CavityLock(rate, 1e-9, np.random.default_rng(seed))


def test_it_holds_for_ever_by_default_and_is_lost_on_demand():
    one = lock()
    assert one.holds(10**18)
    one.lose(500)
    assert one.holds(499)
    assert not one.holds(500)
    one.lose(900)  # lost already
    assert not one.holds(500)
    one.acquire(1000)
    assert one.holds(10**18)


def test_losses_are_as_frequent_as_told():
    times = [lock(rate=0.2, seed=seed).lost_mu * 1e-9 for seed in range(2000)]
    # Exponential: the mean of 2000 is good to 2 %, and so is its standard deviation.
    assert np.mean(times) == pytest.approx(5.0, rel=0.1)
    assert np.std(times) == pytest.approx(5.0, rel=0.15)
    one = lock(rate=0.2)
    first = one.lost_mu
    one.acquire(MINUTE)
    assert one.lost_mu - MINUTE not in (first, math.inf)


def test_an_unlocked_cavity_is_far_away_until_it_is_locked():
    held = lock()
    one = Ageing(IDEAL, 0, 1e-9, np.random.default_rng(0), held)
    assert not one.happens
    held.lose(500)
    assert one.happens
    assert one.detuning(499) == IDEAL.cavity.pump_detuning
    cavity = IDEAL.cavity
    assert one.detuning(500) == -UNLOCKED * cavity.kappa
    # 3 MHz are 20 kappa.
    assert abs(one.light(500)) == pytest.approx(20 / 300, rel=0.01)
    assert one.gain(500) == pytest.approx(20 / 300, rel=0.01)
    held.acquire(600)
    assert not one.happens
    assert one.light(600) == pytest.approx(1.0)


@pytest.mark.parametrize("locked", [True, False])
def test_without_the_lock_the_hologram_is_its_reference_alone(locked):
    plan = plan_shot(0, evolution_time=1e-3)
    laboratory = Laboratory(plan, imperfections=PERFECT)
    if not locked:
        laboratory.plant.lock.lose(0)
    hologram, reference = laboratory.run()["frames"].astype(float)
    imaging = STATED["imaging"]
    electrons = (hologram - reference) * imaging.electrons_per_count
    light = np.mean(reference - imaging.offset) * imaging.electrons_per_count
    noise = math.sqrt(2 * (light + imaging.read_noise**2))
    if locked:
        assert np.std(electrons) > 1.5 * noise
    else:
        assert np.std(electrons) == pytest.approx(noise, rel=0.03)
