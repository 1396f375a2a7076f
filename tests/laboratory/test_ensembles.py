"""Spins and light of the plant are those of `semiclassical.evolve`, however cut."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from sim_backend.laboratory.physics import semiclassical
from sim_backend.laboratory.physics.system import Drive
from tests.laboratory.bench import MS, Laboratory, plan_shot, shutters


@pytest.fixture(scope="module")
def plan():
    return plan_shot(0)


def laboratory(plan, **scenario):
    return Laboratory(plan, dynamics="semiclassical", **scenario)


def sent(events, start, stop):
    """Return times (T+1,) s, volts and longitudinal amplitude (T,), noise (T,) bool."""
    inside = {e.time_mu for e in events if start < e.time_mu < stop}
    edges = np.array([start, *sorted(inside), stop])

    def held(channel, signal):
        changes = [e for e in events if (e.channel, e.signal) == (channel, signal)]
        return np.array(
            [
                ([0.0] + [e.value for e in changes if e.time_mu <= t])[-1]
                for t in edges[:-1]
            ]
        )

    volts = held("pump_servo", "dac0") * held("pump_plus_switch", "level")
    amplitude = held("longitudinal", "amplitude") * held("longitudinal_switch", "level")
    return (edges - start) * 1e-9, volts, amplitude, held("noise_gate", "level") > 0


def test_the_plant_is_evolve_under_what_the_wires_carried(plan):
    """From the state that was prepared; pump, field and noise read off the events."""
    lab = laboratory(plan)
    events, _ = lab.events()
    prepared = next(e.time_mu for e in events if e.channel == "ttl_prepare")
    stop = shutters(events)[0]
    plant, truth = lab.plant, lab.plant.scenario
    plant.advance([e for e in events if e.time_mu <= prepared], prepared)
    start = plant.atoms.ensembles._state
    rng = copy.deepcopy(plant.atoms.ensembles._rng)
    times, volts, amplitude, noise = sent(events, prepared, stop)
    unit = truth.pump_calibration.rabi_frequency_1v
    # K f of the sites as they truly are; h = full_scale amplitude sqrt(V) K f.
    shape = truth.longitudinal.full_scale * plant.atoms.pattern_field
    drive = Drive(
        times,
        volts * (unit / truth.pump.rabi_frequency) ** 2,
        np.outer(amplitude * np.sqrt(volts), shape),
        noise,
    )
    expected = semiclassical.evolve(
        plant.atoms.system, drive, start, sample_times=[], rng=rng
    ).state
    later = [e for e in events if prepared < e.time_mu <= stop]
    plant.advance(later, stop)
    found = plant.atoms.ensembles._state
    np.testing.assert_allclose(found.spins, expected.spins, atol=1e-6)
    np.testing.assert_allclose(
        found.light, expected.light, atol=1e-6 * np.abs(expected.light).max()
    )
    np.testing.assert_array_equal(plant.magnetization(), found.spins[:, 0])
    assert np.any(noise)


def test_what_is_written_is_read(plan):
    lab = laboratory(plan)
    row = lab.read(lab.run())
    np.testing.assert_array_equal(row["shot.spins"], lab.truth)
    assert row["shot.spins"] @ lab.target >= 12
    assert row["shot.residual"] < 1e-2


def test_pauses_change_only_what_the_integrator_leaves(plan):
    """The noise goes on where it was, the light and the spins too."""
    whole, cut = laboratory(plan), laboratory(plan)
    shutter = shutters(cut.events()[0])[0]
    pauses = np.unique(np.random.default_rng(1).integers(0, shutter, 40)).tolist()
    recorded, paused = whole.run(), cut.run(pieces=[*pauses, shutter + 7000])
    ended, resumed = (lab.plant.atoms.ensembles._state for lab in (whole, cut))
    np.testing.assert_allclose(ended.spins, resumed.spins, atol=1e-3)
    rows = whole.read(recorded), cut.read(paused)
    np.testing.assert_array_equal(rows[0]["shot.spins"], rows[1]["shot.spins"])
    assert max(row["shot.residual"] for row in rows) < 1e-2


def test_each_preparation_has_noise_of_its_own(plan):
    lab = laboratory(plan)
    first, second = lab.run(), lab.run(100 * MS)
    assert np.any(first["frames"] != second["frames"])
    again = laboratory(plan).run()
    np.testing.assert_array_equal(first["frames"], again["frames"])


def test_after_the_shot_spins_precess_and_the_cavity_is_dark(plan):
    lab = laboratory(plan)
    lab.run()
    state = lab.plant.atoms.ensembles._state
    # 30 ms after the pump: the light has decayed by exp(-kappa t), to nothing.
    np.testing.assert_array_equal(state.light, 0)
    np.testing.assert_allclose(np.linalg.norm(state.spins, axis=1), 1)
    now, later = lab.plant.now_mu, 1234
    lab.plant.advance([], now + later)
    turn = np.exp(1j * lab.plant.scenario.pump.omega_z * later * 1e-9)
    before, after = state.spins, lab.plant.atoms.ensembles._state.spins
    np.testing.assert_allclose(
        after[:, 0] + 1j * after[:, 1], turn * (before[:, 0] + 1j * before[:, 1])
    )
    np.testing.assert_array_equal(after[:, 2], before[:, 2])
