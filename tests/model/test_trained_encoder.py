"""The trained encoder: exact, the same each time, and better than the plain one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ccqed_ctrl import memories
from ccqed_ctrl.errors import ParameterError, PatternError, ShapeError
from ccqed_ctrl.model import encoder, ising, relaxation, trained_encoder
from ccqed_ctrl.model.couplings import confocal_couplings
from ccqed_ctrl.model.trained_encoder import fit_trained


def problem(seed, count=10, size=40):
    rng = np.random.default_rng(seed)
    J = confocal_couplings(1.5 * rng.standard_normal((size, 2)), 1.0)
    return J, rng.choice([-1, 1], size=(count, size)).astype(np.int8), rng


def recalls(J, fitted, patterns, flips, trials, seed):
    """Return the share of exact recalls of patterns with so many pixels flipped."""
    rng = np.random.default_rng(seed)
    cues = np.repeat(patterns, trials, axis=0)
    wrong = rng.permuted(
        np.arange(cues.shape[1]) < flips * np.ones((len(cues), 1)), axis=1
    )
    relaxed = relaxation.relax(J, fitted.encode(np.where(wrong, -cues, cues))).spins
    return np.mean(np.all(fitted.decode(relaxed) == cues, axis=1))


def ends(J, found, patterns):
    """Return what the cavity makes of encoded patterns."""
    return relaxation.relax(J, found.encoder.encode(patterns)).spins


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
@settings(max_examples=15, deadline=None)
def test_what_is_stored_is_exact_and_at_a_minimum(seed, count):
    J, patterns, rng = problem(seed, count)
    try:
        found = fit_trained(J, patterns, states=3000, rng=rng)
    except PatternError:  # right where these states relax to so few minima
        _, _, same = problem(seed, count)
        assume(len(trained_encoder.candidates(J, 3000, same)) >= count)
        raise
    np.testing.assert_array_equal(ends(J, found, patterns), found.minima)
    np.testing.assert_array_equal(found.encoder.decode(found.minima), patterns)
    assert found.recalled == 1
    assert np.all(ising.is_minimum(J, found.minima))
    gauge = found.minima * found.minima[:, :1]
    assert len(np.unique(gauge, axis=0)) == count


@pytest.mark.parametrize("with_examples", [False, True])
def test_the_same_seed_gives_the_same_encoder(with_examples):
    J, patterns, rng = problem(1)
    known = {}
    if with_examples:
        labels = rng.integers(0, 10, 200)
        flip = rng.random((200, 40)) < 0.1
        examples = np.where(flip, -patterns[labels], patterns[labels])
        known = {"examples": examples, "labels": labels}
    first, again = (
        fit_trained(J, patterns, rng=np.random.default_rng(5), **known)
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.minima, again.minima)
    np.testing.assert_array_equal(first.encoder.matrix, again.encoder.matrix)
    np.testing.assert_array_equal(ends(J, first, patterns), first.minima)


@pytest.mark.parametrize(("count", "flips"), [(20, 6), (30, 3), (40, 1)])
def test_more_is_recalled_than_by_the_plain_encoder(count, flips):
    J, patterns, rng = problem(3, count, 60)
    plain = encoder.fit(patterns, relaxation.sample_minima(J, count, rng=rng))
    better = fit_trained(J, patterns, rng=rng).encoder
    shares = [recalls(J, e, patterns, flips, 50, 7) for e in (plain, better)]
    # Three standard errors of a difference of shares of 500 trials and more: 0.1.
    assert shares[1] > shares[0] + 0.1


@pytest.mark.parametrize(("count", "flips"), [(8, 25), (32, 8), (80, 3)])
def test_anticipating_the_cavity_widens_basins(count, flips):
    shares = []
    for anticipation in (0.0, 0.4):
        each = []
        for seed in range(4):
            J, patterns, rng = problem(seed, count, 80)
            found = fit_trained(J, patterns, anticipation=anticipation, rng=rng)
            assert found.anticipation == anticipation
            each.append(recalls(J, found.encoder, patterns, flips, 100, 8))
        shares.append(np.mean(each))
    # 3200 trials and more: two standard errors of a difference are below 0.025.
    assert shares[1] > shares[0] + 0.03


def test_nothing_that_is_stored_is_lost_to_anticipation():
    J, patterns, rng = problem(2)
    found = fit_trained(J, patterns, anticipation=1.0, rng=rng)
    # Where all of the cavity's pull is taken away, nothing is left to hold a state.
    assert found.anticipation <= 0.5
    np.testing.assert_array_equal(ends(J, found, patterns), found.minima)


def test_candidates_are_distinct_minima_stable_ones_first():
    J, _, rng = problem(4)
    found = trained_encoder.candidates(J, 500, rng)
    assert np.all(ising.is_minimum(J, found))
    assert len(np.unique(found, axis=0)) == len(found)
    stability = (found * ising.local_fields(J, found)).min(axis=1)
    half = len(found) // 2
    assert stability[:half].mean() > stability[half:].mean()


def test_pairing_finds_a_hidden_permutation_of_signed_minima():
    rng = np.random.default_rng(6)
    patterns = rng.choice([-1, 1], size=(8, 64)).astype(np.int8)
    order, turned = rng.permutation(8), rng.choice([-1, 1], size=(8, 1))
    found = (patterns * turned)[order].astype(np.int8)
    np.testing.assert_array_equal(trained_encoder.pair(patterns, found), patterns)


def test_handwriting_is_recalled_as_often_as_the_nearest_prototype():
    pytest.importorskip("sklearn")
    # A block that had no part in choosing the encoder's constants.
    digits = memories.handwriting(0)
    cues, examples = digits.cues, digits.examples
    nearest = np.mean(nearest_of(digits, cues.images) == cues.labels)
    shares = []
    for seed in range(3):
        J, _, rng = problem(seed, 1, 64)
        plain = encoder.fit(digits.patterns, relaxation.sample_minima(J, 10, rng=rng))
        found = fit_trained(
            J, digits.patterns, examples=examples.images, labels=examples.labels,
            rng=rng,
        )  # fmt: skip
        np.testing.assert_array_equal(ends(J, found, digits.patterns), found.minima)
        np.testing.assert_array_equal(
            found.encoder.decode(found.minima), digits.patterns
        )
        shares.append(
            [
                np.mean(nearest_of(digits, image) == cues.labels)
                for image in (
                    each.decode(relaxation.relax(J, each.encode(cues.images)).spins)
                    for each in (plain, found.encoder)
                )
            ]
        )
    mean = np.mean(shares, axis=0)
    assert mean[1] >= nearest
    assert mean[1] > mean[0] + 0.1


def nearest_of(digits, images):
    return np.argmax(images.astype(int) @ digits.patterns.T, axis=1)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"examples": np.ones((3, 40))}, "come together"),
        ({"labels": [0, 1]}, "come together"),
        ({"examples": np.ones((3, 40)), "labels": [0, 1]}, r"shape \(3"),
        ({"examples": np.ones((2, 40)), "labels": [0, 10]}, r"in \[0, 10\)"),
        ({"examples": np.ones((2, 39)), "labels": [0, 1]}, "shape"),
        ({"examples": np.zeros((2, 40)), "labels": [0, 1]}, r"-1 and \+1"),
    ],
)
def test_bad_examples_are_refused(known, said):
    J, patterns, rng = problem(1)
    with pytest.raises(ShapeError, match=said):
        fit_trained(J, patterns, rng=rng, **known)


@pytest.mark.parametrize("anticipation", [-0.1, 1.1, np.nan, "much"])
def test_an_anticipation_out_of_range_is_refused(anticipation):
    J, patterns, rng = problem(1)
    with pytest.raises(ParameterError, match=r"anticipation must be .* in \[0, 1\]"):
        fit_trained(J, patterns, anticipation=anticipation, rng=rng)


def test_more_memories_than_spins_or_minima_are_refused():
    J, patterns, rng = problem(1, 41)
    with pytest.raises(PatternError, match="must number 1 to 40; got 41"):
        fit_trained(J, patterns, rng=rng)
    with pytest.raises(PatternError, match="only 1 distinct minima"):
        fit_trained(np.ones((40, 40)), patterns[:5], rng=rng)
