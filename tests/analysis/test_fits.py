"""Fits of data with known answers: how often errors cover the truth; refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from analysis.fits import CHANCE, fit_basin, fit_threshold
from ccqed_ctrl.errors import FitError, ParameterError, ShapeError

# Threshold ----------------------------------------------------------------------------

SCALE = 4.4
POWERS = np.array([0.5, 0.7, 1.2, 1.22, 1.25, 1.3, 1.35, 2.0, 2.2, 2.4])
SHOTS = 8
POWER = np.tile(POWERS, SHOTS)


def emissions(rng, power=POWER, threshold=1.0, ensembles=3, spread=0.02, noise=2e-4):
    """Return |c|^2 (S, N): mean-field ensembles whose atom numbers scatter, in noise.

    noise: variance of each quadrature of c.
    """
    atoms = 1 + spread * rng.standard_normal((len(power), ensembles))
    ratio = atoms * power[:, None] / threshold
    magnetization = np.sqrt(np.maximum(1 - 1 / np.maximum(ratio, 1e-9) ** 2, 0))
    amplitudes = np.sqrt(SCALE * power)[:, None] * atoms * magnetization
    quadratures = np.sqrt(noise) * rng.standard_normal((2, *amplitudes.shape))
    return np.abs(amplitudes + quadratures[0] + 1j * quadratures[1]) ** 2


def least_error(power, threshold, ensembles, spread, noise):
    """Return the Cramer-Rao bound of the threshold, noise known and scale not."""
    P = np.repeat(power[power > threshold], ensembles)
    m2 = 1 - (threshold / P) ** 2
    variance = (2 * SCALE * spread * P) ** 2 + 4 * noise * (SCALE * P * m2 + noise)
    slopes = np.stack([-2 * SCALE * threshold / P, P * m2])
    return float(np.sqrt(np.linalg.inv(slopes / variance @ slopes.T)[0, 0]))


@pytest.mark.parametrize(
    ("threshold", "spread", "noise", "efficiency"),
    [
        (1.0, 0.02, 2e-4, 1.1),
        (0.9, 0.02, 2e-4, 1.1),
        (1.1, 0.02, 2e-4, 2.0),
        (1.0, 0.02, 1e-1, 1.2),  # dim: photons rule, not atoms
        (1.0, 0.08, 2e-4, 1.1),
        (1.0, 1e-4, 2e-4, 1.2),  # always the same atoms
    ],
)
def test_pulls_are_normal_and_errors_what_noise_allows(
    threshold, spread, noise, efficiency
):
    pulls, errors = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        data = emissions(rng, threshold=threshold, spread=spread, noise=noise)
        fit = fit_threshold(POWER, data)
        pulls.append((fit.threshold - threshold) / fit.error)
        errors.append(fit.error)
    assert abs(np.mean(pulls)) < 0.25
    assert 0.85 < np.std(pulls) < 1.15
    assert np.mean(np.abs(pulls) > 2) < 0.09
    bound = least_error(POWER, threshold, 3, spread, noise)
    assert 0.9 < np.mean(errors) / bound < efficiency


def test_what_else_is_found():
    fit = fit_threshold(POWER, emissions(np.random.default_rng(1)))
    assert fit.scale == pytest.approx(SCALE, rel=0.03)
    assert fit.scatter / (2 * fit.scale) == pytest.approx(0.02, rel=0.2)
    assert fit.noise == pytest.approx(2 * 2e-4, rel=0.5)
    assert fit.degrees == 8 - 2
    np.testing.assert_allclose(fit.curve([0.0 + 1e-3, fit.threshold]), fit.noise)
    assert fit.curve(2.0) == pytest.approx(
        fit.noise + fit.scale * (2 - fit.threshold**2 / 2)
    )


@settings(deadline=None, max_examples=30)
@given(
    unit=st.floats(1e-6, 1e6), strength=st.floats(1e-6, 1e6), seed=st.integers(0, 99)
)
def test_units_do_not_matter(unit, strength, seed):
    data = emissions(np.random.default_rng(seed))
    plain = fit_threshold(POWER, data)
    scaled = fit_threshold(unit * POWER, strength * data)
    assert scaled.threshold == pytest.approx(unit * plain.threshold, rel=1e-6)
    assert scaled.error == pytest.approx(unit * plain.error, rel=1e-6)
    assert scaled.chi_squared == pytest.approx(plain.chi_squared, rel=1e-6)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 99), order=st.randoms(use_true_random=False))
def test_order_and_shape_do_not_matter(seed, order):
    data = emissions(np.random.default_rng(seed), ensembles=2)
    rows = list(range(len(POWER)))
    order.shuffle(rows)
    plain, shuffled = (
        fit_threshold(POWER, data),
        fit_threshold(POWER[rows], data[rows]),
    )
    flat = fit_threshold(np.repeat(POWER, 2), data.ravel())
    assert shuffled.threshold == pytest.approx(plain.threshold, rel=1e-9)
    assert flat.error == pytest.approx(plain.error, rel=1e-9)


def test_what_happens_close_to_the_threshold_does_not_matter():
    """An onset rounded by stray light or few atoms does not pull the threshold."""
    powers = np.append(POWER, np.repeat([0.95, 1.0, 1.05], SHOTS))
    data = emissions(np.random.default_rng(4), powers)
    rounded = data.copy()
    rounded[len(POWER) :] += 0.3
    assert fit_threshold(powers, rounded) == fit_threshold(powers, data)


def test_a_right_curve_is_hardly_ever_refused():
    """Few shots too: chance is distributed as it says."""
    chances = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        power = np.tile(POWERS, 3)
        chances.append(fit_threshold(power, emissions(rng, power, ensembles=1)).chance)
    assert np.mean(np.array(chances) < 0.1) == pytest.approx(0.1, abs=0.06)
    assert np.mean(chances) == pytest.approx(0.5, abs=0.06)
    assert CHANCE < 1e-3


@pytest.mark.parametrize(
    ("powers", "reason"),
    [
        (0.4 * POWERS, "does not rise|no emission shows|the threshold is near"),
        (np.linspace(1.3, 3.0, 10), "the threshold is near"),
        (np.linspace(0.5, 1.2, 10), "the threshold is near"),
        (np.array([0.5, 1.5, 2.0]), "4 powers or more"),
    ],
)
def test_no_threshold_in_range(powers, reason):
    for seed in range(20):
        power = np.tile(powers, SHOTS)
        data = emissions(np.random.default_rng(seed), power)
        with pytest.raises(FitError, match=reason):
            fit_threshold(power, data)


def test_noise_alone_has_no_threshold():
    """A false alarm needs a rise of five deviations and a curve that fits."""
    for seed in range(300):
        data = np.random.default_rng(seed).exponential(1.0, (len(POWER), 3))
        with pytest.raises(FitError):
            fit_threshold(POWER, data)


def test_emission_of_another_law_is_refused():
    """Proportional to the power, from the start or with a jump, or a straight line."""
    scatter = 1 + 0.02 * np.random.default_rng(0).standard_normal((len(POWER), 3))
    for law in (POWER, np.where(POWER > 1, POWER, 0.0), np.maximum(POWER - 1, 0)):
        with pytest.raises(FitError):
            fit_threshold(POWER, law[:, None] * scatter + 1e-3 * scatter)


def test_drift_is_refused():
    """The last powers were taken when half of the atoms were gone."""
    data = emissions(np.random.default_rng(0))
    data[POWER == 2.4] *= 0.8
    with pytest.raises(FitError, match="does not follow P - P_th"):
        fit_threshold(POWER, data)


def test_one_shot_at_a_power_tells_no_scatter():
    data = emissions(np.random.default_rng(0), POWERS, ensembles=1)
    with pytest.raises(FitError, match="two emissions or more at each"):
        fit_threshold(POWERS, data[:, 0])


def test_emissions_without_scatter_have_no_error():
    law = SCALE * np.maximum(POWER - 1 / POWER, 0)
    with pytest.raises(FitError, match="all equal"):
        fit_threshold(POWER, law)


def test_bad_threshold_input():
    data = emissions(np.random.default_rng(0))
    with pytest.raises(ShapeError, match="emission"):
        fit_threshold(POWER, data[1:])
    with pytest.raises(ShapeError, match="finite"):
        fit_threshold(POWER, np.where(data > 4, np.nan, data))
    with pytest.raises(ParameterError, match="powers must be > 0"):
        fit_threshold(POWER - 0.5, data)
    with pytest.raises(FitError, match="0 emissions at 0 powers"):
        fit_threshold([], [])


# Basin --------------------------------------------------------------------------------


def recalled(rng, corruption, width, fall, trials):
    """Draw successes (K,); `fall` is the width of the logistic curve."""
    chance = expit((width - corruption) / fall)
    return rng.binomial(trials, chance), np.full(len(corruption), trials)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("corruption", "width", "fall", "trials"),
    [
        (np.linspace(0, 0.4, 9), 0.2, 0.04, 20),
        (np.linspace(0, 0.4, 9), 0.12, 0.02, 50),
        (np.linspace(0, 0.3, 7), 0.2, 0.04, 8),
    ],
)
def test_basin_intervals_cover(corruption, width, fall, trials):
    inside, one, widths = 0, 0, []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        fit = fit_basin(corruption, *recalled(rng, corruption, width, fall, trials))
        inside += fit.low <= width <= fit.high
        one += abs(fit.width - width) <= fit.error
        widths.append(fit.width)
    # Of 120, 0.02 and 0.042 are one standard error.
    assert inside / 120 == pytest.approx(0.95, abs=0.05)
    assert one / 120 == pytest.approx(0.683, abs=0.1)
    assert np.mean(widths) == pytest.approx(width, abs=0.3 * fit.error)


def test_basin_of_many_counts_is_the_truth():
    corruption = np.linspace(0, 0.4, 9)
    trials = np.full(9, 10**8)
    counts = np.rint(1e8 * expit((0.17 - corruption) / 0.03))
    fit = fit_basin(corruption, counts, trials)
    assert fit.width == pytest.approx(0.17, abs=1e-5)
    assert fit.steepness == pytest.approx(1 / (4 * 0.03), rel=1e-3)
    assert fit.error < 1e-4
    assert fit.curve(0.17) == pytest.approx(0.5, abs=1e-3)


def test_single_cues_are_the_same_as_their_sums():
    corruption, counts = np.array([0.0, 0.1, 0.2, 0.3]), np.array([5, 4, 2, 0])
    summed = fit_basin(corruption, counts, np.full(4, 5))
    singly = np.concatenate([np.arange(5) < count for count in counts]).astype(int)
    assert fit_basin(np.repeat(corruption, 5), singly, np.ones(20)) == summed


def test_a_jump_gives_an_interval():
    """All recalled up to 0.1, none from 0.2 on: the width is between, about."""
    few = fit_basin([0, 0.1, 0.2, 0.3], [10, 10, 0, 0], [10] * 4)
    many = fit_basin([0, 0.1, 0.2, 0.3], [999, 999, 0, 0], [999] * 4)
    for fit in (few, many):
        assert fit.width == pytest.approx(0.15, abs=1e-3)
        assert 0.1 < fit.low < 0.12 < 0.18 < fit.high < 0.2
        assert 0.01 < fit.error < 0.03
        assert fit.deviance < 0.1


@pytest.mark.parametrize(
    ("successes", "reason"),
    [
        ([10, 10, 10, 10], "does not fall"),
        ([0, 0, 0, 0], "does not fall"),
        ([5, 6, 5, 4], "does not fall"),
        ([0, 3, 8, 10], "does not fall"),
        ([10, 10, 9, 6], "stays above a half .* more"),
        ([4, 1, 0, 0], "stays below a half .* less"),
        ([10, 0, 10, 0], "does not follow a logistic"),
    ],
)
def test_counts_that_say_nothing_are_refused(successes, reason):
    with pytest.raises(FitError, match=reason):
        fit_basin([0, 0.1, 0.2, 0.3], successes, [10] * 4)


def test_bad_basin_input():
    with pytest.raises(FitError, match=r"only 0\.1"):
        fit_basin([0.1, 0.1], [1, 0], [1, 1])
    with pytest.raises(FitError, match="got none"):
        fit_basin([], [], [])
    with pytest.raises(ShapeError, match="successes"):
        fit_basin([0, 0.1], [1], [1, 1])
    with pytest.raises(ShapeError, match="successes <= trials"):
        fit_basin([0, 0.1], [2, 0], [1, 1])
