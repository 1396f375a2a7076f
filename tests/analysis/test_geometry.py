"""A common place and the traps' map, fitted to synthetic shots."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.geometry import common_place, fit_affine
from ccqed_ctrl.errors import FitError

MATRIX = np.array([[1.02, -0.01], [0.012, 0.99]])
SHIFT = np.array([1e-6, -2e-6])


def places(rng, count=60, noise=0.2e-6):
    sent = rng.normal(scale=40e-6, size=(count, 2))
    return sent, sent @ MATRIX.T + SHIFT + rng.normal(scale=noise, size=sent.shape)


def test_the_map_is_found_with_true_errors():
    pulls = []
    for seed in range(60):
        sent, seen = places(np.random.default_rng(seed))
        seen[3] = np.nan  # a dark trap
        fit = fit_affine(sent, seen)
        pulls.append(np.r_[((fit.matrix - MATRIX) / fit.matrix_error).ravel(),
                           (fit.shift - SHIFT) / fit.shift_error])  # fmt: skip
        assert fit.scatter == pytest.approx(0.2e-6, rel=0.3)
    # 360 pulls.
    assert abs(np.mean(pulls)) < 0.2
    assert 0.85 < np.std(pulls) < 1.15


def test_a_map_without_noise_is_exact():
    sent, seen = places(np.random.default_rng(0), noise=0.0)
    fit = fit_affine(sent, seen)
    np.testing.assert_allclose(fit.matrix, MATRIX, rtol=1e-9)
    np.testing.assert_allclose(fit.shift, SHIFT, rtol=1e-6)


def test_a_distorted_map_is_refused():
    sent, seen = places(np.random.default_rng(1))
    bent = seen + 0.03 * np.sum(sent**2, axis=1, keepdims=True) / 100e-6
    with pytest.raises(FitError, match="is not affine"):
        fit_affine(sent, bent)


def test_swapped_traps_are_refused():
    sent, seen = places(np.random.default_rng(1))
    seen[[2, 9]] = seen[[9, 2]]
    with pytest.raises(FitError, match="a site swapped"):
        fit_affine(sent, seen)


def test_too_little_is_refused():
    sent, seen = places(np.random.default_rng(2), count=12)
    seen[:4] = np.nan
    with pytest.raises(FitError, match="8 of 12 traps show light"):
        fit_affine(sent, seen)
    line = np.outer(np.arange(20), [3e-6, 3e-6])
    with pytest.raises(FitError, match="not on a line"):
        fit_affine(line, line)


def test_a_place_is_the_mean_of_the_shots_that_show_one():
    shots = np.array([[1.0, 2.0], [3.0, 2.2], [np.nan, 0.0], [2.0, 2.4]]) * 1e-6
    place = common_place(shots)
    np.testing.assert_allclose(place.value, [2e-6, 2.2e-6])
    np.testing.assert_allclose(place.error, np.array([1.0, 0.2]) * 1e-6 / np.sqrt(3))
    place = common_place(shots, 1e-6)
    np.testing.assert_allclose(place.error**2 * 1e12, np.array([1, 0.04]) / 3 + 1)


@pytest.mark.parametrize(
    ("shots", "sentence"),
    [
        ([[0, 0], [np.nan, 0], [0, 0]], "2 of 3 shots show a place"),
        ([[0, 0], [9e-6, 0], [0, 0]], "scatters by 5.2 um"),
    ],
)
def test_shots_that_do_not_tell_are_refused(shots, sentence):
    with pytest.raises(FitError, match=sentence):
        common_place(shots)
