"""Images of the sites: how many electrons atoms are, and which sites seem occupied."""

from __future__ import annotations

import dataclasses

import numpy as np

from sim_backend.laboratory.controllers.tweezers import SimulatedTweezers
from sim_backend.laboratory.imperfections import Imperfections, Losses, SiteImaging
from sim_backend.laboratory.plant import Plant
from sim_backend.laboratory.scenario import Scenario
from tests.laboratory.bench import PERFECT, WIRING

SITES = 10e-6 * np.column_stack([np.arange(1, 21), np.zeros(20)])
SMALL = dataclasses.replace(
    Scenario(), imperfections=PERFECT, modes=Scenario().modes.replace(max_order=8)
)
LIGHT = SiteImaging(light=500.0, background=80.0)


class Manager:
    """Gives the plant."""

    def __init__(self, plant):
        self.plant = plant

    def get(self, name):
        return self


def lit(**changes):
    """Return a plant with atoms at the sites."""
    truth = dataclasses.replace(SMALL, **{"site_imaging": LIGHT} | changes)
    plant = Plant(truth, WIRING, seed=3)
    plant.load_sites(SITES)
    return plant


def test_electrons_are_counted_with_their_noise():
    """Each count is Poissonian: of 20 x 60 the mean to 4 errors, the variance to 5."""
    plant = lit(empty_sites=(4,))
    counts = np.array([plant.site_counts() for _ in range(60)])
    empty, full = counts[:, 4], np.delete(counts, 4, axis=1)
    assert abs(empty.mean() - 80) < 4 * np.sqrt(80 / empty.size)
    assert abs(full.mean() - 580) < 4 * np.sqrt(580 / full.size)
    assert abs(full.var() / 580 - 1) < 5 * np.sqrt(2 / full.size)


def test_atoms_that_the_traps_lost_meanwhile_are_not_seen():
    plant = lit(losses=Losses(hold=20.0))
    plant.advance([], 50_000_000)  # 50 ms: one in e is left
    found = np.mean([plant.site_counts() for _ in range(60)])
    expected = 80 + 500 * np.exp(-1)
    assert abs(found - expected) < 4 * np.sqrt(expected / (20 * 60))


def test_sites_are_occupied_above_the_threshold():
    """Atom numbers of 50 % spread: the threshold finds those above a tenth."""
    spread = Imperfections(atom_number_spread=0.5, placement_error=0.0)
    plant = lit(imperfections=spread, site_imaging=LIGHT.replace(light=1e6))
    tweezers = SimulatedTweezers(Manager(plant))
    share = 2 * plant.atoms.spins / plant.scenario.cloud.atoms
    assert 0 < np.count_nonzero(share < 0.1) < 10
    assert np.abs(share - 0.1).min() > 0.01  # far beyond the noise of counting
    np.testing.assert_array_equal(tweezers.occupied(), share > 0.1)
