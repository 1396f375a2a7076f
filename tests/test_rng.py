"""Random streams: named, independent of order and of each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.rng import stream


@given(st.integers(0, 2**80), st.text(), st.integers(0, 2**31))
def test_the_same_name_gives_the_same_numbers(seed, purpose, index):
    once = stream(seed, purpose, index).random(4)
    np.testing.assert_array_equal(once, stream(seed, purpose, index).random(4))


def test_other_consumers_do_not_shift_a_stream():
    alone = stream(7, "cue", 3).random(5)
    stream(7, "layout").random(1000)
    crowd = [stream(7, "minima", index).random() for index in range(5)]
    np.testing.assert_array_equal(stream(7, "cue", 3).random(5), alone)
    assert len(set(crowd)) == 5


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**70),
            st.sampled_from(["layout", "minima", "cue", "camera", "preparation"]),
            st.integers(0, 10_000),
        ),
        unique=True,
        min_size=2,
        max_size=20,
    )
)
def test_different_names_give_different_numbers(names):
    words = {stream(*name).integers(2**63, size=2).tobytes() for name in names}
    assert len(words) == len(names)


def test_seeds_beyond_float_precision_differ():
    assert stream(2**60, "a").random() != stream(2**60 + 1, "a").random()


def test_streams_are_uncorrelated():
    draws = np.stack([stream(1, "shot", index).normal(size=2000) for index in range(8)])
    correlation = np.corrcoef(draws) - np.eye(8)
    # 28 pairs of standard deviation 1/sqrt(2000) = 0.022: five of them.
    assert np.abs(correlation).max() < 0.11


@pytest.mark.parametrize("seed", [-1, 0.5, float("nan"), True, "3", None])
def test_a_bad_seed_is_refused(seed):
    with pytest.raises(ParameterError, match="root seed"):
        stream(seed, "layout")


@pytest.mark.parametrize("index", [-1, 1.5])
def test_a_bad_index_is_refused(index):
    with pytest.raises(ParameterError, match="stream index"):
        stream(1, "layout", index)
