"""Detection: interference, noise of the right size, gain, clipping."""

from __future__ import annotations

import numpy as np
import pytest

from ccqed_ctrl.params import Imaging
from sim_backend.laboratory.physics import detection

QUIET = Imaging(pixels=16, read_noise=0.0, offset=0.0, electrons_per_count=1.0)


def frame(mean, imaging, seed=0, shape=(300, 300)):
    rng = np.random.default_rng(seed)
    counts = detection.expose(np.full(shape, float(mean)), imaging, rng)
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


def test_interference():
    signal, reference = np.array([[3.0, 3.0, 3j]]), np.array([[4.0, -4.0, 4.0]])
    np.testing.assert_allclose(
        detection.hologram_rate(signal, reference), [[49.0, 1.0, 25.0]]
    )
