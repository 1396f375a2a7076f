"""Photon transfer of known cameras: pulls, excess noise, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.readout.backgrounds import (
    BackgroundReader,
    fit_photon_transfer,
    unexposed,
)
from ccqed_ctrl.backgrounds import BackgroundRecord as R
from ccqed_ctrl.ending import Verdict
from ccqed_ctrl.errors import FitError
from ccqed_ctrl.params import Imaging
from sim_backend.laboratory.imperfections import Camera
from sim_backend.laboratory.pixels import Pixels

IMAGING = Imaging(pixels=64, offset=500.0, electrons_per_count=1.5, read_noise=6.0)
LEVELS = (500.0, 1000.0, 2000.0, 4000.0)


def read(pixels, level, rng):
    """Return what is read of a dark and a lit pair."""
    light = np.full((4, 64, 64), level)
    light[:2] = 0
    frames = np.stack([pixels.expose(one, rng) for one in light])
    clipped = np.count_nonzero(frames >= pixels.imaging.saturation)
    return BackgroundReader().read(None, {R.frames: frames, R.saturated: clipped})


def transfer(pixels, rng, levels=LEVELS):
    """Return the fit of one pair at each level."""
    rows = [read(pixels, level, rng).rows for level in levels]
    lit, variance, dark = ([row[entry] for row in rows] for entry in
                           (R.lit, R.lit_variance, R.dark_variance))  # fmt: skip
    return fit_photon_transfer(
        lit, variance, unexposed(dark, np.ones(len(dark))), 64**2
    )


@pytest.mark.parametrize("gain", [1.0, 20.0])
def test_pulls_of_the_gain_are_normal(gain):
    pixels = Pixels(IMAGING, Camera(em_gain=gain))
    true = IMAGING.electrons_per_count / gain / (2 - 1 / gain)
    fits = [transfer(pixels, np.random.default_rng(seed)) for seed in range(60)]
    pulls = np.array([(fit.electrons_per_count - true) / fit.error for fit in fits])
    assert abs(pulls.mean()) < 5 / np.sqrt(60)
    assert 0.7 < pulls.std() < 1.35
    # In these electrons, light has Poisson's noise: F^2 is out of sight.
    noise = IMAGING.read_noise * true / IMAGING.electrons_per_count
    found = [fit.read_noise for fit in fits]
    assert np.mean(found) == pytest.approx(noise, rel=0.02)


def test_a_pair_gives_offset_and_variances(rng):
    rows = read(Pixels(IMAGING), 3000.0, rng).rows
    assert rows[R.dark] == pytest.approx(500, abs=0.3)
    assert rows[R.lit] == pytest.approx(2000, rel=5e-3)
    # The standard error of a variance of 4096 pixels is 2.2 %.
    assert rows[R.dark_variance] == pytest.approx(16 + 1 / 12, rel=0.1)
    assert rows[R.lit_variance] == pytest.approx((3000 + 36) / 1.5**2, rel=0.1)


def test_full_wells_are_no_straight_line(rng):
    with pytest.raises(FitError, match="are pixels full"):
        transfer(Pixels(IMAGING, Camera(full_well=3950)), rng)


def test_without_light_there_is_no_gain(rng):
    with pytest.raises(FitError, match="is the local oscillator on"):
        fit_photon_transfer([-0.1, -0.2], [16, 16], (16, 0.1), 4096)
    with pytest.raises(FitError, match="two levels"):
        fit_photon_transfer([500.0, 500.0], [300, 300], (16, 0.1), 4096)


def test_stray_light_is_not_taken_for_the_offset(rng):
    exposure = np.repeat([1e-5, 2e-5, 4e-5], 20)
    pulls = []
    for _ in range(50):
        dark = 500 + 7e4 * exposure + rng.normal(scale=0.3, size=60)
        value, error = unexposed(dark, exposure)
        pulls.append((value - 500) / error)
    assert abs(np.mean(pulls)) < 0.5
    assert 0.75 < np.std(pulls) < 1.3
    assert unexposed([3.0, 5.0], [1.0, 2.0]) == (4.0, 1.0)
    with pytest.raises(FitError, match="one dark frame alone"):
        unexposed([3.0], [1.0])


def test_clipped_frames_are_a_verdict(rng):
    saturated = read(Pixels(IMAGING.replace(saturation=2000)), 3000.0, rng)
    assert saturated.verdict is Verdict.saturated
    assert read(Pixels(IMAGING), 3000.0, rng).verdict is Verdict.ok
