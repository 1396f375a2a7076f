"""Kinds: which two are one, and what becomes of integers."""

from __future__ import annotations

import pytest

from sim_backend.gates.kinds import (
    EMPTY,
    FLOAT,
    INT,
    INT32,
    INT64,
    STR,
    ClashError,
    Kind,
    stored,
    together,
    unify,
)


def list_of(kind):
    return Kind("list", (kind,))


def pair(first, second):
    return Kind("tuple", (first, second))


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        (None, FLOAT, FLOAT),
        (INT, INT64, INT64),
        (INT, INT32, INT32),
        (EMPTY, list_of(STR), list_of(STR)),
        (list_of(INT), list_of(INT64), list_of(INT64)),
        (pair(INT, None), pair(None, STR), pair(INT, STR)),
    ],
)
def test_one_kind_whichever_comes_first(first, second, both):
    assert unify(first, second) == unify(second, first) == both


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (INT, FLOAT),
        (INT32, INT64),
        (STR, INT),
        (list_of(INT), list_of(FLOAT)),
        (Kind("tuple", (INT,)), Kind("tuple", (INT, INT))),
    ],
)
def test_two_kinds(first, second):
    for kinds in ([first, second], [second, first]):
        with pytest.raises(ClashError):
            together(kinds)


def test_integers_of_the_host_take_32_bits():
    assert stored(INT) == INT32
    assert stored(list_of(INT)) == list_of(INT32)
    assert stored(INT64) == INT64
