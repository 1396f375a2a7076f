"""The atoms in their traps: the field that they feel is the one that was planned."""

from __future__ import annotations

import numpy as np
import pytest

from ccqed_ctrl.model.emission import overlap_kernel
from sim_backend.crate.events import Event
from sim_backend.laboratory.controls import Setting
from sim_backend.laboratory.imperfections import Losses
from tests.laboratory.bench import PERFECT, Laboratory, plan_shot, shutters


@pytest.fixture(scope="module")
def plan():
    return plan_shot(0)


@pytest.mark.parametrize("volts", [0.25, 1.0, 4.0])
@pytest.mark.parametrize("amplitude", [0.3, 1.0])
def test_the_field_is_proportional_to_drive_and_pump(plan, volts, amplitude):
    """h = full_scale * amplitude * sqrt(V) * K f, K of the ideal cavity.

    The pump enters once: with its square, h at 4 V would be twice as large.
    """
    laboratory = Laboratory(plan, imperfections=PERFECT)
    events = [Event(10, "pump_servo", "dac0", volts)]
    for tone, value in (
        ("pump_plus", 1),
        ("pump_minus", 1),
        ("longitudinal", amplitude),
    ):
        events += [Event(10, tone, "amplitude", value), Event(10, tone, "coherent", 1),
                   Event(10, f"{tone}_switch", "level", 1)]  # fmt: skip
    events.append(Event(10, "local_oscillator", "coherent", 1))
    plant = laboratory.plant
    plant.advance(sorted(events), 20)
    truth = plant.scenario
    kernel = overlap_kernel(plan.memory.positions, truth.cavity.waist, truth.cloud.size)
    pattern = kernel @ plan.shots[0].load.dmd_pattern
    expected = truth.longitudinal.full_scale * amplitude * np.sqrt(volts) * pattern
    found = plant.atoms.field(plant._controls.setting())
    # The mode sum is good to 1e-3 of the largest.
    np.testing.assert_allclose(found, expected, atol=1e-3 * np.abs(expected).max())
    power = plant.atoms.power(plant._controls.setting())
    commanded = truth.pump_calibration.rabi_frequency_1v**2 * volts
    assert power == pytest.approx(commanded / truth.pump.rabi_frequency**2)


def test_the_planned_field_is_the_one_that_the_plant_makes(plan):
    """Plan and twin agree on h, factors and sign: the one inverts K, the other sums."""
    laboratory = Laboratory(plan, imperfections=PERFECT)
    events, _ = laboratory.events()
    held = max(e.time_mu for e in events if e.channel == "pump_servo" and e.value) + 10
    laboratory.plant.advance([e for e in events if e.time_mu <= held], held)
    found = laboratory.plant.atoms.field(laboratory.plant._controls.setting())
    planned = plan.shots[0].load.field
    np.testing.assert_allclose(found, planned, rtol=0.02)


def test_what_ages_is_asked_for_once_at_each_instant(plan):
    """Also where a step of the ageing ends, 200 us each since the preparation."""
    pumped = Setting(1e8, 0.0, 0.0, False, 0.0, 0.0, 0.0, True)
    laboratory = Laboratory(plan, losses=Losses(hold=100.0), imperfections=PERFECT)
    edges = np.array([0, 600_000])
    times = np.array([0.0, 100_000.0, 200_000.0, 400_000.0, 599_999.0])
    shown = laboratory.plant.atoms.evolve(edges, [pumped], times)
    assert shown.shape == (5, len(plan.memory.positions))
    # Of spins that follow the same state, exp(-hold t) is left, step by step.
    left = np.abs(shown).mean(axis=1) / np.abs(shown[0]).mean()
    steps = np.array([0, 0, 1, 2, 2]) * 200e-6
    np.testing.assert_allclose(left, np.exp(-100.0 * steps), rtol=1e-3)


def test_the_field_of_the_others_is_that_of_their_light(plan):
    """b_i = -2 g_i alpha: what the ensembles emit acts on them, twice its amplitude."""
    laboratory = Laboratory(plan, imperfections=PERFECT)
    events, _ = laboratory.events()
    shutter = shutters(events)[0]
    plant = laboratory.plant
    plant.advance([e for e in events if e.time_mu <= shutter], shutter)
    setting, truth, atoms = plant._controls.setting(), plant.scenario, plant.atoms
    assert setting.longitudinal == 0
    spins = plant.magnetization() * atoms.spins
    light = plant._optics.emission(atoms.clouds, spins, setting.rabi_frequency)
    pump = truth.pump.replace(rabi_frequency=setting.rabi_frequency)
    felt = -2 * pump.mode_coupling(truth.cavity) * truth.cavity.waist * (
        atoms.clouds.T @ light
    ).real  # fmt: skip
    np.testing.assert_allclose(atoms._felt(setting), felt, rtol=1e-6)
