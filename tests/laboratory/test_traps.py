"""Traps that are loaded by chance, and atoms that are carried from trap to trap."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ccqed_ctrl.model.arrangement import trajectories
from sim_backend.laboratory.imperfections import Imperfections, Trapping
from sim_backend.laboratory.plant import Plant
from sim_backend.laboratory.scenario import Scenario
from tests.laboratory.bench import PERFECT, WIRING

SMALL = dataclasses.replace(
    Scenario(), imperfections=PERFECT, modes=Scenario().modes.replace(max_order=8)
)
SITES = 10e-6 * np.column_stack([np.arange(1, 21), np.zeros(20)])


def loaded(**changes):
    """Return a plant whose traps are at the sites."""
    plant = Plant(dataclasses.replace(SMALL, **changes), WIRING, seed=3)
    plant.load_sites(SITES)
    return plant


def filled(plant):
    """Return which traps hold atoms, (N,) bool."""
    return plant.atoms.spins > 0


def move(plant, traps, ends, speed=0.1):
    """Carry traps from the sites to ends (N, 2) m."""
    plant.move_sites(np.array(traps), *trajectories(SITES[traps], ends, speed))


def test_traps_are_loaded_with_their_probability_anew_each_time():
    """Of 60 x 20 traps, 0.6 to 4 standard errors; two loadings differ."""
    plant = loaded(traps=Trapping(loading=0.6))
    found = []
    for _ in range(60):
        plant.load_sites(SITES)
        found.append(filled(plant))
    assert abs(np.mean(found) - 0.6) < 4 * np.sqrt(0.24 / np.size(found))
    assert not np.all(found == np.array(found[0]), axis=0).any()


def test_what_is_loaded_stays_from_shot_to_shot():
    plant = loaded(traps=Trapping(loading=0.5))
    before = filled(plant)
    plant._prepare()
    np.testing.assert_array_equal(filled(plant), before)


@pytest.mark.parametrize(("loading", "all_or_none"), [(0.0, False), (1.0, True)])
def test_none_and_all_of_them(loading, all_or_none):
    plant = loaded(traps=Trapping(loading=loading))
    assert np.all(filled(plant) == all_or_none)


def test_atoms_come_along_with_their_traps():
    plant = loaded(empty_sites=(4,))
    move(plant, [7, 4, 0], SITES[:3] + [0.0, 20e-6])
    np.testing.assert_array_equal(plant.atoms.sites, SITES[:3] + [0.0, 20e-6])
    np.testing.assert_array_equal(filled(plant), [True, False, True])
    assert plant.magnetization().shape == (3,)


@pytest.mark.parametrize(("limit", "kept"), [(0.09, [True, False]), (0.11, [True] * 2)])
def test_what_is_carried_too_fast_is_lost(limit, kept):
    """Two traps of one move, one twice as far: the far one is at 0.1 m/s."""
    plant = loaded(traps=Trapping(speed_limit=limit))
    ends = SITES[[0, 9]] + [[0.0, 10e-6], [0.0, 20e-6]]
    move(plant, [0, 9], ends, speed=0.1)
    np.testing.assert_array_equal(filled(plant), kept)
    plant.load_sites(SITES)
    assert filled(plant).all()


def test_where_atoms_end_is_as_uncertain_as_where_they_are_loaded():
    spread = Imperfections(placement_error=50e-9, atom_number_spread=0.0)
    plant = loaded(imperfections=spread)
    before = plant.atoms.sites - SITES
    move(plant, list(range(20)), SITES)
    after = plant.atoms.sites - SITES
    assert np.all(before != after)
    assert np.std(after) == pytest.approx(50e-9, rel=0.35)


def test_a_lost_site_is_lost_where_its_trap_goes():
    plant = loaded(faults=("site_lost@shot=0", "sites_merged@shot=1"))
    plant.faults.begin(SITES)
    plant.faults.begin(SITES)
    (lost, _), (merged, into) = plant.faults._spilt
    assert len({lost, merged, into}) == 3
    move(plant, [into, merged, lost], SITES[:3] + [0.0, 20e-6])
    atoms = 2 * plant.atoms.spins / SMALL.cloud.atoms
    np.testing.assert_allclose(atoms, [2.0, 0.0, 0.0])
    # Without the trap that they fell into, they are gone; and nothing comes back.
    plant.move_sites(np.array([1, 2]), np.zeros(1), plant.atoms.sites[None, 1:])
    np.testing.assert_array_equal(filled(plant), [False, False])
    plant.load_sites(SITES)
    assert filled(plant).all()
