"""The rules of `set_dataset` and its kin."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from ccqed_ctrl.errors import SchemaError
from sim_backend.host.dataset_db import DatasetDB
from sim_backend.host.datasets import DatasetManager


@pytest.fixture
def datasets(tmp_path):
    return DatasetManager(DatasetDB(tmp_path / "db.sqlite"))


def put(datasets, key, value, broadcast=False, persist=False, archive=True, **metadata):
    datasets.set(key, value, metadata, broadcast, persist, archive)


def test_where_a_value_goes(datasets):
    put(datasets, "here", 1, unit="ms")
    put(datasets, "there", 2, broadcast=True, archive=False)
    put(datasets, "both", 3, broadcast=True)
    put(datasets, "kept", 4, persist=True)
    assert datasets.local == {"here": 1, "both": 3, "kept": 4}
    assert {key: entry[0] for key, entry in datasets.db.live.items()} == {
        "there": False,
        "both": False,
        "kept": True,
    }
    assert datasets.get_metadata("here") == {"unit": "ms"}


def test_setting_again_moves_a_value(datasets):
    put(datasets, "x", 1, broadcast=True)
    put(datasets, "x", 2, broadcast=True, archive=False)
    assert datasets.local == {}
    put(datasets, "x", 3)
    assert datasets.db.live == {}
    assert datasets.local == {"x": 3}


def test_a_value_that_goes_nowhere_is_warned_of(datasets, caplog):
    put(datasets, "lost", 1, archive=False)
    assert "lost" in caplog.text


def test_a_local_value_is_the_callers_object(datasets):
    # As in ARTIQ: arrays may be filled in place.
    value = np.zeros(3)
    put(datasets, "x", value)
    value[1] = 5
    assert datasets.get("x") is value


def test_reading_a_stored_value_archives_it(datasets, tmp_path, caplog):
    earlier = DatasetManager(DatasetDB(tmp_path / "db.sqlite"))
    put(earlier, "old", 7, persist=True, unit="V")
    earlier.flush()
    assert datasets.get("old") == 7
    assert datasets.archive == {}
    assert datasets.get("old", archive=True) == 7
    assert datasets.archive == {"old": 7}
    with caplog.at_level(logging.WARNING):
        datasets.get("old", archive=True)
    assert "old" in caplog.text
    assert datasets.get_metadata("old") == {"unit": "V"}
    with pytest.raises(KeyError):
        datasets.get("none")


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (1, [0, 9, 0, 0]),
        ((1, 3), [0, 9, 9, 0]),
        ((0, None, 2), [9, 0, 9, 0]),
        (((1, 4),), [0, 9, 9, 9]),
        (slice(2, 3), [0, 0, 9, 0]),
    ],
)
def test_mutate_reaches_both_copies(datasets, index, expected):
    put(datasets, "x", np.zeros(4), broadcast=True)
    datasets.mutate("x", index, 9)
    np.testing.assert_array_equal(datasets.get("x"), expected)
    np.testing.assert_array_equal(datasets.db.get("x"), expected)


def test_mutate_in_two_dimensions(datasets):
    put(datasets, "x", np.zeros((2, 3)))
    datasets.mutate("x", ((0, 1), (1, 3)), 1)
    np.testing.assert_array_equal(datasets.get("x"), [[0, 1, 1], [0, 0, 0]])


def test_append_reaches_both_copies(datasets):
    put(datasets, "x", [1], broadcast=True)
    datasets.append_to("x", 2)
    assert datasets.get("x") == datasets.db.get("x") == [1, 2]


def test_what_was_not_set_cannot_be_changed(datasets):
    for change in (
        datasets.mutate,
        lambda key, _, value: datasets.append_to(key, value),
    ):
        with pytest.raises(KeyError, match="absent"):
            change("absent", 0, 1)


@pytest.mark.parametrize("value", [None, {"a": 1}, [1, [2]], "a\0b"])
def test_the_unstorable_is_refused_when_set(datasets, value):
    with pytest.raises(SchemaError, match="bad"):
        put(datasets, "bad", value)
    assert datasets.local == {}


def test_what_is_only_broadcast_must_be_pyon(datasets):
    put(datasets, "fine", {"a": (1, None)}, broadcast=True, archive=False)
    with pytest.raises(SchemaError, match="bad"):
        put(datasets, "bad", object(), broadcast=True, archive=False)


@pytest.mark.parametrize(
    ("start", "value"), [([1.5], "text"), ([[1, 2]], [1]), ([1], None), ([], {})]
)
def test_appending_what_does_not_fit_is_refused(datasets, start, value):
    put(datasets, "x", start)
    with pytest.raises(SchemaError, match="'x'"):
        datasets.append_to("x", value)
    with pytest.raises(SchemaError, match="'x'"):
        put(datasets, "x", np.zeros(2))
        datasets.append_to("x", 1)


def test_mutating_with_what_does_not_fit_is_refused(datasets):
    put(datasets, "x", np.zeros(2))
    put(datasets, "y", [1, 2])
    for key, value in (("x", "text"), ("x", [1, 2, 3]), ("y", None)):
        with pytest.raises(SchemaError, match=f"'{key}'"):
            datasets.mutate(key, 0, value)


def test_watchers_hear_of_every_change(datasets):
    heard = []
    datasets.watchers.append(heard.append)
    put(datasets, "x", [1])
    datasets.append_to("x", 2)
    datasets.mutate("x", 0, 3)
    assert heard == ["x"] * 3
