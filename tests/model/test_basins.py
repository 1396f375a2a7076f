import itertools

import numpy as np
import pytest

from ccqed_ctrl.errors import ParameterError, ShapeError
from ccqed_ctrl.model.learning import hebbian
from ccqed_ctrl.model.relaxation import basin_size, recall_curve, relax, sample_minima


def confocal(size, seed=0, width=1.5):
    r = np.random.default_rng(seed).normal(size=(size, 2)) * width
    couplings = np.cos(2 * r @ r.T)
    np.fill_diagonal(couplings, 0)
    return couplings


def exact_recall(couplings, minimum, distance):
    """Recall probability under steepest descent, over all choices of spins."""
    choices = np.array(list(itertools.combinations(range(len(minimum)), distance)))
    states = np.repeat(minimum[None], len(choices), axis=0)
    np.put_along_axis(states, choices, -minimum[choices], axis=1)
    return np.mean(np.all(relax(couplings, states).spins == minimum, axis=1))


def test_a_ferromagnet_forgives_just_less_than_half():
    couplings = 1 - np.eye(65)
    up = np.ones(65)
    rng = np.random.default_rng(0)
    for dynamics in ("sd", "0tmh"):
        basin = basin_size(couplings, up, dynamics=dynamics, rng=rng)
        assert (basin.low, basin.size, basin.high) == (32, 32, 32)
        curve = recall_curve(
            couplings, up, [0, 1, 32, 33, 65], trials=99, dynamics=dynamics, rng=rng
        )
        np.testing.assert_array_equal(curve, [1, 1, 1, 0, 0])


def test_the_curve_is_the_average_over_all_choices():
    couplings = confocal(18, seed=3)
    minimum = sample_minima(couplings, 1, rng=np.random.default_rng(1))[0]
    distances, trials = [1, 2, 4, 6], 20_000
    curve = recall_curve(
        couplings, minimum, distances, trials=trials, rng=np.random.default_rng(2)
    )
    exact = np.array([exact_recall(couplings, minimum, d) for d in distances])
    assert 0 < exact[2] < 1
    # Five standard deviations, at most 0.5 / sqrt(trials) each.
    np.testing.assert_allclose(curve, exact, atol=2.5 / np.sqrt(trials))


def test_0tmh_trials_agree_with_whole_relaxations():
    couplings = confocal(70, seed=4)
    rng = np.random.default_rng(3)
    minimum = sample_minima(couplings, 1, dynamics="0tmh", rng=rng)[0]
    distance, trials = 5, 4000
    states = np.repeat(minimum[None], trials, axis=0)
    for state in states:
        state[rng.choice(70, distance, replace=False)] *= -1
    relaxed = relax(couplings, states, dynamics="0tmh", rng=rng).spins
    whole = np.mean(np.all(relaxed == minimum, axis=1))
    [curve] = recall_curve(
        couplings, minimum, [distance], trials=trials, dynamics="0tmh", rng=rng
    )
    assert 0.02 < whole < 0.98
    assert curve == pytest.approx(whole, abs=5 * np.sqrt(0.5 / trials))


def test_the_size_is_where_the_exact_curve_crosses():
    couplings = confocal(20, seed=6, width=1.0)
    minima = np.unique(
        sample_minima(couplings, 50, rng=np.random.default_rng(4)), axis=0
    )
    rng = np.random.default_rng(5)
    sizes = []
    for minimum in minima[:4]:
        basin = basin_size(couplings, minimum, rng=rng)
        exact = [exact_recall(couplings, minimum, d) for d in range(1, 6)]
        # Right within the resolution of the test: 0.95 +- 0.01, plus its error.
        at_least = [d for d, p in enumerate(exact, 1) if p >= 0.97]
        assert basin.low <= basin.size <= basin.high
        assert all(basin.high >= d for d in at_least)
        if basin.low:
            assert exact[min(basin.low, 5) - 1] >= 0.94
        sizes.append(basin.size)
    assert max(sizes) > 0


