"""What speaks against a shot, one thing at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.readout.decode import Readout
from analysis.readout.verdicts import of_devices, of_reading
from ccqed_ctrl.ending import Verdict
from ccqed_ctrl.holograms import HologramRecord as R

FRAMES = np.full((2, 10, 10), 1500, np.uint16)
LIGHT = np.array([1000.0, 1000.0])
TOLD = {R.frames: FRAMES, R.saturated: 0, R.sequence: [0, 1], R.pattern_shown: True}
WRITTEN = np.array([1, 1, -1, -1, 1])
SIZE = 4e-6
FOUND = Readout(
    amplitudes=WRITTEN * np.exp(0.3j) * 50, spins=WRITTEN.astype(np.int8),
    error_probability=np.zeros(5), phase=0.3, residual_fraction=0.0, displacement=0.0,
    displacement_chance=1.0, saturated=0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ({}, Verdict.ok),
        ({R.sequence: [1, 0]}, Verdict.wrong_frames),
        ({R.sequence: [0, 2]}, Verdict.wrong_frames),
        ({R.pattern_shown: False}, Verdict.wrong_pattern),
        ({R.cavity_locked: False}, Verdict.unlocked),
        ({R.lateness: [0.0, np.nan]}, Verdict.ok),
        ({R.lateness: [0.0, 9e-6]}, Verdict.ok),
        ({R.lateness: [0.0, 11e-6]}, Verdict.late),
        ({R.lateness: [0.0, -11e-6]}, Verdict.late),  # the first was
        ({R.lateness: [0.0, 19e-6], R.exposure: 200e-6}, Verdict.ok),
        ({R.lateness: [0.0, 21e-6], R.exposure: 200e-6}, Verdict.late),
        ({R.saturated: 2}, Verdict.ok),  # 1 % of 200 pixels
        ({R.saturated: 3}, Verdict.saturated),
    ],
)
def test_what_devices_tell(told, verdict):
    assert of_devices(TOLD | told) is verdict


def test_what_an_older_file_does_not_hold_speaks_against_nothing():
    assert of_devices({R.frames: FRAMES, R.saturated: 0}) is Verdict.ok


def judged(found, reference=LIGHT, written=WRITTEN, **more):
    """Return the verdict of a reading."""
    return of_reading(found, SIZE, reference, written, **more)


def test_a_shot_as_it_should_be():
    assert judged(FOUND) is Verdict.ok
    assert judged(FOUND, written=None) is Verdict.ok
    assert judged(FOUND, written=np.zeros(5)) is Verdict.ok


@pytest.mark.parametrize("dim", [0, 1])
@pytest.mark.parametrize(
    ("share", "verdict"), [(0.95, Verdict.ok), (0.85, Verdict.late)]
)
def test_either_frame_may_lack_reference_light(dim, share, verdict):
    light = LIGHT.copy()
    light[dim] *= share
    assert judged(FOUND, light) is verdict


def test_no_spins_are_dark_whatever_was_written():
    assert judged(replace(FOUND, spins=np.zeros(5, np.int8))) is Verdict.dark


def test_misfits_may_turn_but_not_the_state():
    some = np.array([-1, -1, 1, -1, 1], np.int8)  # 3 of 5: a mean of -0.2
    assert judged(replace(FOUND, spins=some)) is Verdict.ok
    most = np.array([-1, -1, 1, 1, 1], np.int8)  # 4 of 5: -0.6
    assert judged(replace(FOUND, spins=most)) is Verdict.inverted
    assert judged(replace(FOUND, spins=most), written=None) is Verdict.ok


def test_an_empty_site_is_named_unless_something_else_spoilt_the_shot():
    seen = np.array([True, True, False, True, True])
    dim = replace(FOUND, amplitudes=FOUND.amplitudes * seen, spins=FOUND.spins * seen)
    assert judged(dim, occupied=seen) is Verdict.lost_sites
    assert judged(FOUND, occupied=seen) is Verdict.lost_sites
    assert judged(dim, occupied=np.ones(5, bool)) is Verdict.dim_sites
    assert judged(dim, LIGHT * [1, 0.8], occupied=seen) is Verdict.late
    turned = replace(FOUND, spins=-FOUND.spins)
    assert judged(turned, occupied=seen) is Verdict.inverted


def test_a_dim_ensemble_speaks_against_a_shot_if_it_has_no_sign():
    light = FOUND.amplitudes * [1, 0.1, 1, 1, 1]
    dim = replace(FOUND, amplitudes=light)
    assert judged(dim) is Verdict.ok
    signless = replace(dim, spins=np.array([1, 0, -1, -1, 1], np.int8))
    assert judged(signless) is Verdict.dim_sites
    doubtful = replace(signless, amplitudes=FOUND.amplitudes)  # noise, not loss
    assert judged(doubtful) is Verdict.ok


@pytest.mark.parametrize(
    ("displacement", "chance", "verdict"),
    [
        (1.1e-6, 1e-7, Verdict.displaced),
        (0.9e-6, 0.0, Verdict.ok),  # too little to matter: a quarter of SIZE
        (3e-6, 1e-3, Verdict.ok),  # noise of a dim shot
    ],
)
def test_light_from_beside_the_sites(displacement, chance, verdict):
    found = replace(FOUND, displacement=displacement, displacement_chance=chance)
    assert judged(found) is verdict
    # Sites that lose their light by it are not what is wrong.
    spins = np.array([1, 0, -1, -1, 1], np.int8)
    dim = replace(found, amplitudes=FOUND.amplitudes * [1, 0.1, 1, 1, 1], spins=spins)
    assert judged(dim) is (verdict if displacement == 1.1e-6 else Verdict.dim_sites)
