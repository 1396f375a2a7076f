import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ccqed_ctrl.model import ising
from ccqed_ctrl.model.relaxation import relax

SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def problems(draw):
    """Couplings, continuous or full of ties, and a few states."""
    size = draw(st.integers(1, 70))
    count = draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(SEEDS))
    if draw(st.booleans()):
        couplings = rng.normal(size=(size, size)) * 10.0 ** draw(st.integers(-9, 9))
    else:
        couplings = rng.integers(-2, 3, (size, size)).astype(float)
    couplings += couplings.T
    np.fill_diagonal(couplings, 0)
    return couplings, rng.choice(np.array([-1, 1], np.int8), size=(count, size))


@st.composite
def small_integer_problems(draw):
    """Integer couplings as hypothesis likes them: zeros, ties, one large entry."""
    size = draw(st.integers(1, 6))
    entries = hnp.arrays(np.int64, (size, size), elements=st.integers(-1000, 1000))
    couplings = np.triu(draw(entries), 1).astype(float)
    spins = hnp.arrays(np.int8, (2, size), elements=st.sampled_from([-1, 1]))
    return couplings + couplings.T, draw(spins)


def descend(problem, dynamics, seed=0, **options):
    rng = np.random.default_rng(seed)
    return relax(*problem, dynamics=dynamics, rng=rng, **options)


@settings(deadline=None, max_examples=60)
@given(problems() | small_integer_problems(), st.sampled_from(["sd", "0tmh"]), SEEDS)
def test_the_energy_never_rises_and_the_end_is_a_minimum(problem, dynamics, seed):
    couplings, starts = problem
    result = descend(problem, dynamics, seed)
    before = ising.energy(couplings, starts)
    after = ising.energy(couplings, result.spins)
    slack = len(couplings) * ising.rounding(couplings)
    assert np.all(after <= before + slack)
    assert np.all(ising.is_minimum(couplings, result.spins))
    # A flip lowers the energy, so no flips means no change and the reverse.
    moved = np.any(result.spins != starts, axis=1)
    np.testing.assert_array_equal(moved, result.flips > 0)
    np.testing.assert_allclose(result.energies, after, rtol=1e-6, atol=slack)


@settings(deadline=None, max_examples=40)
@given(small_integer_problems())
def test_steepest_descent_is_what_the_definition_says(problem):
    couplings, starts = problem
    result = descend(problem, "sd")
    for row, start in enumerate(starts):
        spins = start.astype(int)
        while np.min(spins * (couplings @ spins)) < 0:
            spins[np.argmin(spins * (couplings @ spins))] *= -1
        np.testing.assert_array_equal(result.spins[row], spins)


@settings(deadline=None, max_examples=40)
@given(problems(), st.sampled_from(["sd", "0tmh"]), SEEDS)
def test_a_gauge_transformation_changes_nothing(problem, dynamics, seed):
    couplings, starts = problem
    gauge = np.random.default_rng(seed).choice(
        np.array([-1, 1], np.int8), len(starts.T)
    )
    result = descend(problem, dynamics, seed)
    turned = descend(
        (couplings * np.outer(gauge, gauge), starts * gauge), dynamics, seed
    )
    np.testing.assert_array_equal(turned.spins, result.spins * gauge)
    np.testing.assert_array_equal(turned.flips, result.flips)


@settings(deadline=None, max_examples=40)
@given(problems(), SEEDS)
def test_a_permutation_of_spins_permutes_the_result(problem, seed):
    couplings, starts = problem
    # Two spins that misfit always tie: they share their one coupling.
    assume(len(couplings) > 2)
    # Ties go to the lowest index, which a permutation changes: break them.
    rng = np.random.default_rng(seed)
    noise = 0.01 * rng.normal(size=couplings.shape) * np.max(np.abs(couplings))
    couplings = couplings + np.triu(noise, 1) + np.triu(noise, 1).T
    order = rng.permutation(len(couplings))
    result = descend((couplings, starts), "sd")
    permuted = descend((couplings[np.ix_(order, order)], starts[:, order]), "sd")
    np.testing.assert_array_equal(permuted.spins, result.spins[:, order])


@settings(deadline=None, max_examples=40)
@given(problems(), SEEDS)
def test_the_order_of_a_batch_does_not_matter_to_sd(problem, seed):
    couplings, starts = problem
    order = np.random.default_rng(seed).permutation(len(starts))
    result = descend((couplings, starts), "sd")
    shuffled = descend((couplings, starts[order]), "sd")
    np.testing.assert_array_equal(shuffled.spins, result.spins[order])
    np.testing.assert_array_equal(shuffled.flips, result.flips[order])


@settings(deadline=None, max_examples=20)
@given(problems(), st.sampled_from(["sd", "0tmh"]), SEEDS, st.integers(1, 6))
def test_threads_and_later_rows_do_not_matter(problem, dynamics, seed, threads):
    couplings, starts = problem
    many = np.tile(starts, (40, 1))
    alone = descend((couplings, many), dynamics, seed, threads=1)
    shared = descend((couplings, many), dynamics, seed, threads=threads)
    first = descend((couplings, starts), dynamics, seed)
    np.testing.assert_array_equal(shared.spins, alone.spins)
    np.testing.assert_array_equal(first.spins, alone.spins[: len(starts)])
