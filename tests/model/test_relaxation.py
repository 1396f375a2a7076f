import itertools

import numpy as np
import pytest

from ccqed_ctrl.errors import ParameterError, ShapeError
from ccqed_ctrl.model import ising
from ccqed_ctrl.model.learning import hebbian
from ccqed_ctrl.model.relaxation import (
    count_minima,
    prepare,
    relax,
    sample_minima,
)


def confocal(size, seed=0, width=1.5):
    r = np.random.default_rng(seed).normal(size=(size, 2)) * width
    couplings = np.cos(2 * r @ r.T)
    np.fill_diagonal(couplings, 0)
    return couplings


def random_spins(count, size, seed=1):
    return np.random.default_rng(seed).choice([-1, 1], size=(count, size))


def descend_slowly(couplings, spins):
    """Steepest descent as one would write it first, in float64."""
    spins, flips = spins.copy(), 0
    while True:
        stabilities = spins * (couplings @ spins)
        if stabilities.min() >= 0:
            return spins, flips
        spins[np.argmin(stabilities)] *= -1
        flips += 1


@pytest.mark.parametrize("size", [1, 2, 3, 63, 64, 65, 130, 300, 1000])
def test_sd_reaches_what_a_float64_loop_reaches(size):
    couplings, starts = confocal(size), random_spins(33 if size < 500 else 3, size)
    result = relax(couplings, starts)
    for row, start in enumerate(starts):
        spins, flips = descend_slowly(couplings, start)
        np.testing.assert_array_equal(result.spins[row], spins)
        assert result.flips[row] == flips
    energies = ising.energy(couplings, result.spins)
    # Fixed point: 31 bits for the largest row sum.
    np.testing.assert_allclose(result.energies, energies, rtol=1e-7)


def test_sd_decides_ties_by_the_lowest_index():
    # Couplings k/N whose fields tie in exact arithmetic but not always in float64.
    patterns = random_spins(6, 50, seed=2)
    starts = random_spins(64, 50, seed=3)
    counts = np.rint(hebbian(patterns) * 50)
    result = relax(counts / 50, starts)
    for row, start in enumerate(starts):
        spins, flips = descend_slowly(counts, start)
        np.testing.assert_array_equal(result.spins[row], spins)
        assert result.flips[row] == flips
    assert prepare(counts / 50).margin == 0


def test_prepared_couplings_give_the_same():
    couplings, starts = confocal(40), random_spins(5, 40)
    direct, prepared = relax(couplings, starts), relax(prepare(couplings), starts)
    np.testing.assert_array_equal(direct.spins, prepared.spins)


def test_the_diagonal_is_ignored():
    couplings, starts = confocal(20), random_spins(20, 20)
    with_self = couplings + 3 * np.eye(20)
    np.testing.assert_array_equal(
        relax(couplings, starts).spins, relax(with_self, starts).spins
    )


def test_rounded_couplings_do_not_decide():
    # A spin held by 1e-11 of its neighbours' couplings: below the 31-bit quantum, and
    # above the rounding of float64.
    couplings = np.array([[0, 1, 1 - 1e-11], [1, 0, 3.3], [1 - 1e-11, 3.3, 0]])
    couplings *= [[1, 1, -1], [1, 1, 1], [-1, 1, 1]]
    result = relax(couplings, [[-1, 1, 1], [1, 1, 1]])
    np.testing.assert_array_equal(result.spins, [[1, 1, 1], [1, 1, 1]])
    np.testing.assert_array_equal(result.flips, [1, 0])
    np.testing.assert_allclose(
        result.energies, ising.energy(couplings, result.spins), rtol=1e-12
    )


@pytest.mark.parametrize("dynamics", ["sd", "0tmh"])
def test_without_couplings_nothing_moves(dynamics):
    starts = random_spins(3, 70)
    rng = np.random.default_rng(0)
    result = relax(np.zeros((70, 70)), starts, dynamics=dynamics, rng=rng)
    np.testing.assert_array_equal(result.spins, starts)
    np.testing.assert_array_equal(result.flips, 0)
    np.testing.assert_array_equal(result.energies, 0)


