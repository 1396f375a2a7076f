"""Setting up: sites are loaded when they have to be, from a reservoir if any."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ccqed_ctrl.model.arrangement import top_speed, with_reservoir
from tests.sequences.test_holographic_shot import APPARATUS, SITE, Laboratory, plan


@pytest.fixture
def laboratory():
    return Laboratory()


def test_sites_are_loaded_when_they_move_or_others_were_here(laboratory):
    moved = []
    tweezers, move = laboratory.shot.tweezers, laboratory.shot.tweezers.set_positions
    tweezers.set_positions = lambda sites: (moved.append(len(sites)), move(sites))
    made, other = plan(), plan()
    other.positions = other.traps = np.array([[30e-6, 0.0], [0.0, 25e-6]])
    for next_plan, afresh in ((made, True), (made, False), (other, False), (made, True),
                              (made, True)):  # fmt: skip
        laboratory.shot.arrange(next_plan, afresh=afresh)
    assert moved == [1, 2, 1, 1]


def spied(laboratory):
    """Note what the tweezers are asked for; atoms are in the traps that are told."""
    asked, tweezers = [], laboratory.shot.tweezers
    load, program = tweezers.set_positions, tweezers.program

    def loading(traps):
        asked.append(("load", len(traps)))
        load(traps)

    def programming(traps, times, positions):
        asked.append(("program", list(traps)))
        program(traps, times, positions)
        np.testing.assert_array_equal(tweezers.positions(), SITE)

    tweezers.set_positions, tweezers.program = loading, programming
    return asked


@pytest.mark.parametrize(
    ("loaded", "taken"), [([1, 1, 1], 0), ([0, 1, 1], 1), ([0, 0, 1], 2)]
)
def test_sites_are_filled_from_the_reservoir(laboratory, caplog, loaded, taken):
    asked, made = spied(laboratory), plan()
    made.traps = with_reservoir(SITE, 2)
    laboratory.shot.tweezers.occupied = lambda: np.array(loaded, bool)
    for afresh in (True, False):
        laboratory.shot.arrange(made, afresh=afresh)
    assert asked == [("load", 3), ("program", [taken])]
    assert "raise reservoir" not in caplog.text


def test_too_few_loaded_traps_are_told_of(laboratory, caplog):
    made = plan()
    made.positions = np.array([[30e-6, 0.0], [50e-6, 0.0]])
    made.traps = with_reservoir(made.positions, 3)
    laboratory.shot.tweezers.occupied = lambda: np.arange(5) == 4
    laboratory.shot.arrange(made, afresh=True)
    said = "only 1 of 5 traps were loaded, fewer than the 2 sites: 1 stay empty"
    assert said in caplog.text
    np.testing.assert_array_equal(laboratory.shot.tweezers.positions(), made.positions)


def test_traps_move_at_the_speed_that_is_believed(laboratory):
    speeds = []
    made = plan()
    made.traps = with_reservoir(SITE, 1)
    timing = APPARATUS.timing.replace(trap_speed=0.02)
    made.apparatus = replace(APPARATUS, timing=timing)
    tweezers = laboratory.shot.tweezers
    tweezers.occupied = lambda: np.array([False, True])
    tweezers.program = lambda _, *path: speeds.append(top_speed(*path))
    laboratory.shot.arrange(made, afresh=True)
    assert speeds == [pytest.approx(0.02, rel=0.01)]
