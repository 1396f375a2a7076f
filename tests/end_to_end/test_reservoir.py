"""Recall where traps are loaded by chance: with a reservoir, and without."""

from __future__ import annotations

import numpy as np
import pytest

import analysis
from ccqed_ctrl.ending import Verdict
from tests.end_to_end.conftest import FAST

#: Of 144 traps 86 are loaded, give or take 6: the 64 sites have their atoms.
BY_CHANCE = FAST | {"traps": {"loading": 0.6}}


@pytest.fixture
def opened(recall):
    """Run Recall; returns its outcome, and the results as they were then."""

    def run(*twin, **arguments):
        outcome = recall(*twin, **arguments)
        with analysis.open(outcome.path) as found:
            return outcome, found.verdict, found.occupied, found.recalled_overlap

    return run


def test_with_a_reservoir_every_site_has_atoms_and_the_memory_is_recalled(opened):
    outcome, verdict, occupied, overlap = opened(
        twin=BY_CHANCE, reservoir=80, shots=2, corruption=0.0
    )
    assert outcome.status == "ok", outcome.error
    assert verdict == [Verdict.ok] * 2
    assert occupied.all()
    assert overlap > 0.9


def test_without_one_sites_are_lost(opened):
    _, verdict, occupied, _ = opened(twin=BY_CHANCE, repeats=0)
    assert verdict == [Verdict.lost_sites]
    assert 5 < np.count_nonzero(occupied) < occupied.size - 5


def test_too_few_atoms_are_said_and_the_shot_taken_again(opened, caplog):
    _, verdict, _, _ = opened(twin=BY_CHANCE, reservoir=5, repeats=1)
    assert verdict == [Verdict.lost_sites]
    said = [r.getMessage() for r in caplog.records if "stay empty" in r.getMessage()]
    assert len(said) == 2  # once for each taking
    assert "raise reservoir" in said[0]


def test_atoms_that_are_moved_too_fast_are_lost_and_slower_ones_are_not(opened):
    slow = BY_CHANCE | {"traps": {"loading": 0.6, "speed_limit": 0.005}}
    _, verdict, occupied, _ = opened(twin=slow, reservoir=100, repeats=0)
    assert verdict == [Verdict.lost_sites]
    assert 0 < np.count_nonzero(occupied) < occupied.size


# Deflectors --------------------------------------------------------------------------

#: 4 mm of tellurium dioxide; at 5 kHz it holds 32 traps that share no coordinate.
DEFLECTED = FAST | {"traps": {"access_time": 6.2e-6}}


def test_crossed_deflectors_hold_a_product_grid_that_remembers(opened):
    outcome, verdict, _, overlap = opened(twin=DEFLECTED, columns=8, corruption=0.1)
    assert outcome.status == "ok", outcome.error
    assert verdict == [Verdict.ok]
    assert overlap > 0.9


def test_they_do_not_hold_as_many_free_sites(recall):
    outcome = recall(twin=DEFLECTED)
    assert outcome.status == "failed"
    assert "these 64 traps in 64 turns" in str(outcome.error)
    assert outcome.plant.safe_state() == []
