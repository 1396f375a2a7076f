"""Intervals on synthetic data with known answers: how often they cover the truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from analysis.statistics import (
    binomial,
    cluster_bootstrap,
    crossing,
    means,
    ratio_of_sums,
    shares,
)
from ccqed_ctrl.errors import ParameterError, ShapeError


def test_wilson_known_value():
    """Newcombe (1998), 81 of 263: 0.2553 to 0.3662."""
    found = binomial(81, 263)
    assert [found.low, found.high] == pytest.approx([0.2553, 0.3662], abs=5e-5)


@pytest.mark.parametrize("trials", [20, 100, 400])
def test_wilson_covers(trials):
    """Exact coverage, summed over all outcomes, averaged over p: within 1 % of 95 %."""
    k = np.arange(trials + 1)
    found = binomial(k, trials)
    p = np.linspace(0.01, 0.99, 197)[:, None]
    covered = np.sum(
        binom.pmf(k, trials, p) * ((found.low <= p) & (p <= found.high)), axis=1
    )
    assert covered.mean() == pytest.approx(0.95, abs=0.01)
    # The known dips near p = 0 and 1 are the worst.
    assert covered.min() > 0.83


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_wilson_stays_in_the_unit_interval(trials, share):
    found = binomial(int(share * trials), trials)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.high > found.low
    assert found.error > 0


def test_wilson_is_symmetric():
    one, other = binomial(3, 50), binomial(47, 50)
    assert one.low == pytest.approx(1 - other.high)


@pytest.mark.parametrize(("k", "n"), [(3, 2), (-1, 2), (0, 0), (0.5, 2)])
def test_wilson_refuses(k, n):
    with pytest.raises(ShapeError, match="whole"):
        binomial(k, n)
    with pytest.raises(ParameterError, match="confidence"):
        binomial(1, 2, confidence=1.0)


def clustered_shares(rng, clusters, trials=40):
    """Each coupling has its own success probability, Beta(2, 2): the mean is 1/2."""
    return rng.binomial(trials, rng.beta(2, 2, clusters)) / trials


@pytest.mark.parametrize("clusters", [8, 40])
def test_cluster_bootstrap_covers(clusters):
    rng = np.random.default_rng(5)
    repetitions = 600
    inside = 0
    for _ in range(repetitions):
        found = cluster_bootstrap(clustered_shares(rng, clusters), rng, resamples=200)
        inside += int(found.low <= 0.5 <= found.high)
    # The standard error of a coverage of 0.95 from 600 repetitions is 0.009.
    assert inside / repetitions == pytest.approx(0.95, abs=0.03)


def test_trials_alone_would_not_cover():
    """Why couplings are drawn again: pooled trials cover far less than they claim."""
    rng = np.random.default_rng(6)
    inside = 0
    for _ in range(600):
        shares = clustered_shares(rng, 40)
        found = binomial(int(round(shares.sum() * 40)), 40 * 40)
        inside += int(found.low <= 0.5 <= found.high)
    assert inside / 600 < 0.6


def test_cluster_bootstrap_of_a_slope_covers():
    """A statistic over rows (K, 2): the slope of y on x with clusters of points."""
    rng = np.random.default_rng(7)

    def slope(rows):
        x, y = (rows - rows.mean(axis=0)).T
        return x @ y / (x @ x)

    inside = 0
    for _ in range(200):
        x = rng.uniform(0, 1, 30)
        y = 2 * x + rng.standard_normal(30)
        found = cluster_bootstrap(
            np.stack([x, y], axis=1), rng, statistic=slope, resamples=200
        )
        inside += int(found.low <= 2 <= found.high)
    assert inside / 200 == pytest.approx(0.95, abs=0.05)


def test_standard_error_is_that_of_the_mean():
    rng = np.random.default_rng(8)
    values = rng.standard_normal((50, 3))
    found = cluster_bootstrap(values, rng, resamples=4000)
    expected = values.std(axis=0, ddof=1) / np.sqrt(50)
    np.testing.assert_allclose(found.error, expected, rtol=0.05)
    np.testing.assert_allclose(found.value, values.mean(axis=0))
    assert found.bars.shape == (2, 3)


def test_ratio_of_sums_pools():
    rows = np.array([[1.0, 2.0], [9.0, 10.0]])
    assert ratio_of_sums(rows) == pytest.approx(10 / 12)


@pytest.mark.parametrize("bad", [[1.0], [1.0, np.nan], 3.0])
def test_cluster_bootstrap_refuses(bad):
    with pytest.raises(ShapeError, match="two rows"):
        cluster_bootstrap(bad, np.random.default_rng(0))


def test_cluster_bootstrap_refuses_few_resamples():
    with pytest.raises(ParameterError, match="resamples"):
        cluster_bootstrap([1.0, 2.0], np.random.default_rng(0), resamples=5)


def test_a_level_is_crossed_between_two_points():
    x = (0.1, 0.2, 0.4)
    assert crossing(x, [0.9, 0.6, 0.4], 0.5) == pytest.approx(0.3)
    assert crossing(x, [1.0, 0.9, 0.8], 0.5) == 0.4
    assert crossing(x, [0.5, 0.2, 0.8], 0.5) == 0.1
    for bad in ([], [1.0, 0.2], [1.0, np.nan, 0.0]):
        with pytest.raises(ShapeError):
            crossing(x if bad else [], bad, 0.5)


def test_shares_and_means_of_groups():
    group = [0, 0, 0, 2]
    share = shares([True, False, True, True], group, 3)
    alone = binomial([2, 1], [3, 1])
    np.testing.assert_allclose(share.value, [2 / 3, np.nan, 1.0])
    np.testing.assert_allclose(share.low[[0, 2]], alone.low)
    assert share.interval.shape == (3, 2)
    mean = means([1.0, 2.0, 6.0, 5.0], group, 3)
    np.testing.assert_allclose(mean.value, [3.0, np.nan, 5.0])
    # Three values: standard deviation sqrt(7), Student's t of two degrees 4.303.
    np.testing.assert_allclose(mean.error, [np.sqrt(7 / 3), np.nan, np.nan])
    assert mean.high[0] - mean.value[0] == pytest.approx(4.3027 * np.sqrt(7 / 3), 1e-4)
