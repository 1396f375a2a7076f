"""A DMD of mirrors in the twin: what its light writes, and pictures too fast."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ccqed_ctrl.errors import LimitError
from ccqed_ctrl.model.layout import sample_layout
from sim_backend.laboratory.controllers.dmd import SimulatedDmd
from sim_backend.laboratory.imperfections import PatternDisplay, Resolution
from sim_backend.laboratory.physics.geometry import turned
from sim_backend.laboratory.plant import Plant
from sim_backend.laboratory.scenario import Scenario
from tests.laboratory.bench import PERFECT, WIRING

SITES = sample_layout(12, 25e-6, 12e-6, np.random.default_rng(5))
AMPLITUDES = np.random.default_rng(6).uniform(0.3, 1, 12) * np.tile([1, -1], 6)
MIRRORS = Scenario().mirrors.replace(columns=512, rows=400)
PIXELS = PatternDisplay(pixels=True)


def laboratory(**changes):
    """Return a DMD and its plant, with atoms where the sites are."""
    told = {"dmd": PIXELS, "mirrors": MIRRORS, "imperfections": PERFECT} | changes
    plant = Plant(dataclasses.replace(Scenario(), **told), WIRING, seed=1)
    plant.plant = plant
    plant.get = lambda name: plant
    plant.load_sites(SITES)
    return SimulatedDmd(plant), plant


def written(spots=SITES, **changes):
    """Return the field (N,) at the sites, K f, once spots of AMPLITUDES are shown."""
    dmd, plant = laboratory(**changes)
    dmd.display(dmd.load("cue", spots, AMPLITUDES))
    return plant.atoms.pattern_field


def assert_close(found, expected, tolerance):
    assert np.abs(found - expected).max() < tolerance * np.abs(expected).max()


def test_mirrors_write_what_spots_do():
    spots = written(dmd=PatternDisplay())
    mirrors = written()
    assert_close(mirrors, spots, 0.03)
    assert np.all(np.sign(mirrors) == np.sign(spots))
    assert np.abs(mirrors - spots).max() > 1e-4 * np.abs(spots).max()  # of mirrors


@pytest.mark.parametrize(
    ("truth", "where"),
    [
        ({"centre_x": 4e-6, "centre_y": -2e-6}, lambda spots: spots + [4e-6, -2e-6]),
        ({"rotation": 0.1}, lambda spots: turned(spots, 1.0, 0.1)),
        ({"mirrored": True}, lambda spots: spots * [1, -1]),
    ],
    ids=["moved", "turned", "mirrored"],
)
def test_spots_land_where_the_mirrors_truly_are(truth, where):
    """The driver believes in standard optics; the light goes by the true ones."""
    found = written(mirrors=MIRRORS.replace(**truth))
    assert_close(found, written(where(SITES), dmd=PatternDisplay()), 0.06)
    believed = written(dmd=PatternDisplay())
    assert np.abs(found - believed).max() > 0.2 * np.abs(believed).max()


def test_mirrors_are_blurred_as_spots_are():
    blurred = Resolution(dmd=2e-6)
    expected = written(dmd=PatternDisplay(), resolution=blurred)
    assert_close(written(resolution=blurred), expected, 0.03)


def test_a_pattern_beyond_the_mirrors_is_not_taken():
    dmd, _ = laboratory()
    with pytest.raises(LimitError, match="spot 0 is on mirror"):
        dmd.load("far", SITES + [100e-6, 0.0], AMPLITUDES)
    assert dmd.status()["patterns"] == []


def test_a_picture_that_comes_too_fast_is_skipped_and_the_reading_says_so():
    dmd, plant = laboratory(dmd=PatternDisplay(picture_time=50e-6))
    first, second = (dmd.load(name, SITES, AMPLITUDES) for name in ("a", "b"))
    dmd.display(first)
    plant.advance([], 49_999)
    dmd.display(second)
    assert dmd.displayed() == first
    plant.advance([], 50_000)
    dmd.display(second)
    assert dmd.displayed() == second
