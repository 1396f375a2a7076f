"""A seed gives the same data on any number of cores."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from ccqed_ctrl.threads import one_thread

from .conftest import FAST, stored


def threads():
    """Return how many threads each library of linear algebra has."""
    found = threadpool_info()
    return {about["num_threads"] for about in found if about["user_api"] == "blas"}


@pytest.fixture(params=[1, 2])
def limit(request):
    with threadpool_limits(request.param, "blas"):
        yield request.param


def test_one_thread_and_then_as_many_as_before(limit):
    assert threads() == {limit}
    with one_thread():
        assert threads() == {1}
    assert threads() == {limit}


def test_two_threads_add_nothing_in_another_order(recall):
    """Emission, of float64, tells: two threads alone change its last bits."""
    found = []
    for limit in (1, 2):
        with threadpool_limits(limit, "blas"):
            assert threads() == {limit}
            found.append(stored(recall(twin=FAST, seed=3, shots=1)))
    for key in ("plan.couplings", "shot.emission", "shot.residual"):
        np.testing.assert_array_equal(*(data[key] for data in found), err_msg=key)
