import numpy as np
import pytest

from ccqed_ctrl.errors import PatternError, ShapeError
from ccqed_ctrl.model import ising
from ccqed_ctrl.model.learning import hebbian, pseudo_inverse


def random_patterns(count, size, seed=0):
    return np.random.default_rng(seed).choice([-1, 1], size=(count, size))


def hadamard(order):
    matrix = np.ones((1, 1), int)
    while len(matrix) < order:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return matrix


def test_hebbian_of_one_pattern_is_its_outer_product():
    xi = np.array([1, -1, -1, 1])
    expected = np.outer(xi, xi) / 4 - np.eye(4) / 4
    np.testing.assert_array_equal(hebbian([xi]), expected)


def test_hebbian_takes_more_patterns_than_spins():
    patterns = random_patterns(30, 10)
    couplings = hebbian(patterns)
    assert couplings[2, 5] == pytest.approx(patterns[:, 2] @ patterns[:, 5] / 10)
    np.testing.assert_array_equal(np.diagonal(couplings), 0)


def test_pseudo_inverse_keeps_every_pattern_as_an_eigenvector():
    patterns = random_patterns(40, 60)
    couplings = pseudo_inverse(patterns)
    # Trace of a projector on 40 dimensions; its diagonal was taken out, and the fields
    # tell it: l_i = (1 - J_ii) xi_i.
    stabilities = patterns * ising.local_fields(couplings, patterns)
    np.testing.assert_allclose(stabilities, stabilities[:1].repeat(40, 0), atol=1e-9)
    assert np.sum(1 - stabilities[0]) == pytest.approx(40)
    np.testing.assert_array_equal(couplings, couplings.T)
    assert np.all(ising.is_minimum(couplings, patterns))


def test_the_rules_agree_on_orthogonal_patterns():
    patterns = hadamard(16)[:5]
    np.testing.assert_allclose(
        pseudo_inverse(patterns), hebbian(patterns), atol=1e-15, rtol=0
    )


def test_pseudo_inverse_at_full_load_has_nothing_left():
    np.testing.assert_allclose(pseudo_inverse(hadamard(8)), 0, atol=1e-14)


def test_pseudo_inverse_of_nearly_dependent_patterns_is_still_a_projection():
    """Of 200 square sets some are conditioned so badly that C^-1 is mostly rounding."""
    worst = min(
        (random_patterns(60, 60, seed) for seed in range(200)),
        key=lambda patterns: np.linalg.svd(patterns, compute_uv=False)[-1],
    )
    assert np.linalg.cond(worst @ worst.T) > 1e8
    # Sixty independent patterns of sixty spins span everything: 1 less its diagonal.
    np.testing.assert_allclose(pseudo_inverse(worst), 0, atol=1e-12)


def test_pseudo_inverse_refuses_more_patterns_than_spins():
    with pytest.raises(PatternError, match="at most N = 5"):
        pseudo_inverse(random_patterns(6, 5))


@pytest.mark.parametrize("sign", [1, -1])
def test_pseudo_inverse_refuses_a_repeated_pattern(sign):
    patterns = random_patterns(3, 20)
    with pytest.raises(PatternError, match="independent"):
        pseudo_inverse([*patterns, sign * patterns[1]])


@pytest.mark.parametrize("rule", [hebbian, pseudo_inverse])
def test_what_are_no_patterns_is_refused(rule):
    with pytest.raises(ShapeError, match="pixels"):
        rule([[0, 1, 1]])
    with pytest.raises(ShapeError, match="shape"):
        rule([1, -1, 1])
    with pytest.raises(ShapeError, match="finite"):
        rule([[1, np.nan]])
    for nothing in (np.ones((0, 4)), np.ones((3, 0))):
        with pytest.raises(PatternError, match="at least one"):
            rule(nothing)
