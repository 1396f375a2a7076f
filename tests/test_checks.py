"""Checks at the door: what passes, what is refused, and how it is said."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ccqed_ctrl import checks
from ccqed_ctrl.errors import ParameterError, ShapeError


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_finite_numbers_pass_unchanged(value):
    assert checks.number("x", value) == value
    assert checks.number("x", np.float64(value)) == value


@given(st.floats(-10, 10), st.floats(-10, 10), st.floats(-10, 10))
def test_bounds_are_inclusive(value, low, high):
    low, high = sorted((low, high))
    if low <= value <= high:
        assert checks.number("x", value, low, high) == value
    else:
        with pytest.raises(ParameterError):
            checks.number("x", value, low, high)


def test_a_choice_is_one_of_the_allowed_names():
    assert checks.choice("x", "b", {"a": 1, "b": 2}) == "b"
    for bad in ("c", "", None, 1, ["a"]):
        with pytest.raises(ParameterError, match="x must be one of a, b; got"):
            checks.choice("x", bad, ("a", "b"))


@pytest.mark.parametrize(
    "value",
    [
        math.nan, math.inf, -math.inf, True, np.True_, "5", b"5", None, 1j,
        np.complex128(1), [1.0], np.ones(1), 10**400, object(),
    ],
)  # fmt: skip
def test_what_is_no_real_number_is_refused(value):
    with pytest.raises(ParameterError, match="x must be a finite number"):
        checks.number("x", value)


def test_the_message_has_name_range_unit_and_value():
    with pytest.raises(ParameterError) as caught:
        checks.number("kappa", -3.5, 0.0, 2.0, "rad/s")
    assert str(caught.value) == (
        "kappa must be a finite number in [0, 2] rad/s; got -3.5"
    )


@given(st.integers(-(2**100), 2**100))
def test_whole_numbers_pass_exactly(value):
    result = checks.integer("n", value)
    assert (result, type(result)) == (value, int)


def test_whole_floats_and_numpy_integers_pass():
    assert checks.integer("n", 3.0) == 3
    assert type(checks.integer("n", np.int32(7))) is int


@pytest.mark.parametrize("value", [3.5, True, np.False_, math.nan, math.inf, "3", None])
def test_what_is_not_whole_is_refused(value):
    with pytest.raises(ParameterError, match="^n must be"):
        checks.integer("n", value)


@pytest.mark.parametrize("value", [-1, 11])
def test_whole_numbers_have_bounds(value):
    with pytest.raises(ParameterError, match=r"\[0, 10\]"):
        checks.integer("n", value, 0, 10)


@given(hnp.arrays(float, (3, 2), elements=st.floats(-1e9, 1e9)))
def test_arrays_pass_unchanged(value):
    np.testing.assert_array_equal(checks.array("r", value.tolist(), ("N", 2)), value)


@pytest.mark.parametrize(
    ("value", "shape", "said"),
    [
        (np.zeros(3), ("N", 2), r"must have shape \(N, 2\); got \(3,\)"),
        (np.zeros((3, 3)), ("N", 2), r"got \(3, 3\)"),
        (np.zeros((2, 3)), ("N", "N"), r"got \(2, 3\)"),
        (5.0, ("N",), r"got \(\)"),
        ([1.0, math.nan, math.inf], (3,), "finite; 2 of 3 entries are not"),
        ([[1], [1, 2]], ("N", "M"), "numeric array"),
        (["a"], ("N",), "numeric array"),
        ({"a": 1}, ("N",), "numeric array"),
        ([1 + 2j], ("N",), "complex"),
        (np.array([1 + 2j]), ("N",), "complex"),
        (None, ("N",), "must have shape"),
    ],
)
def test_a_bad_array_is_refused(value, shape, said):
    with pytest.raises(ShapeError, match=said):
        checks.array("r", value, shape)


def test_complex_passes_where_it_is_asked_for():
    np.testing.assert_array_equal(checks.array("c", [1j], (1,), complex), [1j])


@given(hnp.arrays(np.int8, (4,), elements=st.sampled_from([-1, 1])))
def test_spins_pass_as_int8(value):
    for given_as in (value, value.astype(float), value.tolist()):
        result = checks.spins("s", given_as, ("N",))
        assert result.dtype == np.int8
        np.testing.assert_array_equal(result, value)


@pytest.mark.parametrize("dtype", [np.int8, np.int64, float])
@pytest.mark.parametrize("wrong", [0, 2, -128])
def test_other_values_are_no_spins(dtype, wrong):
    with pytest.raises(ShapeError, match=f"only -1 and .1; got {wrong}"):
        checks.spins("s", np.array([1, wrong, -1], dtype), ("N",))


def test_pixels_are_recognised():
    with pytest.raises(ShapeError, match=r"are these pixels in \{0, 1\}"):
        checks.spins("s", [1, 0, 0], ("N",))
    with pytest.raises(ShapeError) as caught:
        checks.spins("s", [1, 0, 3], ("N",))
    assert "pixels" not in str(caught.value)


@given(hnp.arrays(float, (3, 3), elements=st.floats(-1e3, 1e3)))
def test_a_symmetrised_matrix_is_symmetric(matrix):
    np.testing.assert_array_equal(
        checks.symmetric("J", matrix + matrix.T), matrix + matrix.T
    )


def test_symmetry_is_judged_by_the_largest_entry():
    checks.symmetric("J", [[1e6, 1.0], [1.0 + 1e-4, 0.0]])
    with pytest.raises(ShapeError, match="up to 0.5"):
        checks.symmetric("J", [[1.0, 0.5], [0.0, 1.0]])
    assert checks.symmetric("J", np.empty((0, 0))).shape == (0, 0)
