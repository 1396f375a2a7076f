"""Pixels: noise of the right size, gain, clipping, and the kinds of cameras."""

from __future__ import annotations

import numpy as np
import pytest

from ccqed_ctrl.params import Imaging
from sim_backend.laboratory.imperfections import Camera
from sim_backend.laboratory.pixels import Pixels

QUIET = Imaging(pixels=16, read_noise=0.0, offset=0.0, electrons_per_count=1.0)


def frame(mean, imaging, seed=0, shape=(300, 300), **camera):
    rng = np.random.default_rng(seed)
    pixels = Pixels(imaging, Camera(**camera))
    counts = pixels.expose(np.full(shape, float(mean)), rng)
    assert counts.dtype == np.uint16
    assert counts.shape == shape
    return counts.astype(float)


def mean_and_variance(counts):
    """Return both with their standard errors, Gaussian statistics."""
    n, variance = counts.size, counts.var()
    return counts.mean(), np.sqrt(variance / n), variance, variance * np.sqrt(2 / n)


@pytest.mark.parametrize("mean", [2.0, 30.0, 5000.0])
def test_shot_noise_has_the_variance_of_its_mean(mean):
    average, error, variance, spread = mean_and_variance(frame(mean, QUIET))
    assert abs(average - mean) < 5 * error
    # The fourth moment of a Poisson law adds 1/mean to the Gaussian 2.
    spread *= np.sqrt(1 + 1 / (2 * mean))
    assert abs(variance - mean) < 5 * spread


def test_gain_offset_and_read_noise():
    imaging = QUIET.replace(read_noise=6.0, offset=500.0, electrons_per_count=1.5)
    average, error, variance, spread = mean_and_variance(frame(3000, imaging))
    assert abs(average - (500 + 3000 / 1.5)) < 5 * error
    # Rounding to counts adds 1/12.
    assert abs(variance - ((3000 + 36) / 1.5**2 + 1 / 12)) < 5 * spread


def test_a_dark_frame_is_read_noise_around_the_offset():
    imaging = QUIET.replace(read_noise=9.0, offset=500.0)
    average, error, variance, spread = mean_and_variance(frame(0, imaging))
    assert abs(average - 500) < 5 * error
    assert abs(variance - (81 + 1 / 12)) < 5 * spread


def test_counts_clip_at_both_ends():
    imaging = QUIET.replace(saturation=1000)
    assert (frame(1e6, imaging) == 1000).all()
    dark = frame(0, QUIET.replace(read_noise=5.0))
    assert dark.min() == 0
    assert 0.4 < np.mean(dark == 0) < 0.6


def test_pixels_are_independent():
    counts = frame(100, QUIET)
    centred = counts - counts.mean()
    neighbours = np.mean(centred[:, 1:] * centred[:, :-1]) / counts.var()
    assert abs(neighbours) < 5 / np.sqrt(counts.size)


def test_the_same_seed_the_same_frame():
    np.testing.assert_array_equal(frame(50, QUIET, 1), frame(50, QUIET, 1))
    assert np.any(frame(50, QUIET, 1) != frame(50, QUIET, 2))


# Kinds of cameras -------------------------------------------------------------------


def photon_transfer(pixels, levels=(200, 400, 800, 1600)):
    """Return slope and intercept of variance over mean, dark counts off, and errors.

    The variance is of differences of two frames: what differs from pixel to pixel
    drops out.
    """
    rng, shape = np.random.default_rng(7), (pixels.imaging.pixels,) * 2
    dark = pixels.expose(np.zeros(shape), rng).mean()
    means, variances = [], []
    for level in levels:
        one, two = (
            pixels.expose(np.full(shape, float(level)), rng).astype(float)
            for _ in range(2)
        )
        means.append((one + two).mean() / 2 - dark)
        variances.append((one - two).var() / 2)
    weights = 1 / (np.array(variances) * np.sqrt(2 / one.size))
    line, covariance = np.polyfit(means, variances, 1, w=weights, cov="unscaled")
    return line, np.sqrt(np.diag(covariance))


@pytest.mark.parametrize(
    ("gain", "per_count", "read"), [(1.0, 1.5, 6.0), (3.0, 2.0, 9.0), (50.0, 8.0, 40.0)]
)
def test_photon_transfer_gives_gain_with_its_excess_noise_and_read_noise(
    gain, per_count, read
):
    imaging = QUIET.replace(
        pixels=300, offset=500.0, electrons_per_count=per_count, read_noise=read
    )
    line, errors = photon_transfer(Pixels(imaging, Camera(em_gain=gain)))
    excess = 2 - 1 / gain
    expected = [excess * gain / per_count, (read / per_count) ** 2 + 1 / 12]
    assert np.all(np.abs(line - expected) < 5 * errors)
    assert errors[0] < 0.01 * expected[0]


def test_unequal_pixels_drop_out_of_photon_transfer_and_stay_in_a_mean_of_frames():
    imaging = QUIET.replace(pixels=300, offset=500.0, electrons_per_count=0.5)
    camera = Camera(offset_spread=20.0, gain_spread=0.02)
    pixels = Pixels.drawn(imaging, camera, np.random.default_rng(1))
    line, errors = photon_transfer(pixels)
    # Gains scatter by 2 %: their mean square is 4e-4 above one.
    assert abs(line[0] - 2) < 5 * errors[0]
    rng = np.random.default_rng(2)
    dark, lit = (
        np.mean([pixels.expose(np.full((300, 300), level), rng) for _ in range(8)], 0)
        for level in (0.0, 10_000.0)
    )
    assert dark.std() == pytest.approx(20, rel=0.02)
    gains = (lit - dark) / 20_000
    assert gains.std() == pytest.approx(np.hypot(0.02, 1e-2 / np.sqrt(8)), rel=0.02)
    assert gains.mean() == pytest.approx(1, abs=1e-3)


def test_a_full_well_clips_before_the_register():
    full = frame(5e4, QUIET, full_well=3e4)
    assert (full == 30_000).all()
    # Half of Poisson's law lies above its mean, and is cut there.
    cut = frame(900, QUIET, full_well=900)
    assert cut.max() == 900
    assert np.mean(cut == 900) == pytest.approx(0.5, abs=0.02)
    amplified = frame(5e4, QUIET, full_well=1e3, em_gain=10.0)
    assert amplified.mean() == pytest.approx(1e4, rel=1e-3)
    assert amplified.var() == pytest.approx(1e3 * 10 * 9, rel=0.02)