@pytest.mark.parametrize("coupling", [1.0, -0.3])
def test_two_spins_align_with_their_coupling(coupling):
    starts = np.array(list(itertools.product([-1, 1], repeat=2)))
    result = relax([[0, coupling], [coupling, 0]], starts)
    np.testing.assert_array_equal(np.prod(result.spins, axis=1), np.sign(coupling))
    # Both are equally unstable: the first one flips.
    np.testing.assert_array_equal(result.spins[:, 1], starts[:, 1])
    np.testing.assert_array_equal(result.energies, -2 * abs(coupling))


def test_0tmh_flips_unstable_spins_evenly():
    # Of four equally coupled spins, two up and two down, all are unstable: the first
    # flip makes the majority, the second completes it.
    couplings = 1 - np.eye(4)
    starts = np.tile([1, 1, -1, -1], (40_000, 1))
    result = relax(couplings, starts, dynamics="0tmh", rng=np.random.default_rng(5))
    ups = np.mean(result.spins[:, 0] > 0)
    assert np.all(np.abs(np.sum(result.spins, axis=1)) == 4)
    np.testing.assert_array_equal(result.flips, 2)
    assert ups == pytest.approx(0.5, abs=4 * 0.5 / 200)


def test_0tmh_chooses_among_all_blocks_evenly():
    # Independent pairs, all unstable at first, over three blocks of spins.
    size = 150
    couplings = np.kron(np.eye(size // 2), [[0, 1], [1, 0]])
    starts = np.tile([1, -1], (20_000, size // 2))
    result = relax(couplings, starts, dynamics="0tmh", rng=np.random.default_rng(6))
    np.testing.assert_array_equal(result.flips, size // 2)
    # Each pair ends up or down with probability 1/2.
    ups = np.mean(result.spins[:, ::2] > 0, axis=0)
    assert np.max(np.abs(ups - 0.5)) < 5 * 0.5 / np.sqrt(20_000)
    correlation = np.corrcoef(result.spins[:, ::2].T)
    off = correlation[~np.eye(size // 2, dtype=bool)]
    assert np.max(np.abs(off)) < 6 / np.sqrt(20_000)


@pytest.mark.parametrize("dynamics", ["glauber", "metropolis"])
def test_thermal_dynamics_reach_boltzmann(dynamics):
    couplings = 0.3 * confocal(4, seed=3)
    count, temperature = 60_000, 1.7
    result = relax(
        couplings,
        random_spins(count, 4),
        dynamics=dynamics,
        temperature=temperature,
        sweeps=40,
        rng=np.random.default_rng(7),
    )
    states = np.array(list(itertools.product([-1, 1], repeat=4)))
    weights = np.exp(-ising.energy(couplings, states) / temperature)
    expected = count * weights / weights.sum()
    number = (result.spins > 0) @ [8, 4, 2, 1]
    seen = np.bincount(number, minlength=16)
    # chi-squared with 15 degrees of freedom exceeds 50 with probability 1e-5.
    assert np.sum((seen - expected) ** 2 / expected) < 50


def test_one_glauber_step_has_the_rate_of_eq_23():
    couplings = np.array([[0.0, 1.0], [1.0, 0.0]])
    count = 100_000
    for spins, cost in ([1, 1], 4.0), ([1, -1], -4.0):
        result = relax(
            couplings,
            np.tile(spins, (count, 1)),
            dynamics="glauber",
            temperature=3.0,
            sweeps=1,
            rng=np.random.default_rng(8),
        )
        # Two proposals: the first flips with p, and then the second sees the reverse.
        p = 1 / (1 + np.exp(cost / 3.0))
        expected = p + p * (1 - p) + (1 - p) * p
        assert np.mean(result.flips) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("dynamics", ["sd", "0tmh", "glauber", "metropolis"])
def test_streams_belong_to_rows_not_threads(dynamics):
    couplings, starts = confocal(70), random_spins(200, 70)
    extra = {"temperature": 2.0, "sweeps": 3} if dynamics[0] in "gm" else {}
    first, *others = (
        relax(
            couplings,
            rows,
            dynamics=dynamics,
            threads=threads,
            rng=np.random.default_rng(9),
            **extra,
        )
        for threads, rows in [(1, starts), (2, starts), (7, starts), (1, starts[:50])]
    )
    for other in others:
        np.testing.assert_array_equal(other.spins, first.spins[: len(other.spins)])
        np.testing.assert_array_equal(other.flips, first.flips[: len(other.flips)])


def test_sampled_minima_are_minima_and_repeat_with_the_seed():
    couplings = confocal(50)
    for dynamics in ("sd", "0tmh"):
        first, second = (
            sample_minima(
                couplings, 40, dynamics=dynamics, rng=np.random.default_rng(4)
            )
            for _ in range(2)
        )
        assert first.shape == (40, 50)
        assert np.all(ising.is_minimum(couplings, first))
        np.testing.assert_array_equal(first, second)
    assert len(np.unique(first, axis=0)) > 1


def test_counting_finds_all_minima_of_a_small_system():
    couplings = confocal(12, seed=5, width=2.0)
    states = np.array(list(itertools.product([-1, 1], repeat=12)))
    minima = states[ising.is_minimum(couplings, states)]
    expected = minima[minima[:, 0] > 0]
    found = count_minima(
        couplings, coverage=1.0, max_trials=20_000, rng=np.random.default_rng(2)
    )
    assert found.count == len(expected)
    assert set(map(tuple, found.spins)) == set(map(tuple, expected))
    assert found.coverage == 1.0
    assert found.estimate == found.count
    assert found.hits.sum() == found.trials
    assert np.all(np.diff(found.hits) <= 0)


def test_counting_says_how_much_is_missing():
    found = count_minima(
        confocal(100, width=3.0), max_trials=300, rng=np.random.default_rng(3)
    )
    assert found.trials == 300
    assert found.coverage < 0.5
    assert found.estimate > 2 * found.count


def test_no_states_give_no_results():
    result = relax(confocal(5), np.ones((0, 5)))
    assert result.spins.shape == (0, 5)
    assert result.energies.shape == (0,)


def test_the_starting_states_are_not_changed():
    starts = random_spins(20, 30).astype(np.int8)
    before = starts.copy()
    relax(confocal(30), starts)
    np.testing.assert_array_equal(starts, before)


@pytest.mark.parametrize(
    ("couplings", "spins", "word"),
    [
        ([[0, 1], [2, 0]], [[1, 1]], "symmetric"),
        ([[0, np.nan], [np.nan, 0]], [[1, 1]], "finite"),
        (np.zeros((0, 0)), np.ones((1, 0)), "at least one"),
        (np.zeros((2, 2)), [[1, 1, 1]], "shape"),
        (np.zeros((2, 2)), [1, 1], "shape"),
        (np.zeros((2, 2)), [[0, 1]], "pixels"),
    ],
)
def test_bad_arrays_are_refused(couplings, spins, word):
    with pytest.raises(ShapeError, match=word):
        relax(couplings, spins)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"dynamics": "fastest"}, "dynamics must be one of sd, 0tmh"),
        ({"dynamics": "0tmh"}, "rng"),
        ({"dynamics": "0tmh", "rng": 5}, "rng"),
        ({"dynamics": "glauber", "temperature": 1.0, "sweeps": 1}, "rng"),
        ({"dynamics": "glauber", "sweeps": 1}, "temperature"),
        ({"dynamics": "metropolis", "temperature": 0.0, "sweeps": 1}, "temperature"),
        ({"dynamics": "metropolis", "temperature": 1.0}, "sweeps"),
        ({"dynamics": "metropolis", "temperature": 1.0, "sweeps": 1.5}, "sweeps"),
        ({"threads": 0}, "threads"),
    ],
)
def test_bad_arguments_are_refused(arguments, word):
    if arguments.get("dynamics") == "metropolis":
        arguments = {**arguments, "rng": np.random.default_rng(0)}
    with pytest.raises(ParameterError, match=word):
        relax(np.zeros((2, 2)), [[1, 1]], **arguments)


def test_minima_are_found_by_descents_only():
    rng = np.random.default_rng(0)
    with pytest.raises(ParameterError, match="sd or 0tmh"):
        sample_minima(np.zeros((2, 2)), 1, dynamics="glauber", rng=rng)
    with pytest.raises(ParameterError, match="count"):
        sample_minima(np.zeros((2, 2)), -1, rng=rng)
    with pytest.raises(ParameterError, match="rng"):
        sample_minima(np.zeros((2, 2)), 1, rng=None)
    with pytest.raises(ParameterError, match="coverage"):
        count_minima(np.zeros((2, 2)), coverage=1.1, rng=rng)
