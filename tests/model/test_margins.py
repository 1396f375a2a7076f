"""Wide-margin maps: the closed form of one example, and stationarity of many."""

from __future__ import annotations

import numpy as np
import pytest

from ccqed_ctrl.model._margins import widest


def spins(rng, *shape):
    return rng.choice(np.array([-1, 1], np.int8), shape)


def test_one_example_has_a_closed_form():
    rng = np.random.default_rng(0)
    x, t = spins(rng, 1, 12), spins(rng, 1, 5)
    # m = c t x: penalty I c^2 |x|^2 + (1 - c |x|^2)^2 is least at 1 / (|x|^2 + p I).
    expected = np.outer(t[0], x[0]) / (12 + 0.1 * 12)
    np.testing.assert_allclose(widest(t, x, (0.1,)), expected, rtol=1e-6)


@pytest.mark.parametrize(("examples", "inputs"), [(8, 20), (20, 20), (60, 20)])
def test_the_gradient_vanishes_with_few_and_with_many_examples(examples, inputs):
    rng = np.random.default_rng(examples)
    x, t = spins(rng, examples, inputs), spins(rng, examples, 7)
    weights = rng.uniform(0.5, 2.0, examples)
    found = widest(t, x, (0.1,), weights)
    short = np.maximum(0, 1 - t * (x @ found.T))
    slope = 0.1 * inputs * found - (weights[:, None] * t * short).T @ x
    assert np.abs(slope).max() < 5e-3 * np.abs(0.1 * inputs * found).max()


@pytest.mark.parametrize("copies", [2, 6])
def test_a_weight_counts_like_repetitions(copies):
    rng = np.random.default_rng(1)
    x, t = spins(rng, 10, 16), spins(rng, 10, 3)
    repeated = (np.repeat(part, copies, axis=0) for part in (t, x))
    np.testing.assert_allclose(
        widest(t, x, (0.1,), np.full(10, float(copies))),
        widest(*repeated, (0.1,)),
        atol=1e-4,
    )


def test_penalties_are_tried_until_the_map_is_exact():
    rng = np.random.default_rng(2)
    x, t = spins(rng, 15, 20), spins(rng, 15, 20)
    hopeless, loose = widest(t, x, (30.0,)), widest(t, x, (30.0, 1e-3, 1e-4))
    assert np.any(np.sign(x @ hopeless.T) != t)
    np.testing.assert_array_equal(np.sign(x @ loose.T), t)
    # What comes after the first that is exact is not looked at.
    np.testing.assert_array_equal(loose, widest(t, x, (30.0, 1e-3)))
