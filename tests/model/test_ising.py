import itertools

import numpy as np
import pytest

from ccqed_ctrl.errors import ShapeError
from ccqed_ctrl.model import ising

TRIANGLE = np.array([[0.0, 1.0, -2.0], [1.0, 0.0, 3.0], [-2.0, 3.0, 0.0]])


def test_fields_and_energy_of_a_triangle():
    spins = np.array([[1, 1, -1], [1, 1, 1]])
    np.testing.assert_array_equal(
        ising.local_fields(TRIANGLE, spins), [[3, -2, 1], [-1, 4, 1]]
    )
    # E = -2 (J01 s0 s1 + J02 s0 s2 + J12 s1 s2)
    np.testing.assert_array_equal(ising.energy(TRIANGLE, spins), [0, -4])


def test_one_state_gives_one_value():
    assert ising.energy(TRIANGLE, [1, 1, 1]).shape == ()
    assert ising.local_fields(TRIANGLE, [1, 1, 1]).shape == (3,)
    assert ising.is_minimum(TRIANGLE, [1, 1, 1]).shape == ()


def test_the_diagonal_is_ignored():
    with_self = TRIANGLE + np.diag([5.0, -7.0, 9.0])
    spins = np.array([1, -1, 1])
    np.testing.assert_allclose(
        ising.local_fields(with_self, spins), ising.local_fields(TRIANGLE, spins)
    )
    np.testing.assert_allclose(
        ising.energy(with_self, spins), ising.energy(TRIANGLE, spins)
    )


def test_a_flip_costs_four_times_the_stability():
    rng = np.random.default_rng(0)
    couplings = rng.normal(size=(6, 6))
    couplings += couplings.T
    spins = rng.choice([-1, 1], size=6)
    flipped = spins * (1 - 2 * np.eye(6, dtype=int))
    cost = ising.energy(couplings, flipped) - ising.energy(couplings, spins)
    expected = 4 * spins * ising.local_fields(couplings, spins)
    np.testing.assert_allclose(cost, expected, rtol=1e-12)


def test_minima_are_the_states_no_flip_improves():
    rng = np.random.default_rng(1)
    couplings = rng.normal(size=(7, 7))
    couplings += couplings.T
    states = np.array(list(itertools.product([-1, 1], repeat=7)))
    energies = {
        tuple(s): e
        for s, e in zip(states, ising.energy(couplings, states), strict=True)
    }
    for spins, minimum in zip(states, ising.is_minimum(couplings, states), strict=True):
        neighbours = spins * (1 - 2 * np.eye(7, dtype=int))
        best = min(energies[tuple(s)] for s in neighbours)
        assert minimum == (energies[tuple(spins)] <= best)


def test_a_field_of_rounding_size_is_no_instability():
    # l_0 = 0.1 + 0.2 - 0.3, which is 5.6e-17 and not 0 in float64.
    couplings = np.zeros((4, 4))
    couplings[0, 1:] = couplings[1:, 0] = [0.1, 0.2, -0.3]
    couplings[1:, 1:] = 1 - np.eye(3)
    assert ising.is_minimum(couplings, [-1, 1, 1, 1])


@pytest.mark.parametrize("spins", [1, 7, 8, 9, 64])
def test_distinct_states_are_those_no_turn_makes_equal(spins):
    rng = np.random.default_rng(2)
    few = rng.choice(np.array([-1, 1], np.int8), (6, spins))
    signs = rng.choice(np.array([-1, 1], np.int8), (40, 1))
    states = few[rng.integers(6, size=40)] * signs
    upright, first = np.unique(states * states[:, :1], axis=0, return_index=True)
    np.testing.assert_array_equal(ising.distinct(states), first)
    assert len(upright) <= 6


def test_overlap_is_a_normalised_product():
    patterns = np.array([[1, 1, 1, 1], [1, 1, -1, -1]])
    np.testing.assert_array_equal(ising.overlap(patterns[0], patterns[1]), 0)
    table = ising.overlap(patterns[:, None], patterns)
    np.testing.assert_array_equal(table, np.eye(2))
    assert ising.overlap(patterns[0], -patterns[0]) == -1


@pytest.mark.parametrize(
    ("couplings", "spins", "word"),
    [
        ([[0, 1], [2, 0]], [1, 1], "symmetric"),
        ([[0, np.nan], [np.nan, 0]], [1, 1], "finite"),
        ([[0, 1, 2]], [1], "shape"),
        (TRIANGLE, [1, 1], "shape"),
        (TRIANGLE, [1, 0, 1], "pixels"),
    ],
)
def test_what_is_no_ising_problem_is_refused(couplings, spins, word):
    with pytest.raises(ShapeError, match=word):
        ising.energy(couplings, spins)


@pytest.mark.parametrize(
    ("a", "b"),
    [([1, 1], [1, 1, 1]), ([], []), (1, 1), (np.ones((2, 3)), np.ones((4, 3)))],
)
def test_overlaps_need_the_same_spins(a, b):
    with pytest.raises(ShapeError):
        ising.overlap(a, b)
