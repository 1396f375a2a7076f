"""The sequential basin test on synthetic recall curves of known size."""

from __future__ import annotations

import numpy as np
import pytest

from ccqed_ctrl.model.basins import measure_basin


def curve(size, steepness):
    """Recall probability over distance that passes 0.95 at `size` + 1/2."""

    def probability(distance):
        # A logistic in distance, put where it is 0.95 half a flip beyond `size`.
        offset = np.log(0.95 / 0.05)
        return 1 / (1 + np.exp(steepness * (distance - size - 0.5) - offset))

    return probability


def early_exit(probability, rng, trials=20):
    """The common estimator: up in d until fewer than 95 % of `trials` succeed."""
    distance = 0
    while rng.binomial(trials, probability(distance + 1)) >= 0.95 * trials:
        distance += 1
    return distance


@pytest.mark.parametrize(("size", "steepness"), [(5, 1.5), (20, 0.4), (60, 0.15)])
def test_the_interval_covers_and_the_size_is_not_biased(size, steepness):
    probability = curve(size, steepness)
    rng = np.random.default_rng(size)
    basins = [
        measure_basin(lambda d, n: rng.binomial(n, probability(d)), limit=4 * size)
        for _ in range(150)
    ]
    covered = np.mean([basin.low <= size <= basin.high for basin in basins])
    sizes = np.array([basin.size for basin in basins])
    # Each end errs with about 1 % per test of a search: 95 % over all is promised
    # with room; 150 runs know it to 2 %.
    assert covered >= 0.95
    # One per cent of recall is less than a flip of the shallowest curve.
    flips = 0.01 / (0.95 * 0.05 * steepness)
    assert abs(sizes.mean() - size) < max(0.5, flips)


def test_a_fixed_number_of_trials_with_early_exit_is_biased_low():
    """Every distance is one more chance to fail by luck: large basins lose most."""
    rng = np.random.default_rng(1)

    def lost(size, steepness, trials):
        probability = curve(size, steepness)
        found = [early_exit(probability, rng, trials) for _ in range(300)]
        return 1 - np.mean(found) / size

    assert abs(lost(5, 1.5, 20)) < 0.1
    assert lost(60, 0.05, 20) > 0.3
    assert lost(60, 0.05, 20) > lost(60, 0.05, 100) > lost(60, 0.05, 400) > 0.03