def test_results_repeat_and_do_not_depend_on_threads():
    couplings = confocal(60)
    minimum = sample_minima(couplings, 1, rng=np.random.default_rng(6))[0]
    for dynamics in ("sd", "0tmh"):
        first, second, third = (
            recall_curve(
                couplings,
                minimum,
                [2, 6],
                trials=500,
                dynamics=dynamics,
                threads=threads,
                rng=np.random.default_rng(7),
            )
            for threads in (1, 2, 5)
        )
        np.testing.assert_array_equal(first, second)
        np.testing.assert_array_equal(first, third)
        basins = [
            basin_size(
                couplings, minimum, dynamics=dynamics, rng=np.random.default_rng(8)
            )
            for _ in range(2)
        ]
        assert basins[0] == basins[1]


def test_the_interval_covers_the_size_found_with_many_trials():
    couplings = confocal(100, seed=8)
    rng = np.random.default_rng(9)
    for minimum in sample_minima(couplings, 3, rng=rng):
        basin = basin_size(couplings, minimum, rng=rng)
        distances = np.arange(1, 50)
        curve = recall_curve(couplings, minimum, distances, trials=4000, rng=rng)
        crossing = int(np.argmax(curve < 0.95))
        # One spin of play: the curve itself is known to 0.0035.
        assert basin.low - 1 <= crossing <= basin.high + 1


def test_a_stored_pattern_has_a_basin():
    patterns = np.random.default_rng(10).choice([-1, 1], size=(3, 200))
    basin = basin_size(hebbian(patterns), patterns[0], rng=np.random.default_rng(11))
    assert basin.low > 40
    assert basin.trials > 0


def test_the_size_is_the_same_without_its_interval():
    couplings = np.random.default_rng(3).standard_normal((40, 40))
    couplings += couplings.T
    minimum = sample_minima(couplings, 1, rng=np.random.default_rng(4))[0]
    whole, size = (
        basin_size(couplings, minimum, interval=interval, rng=np.random.default_rng(5))
        for interval in (True, False)
    )
    assert whole.size == size.size > 0
    assert (size.low, size.high) == (0, 20)
    assert size.trials < whole.trials


def test_tiny_systems_have_tiny_basins():
    rng = np.random.default_rng(12)
    assert basin_size([[0.0]], [1], rng=rng).size == 0
    # Of two spins the lower index flips: half of the trials do not return.
    assert basin_size([[0, 1], [1, 0]], [1, 1], rng=rng).size == 0
    # Without couplings nothing is ever undone.
    assert basin_size(np.zeros((9, 9)), np.ones(9), rng=rng).size == 0
    np.testing.assert_array_equal(
        recall_curve(np.zeros((3, 3)), np.ones(3), [0, 1], trials=10, rng=rng), [1, 0]
    )


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"minimum": [1, -1, 1]}, "relax it first"),
        ({"dynamics": "glauber"}, "sd or 0tmh"),
        ({"rng": None}, "rng"),
        ({"threshold": 1.0}, "threshold"),
        ({"width": 0.05}, "width"),
        ({"error": 0.5}, "error"),
    ],
)
def test_bad_arguments_are_refused(arguments, word):
    usual = {"minimum": np.ones(3), "rng": np.random.default_rng(0)}
    given = {**usual, **arguments}
    minimum = given.pop("minimum")
    with pytest.raises(ParameterError, match=word):
        basin_size(1 - np.eye(3), minimum, **given)


@pytest.mark.parametrize("flips", [[-1], [4], [1.5]])
def test_impossible_distances_are_refused(flips):
    with pytest.raises(ParameterError, match="flips"):
        recall_curve(1 - np.eye(3), np.ones(3), flips, rng=np.random.default_rng(0))


def test_bad_arrays_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ShapeError, match="minimum"):
        basin_size(1 - np.eye(3), np.ones(4), rng=rng)
    with pytest.raises(ShapeError, match="flips"):
        recall_curve(1 - np.eye(3), np.ones(3), 2, rng=rng)
    with pytest.raises(ParameterError, match="trials"):
        recall_curve(1 - np.eye(3), np.ones(3), [1], trials=0, rng=rng)
