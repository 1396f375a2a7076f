"""The encoder: exact on what it stored, covariant, and bounded."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ccqed_ctrl.errors import ParameterError, PatternError, ShapeError
from ccqed_ctrl.model import encoder


def random_spins(rng, count, size):
    return rng.choice([-1, 1], size=(count, size))


def independent(rng, count, size):
    """Draw patterns and minima, each set clearly linearly independent."""
    patterns, minima = random_spins(rng, count, size), random_spins(rng, count, size)
    for spins in (patterns, minima):
        # The ridge of 1e-9 N shifts an output by about 1e-9 times the condition.
        assume(np.linalg.cond(spins @ spins.T / size) < 1e6)
    return patterns, minima


@st.composite
def problems(draw):
    size = draw(st.integers(2, 40))
    count = draw(st.integers(1, size))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return (*independent(rng, count, size), rng)


@given(problems())
def test_every_stored_pattern_is_mapped_exactly_both_ways(problem):
    patterns, minima, _ = problem
    fitted = encoder.fit(patterns, minima)
    np.testing.assert_array_equal(fitted.encode(patterns), minima)
    np.testing.assert_array_equal(fitted.decode(minima), patterns)
    np.testing.assert_array_equal(fitted.encode(patterns[0]), minima[0])


@given(problems())
def test_a_negative_pattern_goes_to_the_negative_minimum(problem):
    patterns, minima, _ = problem
    fitted = encoder.fit(patterns, minima)
    np.testing.assert_array_equal(fitted.encode(-patterns), -minima)


@given(problems())
def test_gauge_and_permutation_covariance(problem):
    patterns, minima, rng = problem
    size = patterns.shape[1]
    gauge, order = rng.choice([-1, 1], size=size), rng.permutation(size)
    fitted = encoder.fit(patterns, minima)
    moved = encoder.fit((patterns * gauge)[:, order], minima)
    tolerance = 1e-6 * np.abs(fitted.matrix).max()
    np.testing.assert_allclose(
        moved.matrix, (fitted.matrix * gauge)[:, order], atol=tolerance
    )
    # The order in which pairs are stored means nothing.
    shuffled = rng.permutation(len(patterns))
    again = encoder.fit(patterns[shuffled], minima[shuffled])
    np.testing.assert_allclose(again.matrix, fitted.matrix, atol=tolerance)
    assert again.condition == pytest.approx(fitted.condition, rel=1e-6)


def test_the_gram_form_is_equation_30():
    rng = np.random.default_rng(2)
    patterns, minima = random_spins(rng, 4, 12), random_spins(rng, 4, 12)
    penalty = 0.3
    fitted = encoder.fit(patterns, minima, penalty)
    # M = Phi Xi^T (lambda N 1 + Xi Xi^T)^-1 with patterns as columns.
    xi, phi = patterns.T, minima.T
    matrix = phi @ xi.T @ np.linalg.inv(penalty * 12 * np.eye(12) + xi @ xi.T)
    np.testing.assert_allclose(fitted.matrix, matrix, atol=1e-12)
    inverse = xi @ phi.T @ np.linalg.inv(penalty * 12 * np.eye(12) + phi @ phi.T)
    np.testing.assert_allclose(fitted.inverse, inverse, atol=1e-12)


def test_orthogonal_patterns_have_condition_one():
    hadamard = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1]])
    fitted = encoder.fit(hadamard, hadamard)
    assert fitted.condition == pytest.approx(1)
    # And the map is the projector on their span.
    np.testing.assert_allclose(fitted.matrix, hadamard.T @ hadamard / 4, atol=1e-8)


def test_undetermined_spins_carry_no_weight():
    rng = np.random.default_rng(4)
    patterns, minima = random_spins(rng, 3, 64), random_spins(rng, 3, 64)
    fitted = encoder.fit(patterns, minima)
    partial = minima.copy()
    partial[:, ::6] = 0
    np.testing.assert_array_equal(fitted.decode(partial), patterns)


def test_ties_go_up():
    np.testing.assert_array_equal(
        encoder.sign(np.array([0.0, -0.0, 1e-300, -1e-300])), [1, 1, 1, -1]
    )


def test_more_memories_than_ensembles_are_refused():
    spins = random_spins(np.random.default_rng(0), 5, 4)
    with pytest.raises(PatternError, match="at most N = 4 memories .* got P = 5"):
        encoder.fit(spins, spins)


@pytest.mark.parametrize(
    ("patterns", "minima", "penalty", "error"),
    [
        (np.ones((2, 4)), np.ones((2, 5)), 1e-9, ShapeError),
        (np.ones((2, 4)), np.ones((3, 4)), 1e-9, ShapeError),
        (np.zeros((2, 4)), np.ones((2, 4)), 1e-9, ShapeError),
        (np.ones(4), np.ones(4), 1e-9, ShapeError),
        (np.ones((2, 4)), np.ones((2, 4)), 0.0, ParameterError),
        (np.ones((2, 4)), np.ones((2, 4)), np.nan, ParameterError),
    ],
)
def test_bad_input_is_refused(patterns, minima, penalty, error):
    with pytest.raises(error):
        encoder.fit(patterns, minima, penalty)


@pytest.mark.parametrize("given", [np.ones(5), np.ones((2, 3)), 1.0, [[1], [1, 1]]])
@pytest.mark.parametrize("way", ["encode", "decode"])
def test_inputs_that_do_not_fit_are_refused(way, given):
    fitted = encoder.fit(np.ones((1, 4)), np.ones((1, 4)))
    name = {"encode": "patterns", "decode": "spins"}[way]
    with pytest.raises(ShapeError, match=rf"{name} must .*shape \(\.\.\., 4\)"):
        getattr(fitted, way)(given)
    with pytest.raises(ShapeError, match=f"{name} must be finite; 1 of 4"):
        getattr(fitted, way)([1, 1, np.nan, 1])
    assert getattr(fitted, way)(np.ones((2, 3, 4))).shape == (2, 3, 4)
