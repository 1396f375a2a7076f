"""What can be stored, and the refusal that names the key."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from ccqed_ctrl.errors import SchemaError
from sim_backend.host import hdf5

STORABLE = [
    1.5,
    3,
    True,
    2 + 1j,
    "text µ",
    b"ab",
    [1, 2],
    [1, 2.5],
    ["a", "b"],
    [np.zeros(2), np.ones(2)],
    [np.zeros(2), np.ones(2, int)],
    [],
    np.int32(3),
    np.bool_(True),
    np.zeros((2, 3), np.uint16),
    np.zeros((0, 2)),
    np.void(b"\x00\x01"),
    np.zeros(2, [("x", "f8"), ("y", "i4")]),
]
UNSTORABLE = [
    None,
    {"a": 1},
    [1, [2, 3]],
    [1, "a"],
    [np.zeros(2), np.zeros(3)],
    [np.zeros(2), 1.0],
    ["a", "b\0"],
    [None],
    b"a\0b",
    "a\0b",
    2**70,
    object(),
    np.array([object()]),
    np.array([[1], None], dtype=object),
    {1, 2},
]


@pytest.mark.parametrize("value", STORABLE, ids=repr)
def test_what_passes_can_be_written(value, tmp_path):
    hdf5.check("key", value, {})
    with h5py.File(tmp_path / "x.h5", "w") as file:
        hdf5.write(file, "key", value, {"unit": "ms"})
        assert file["key"].attrs["unit"] == "ms"


@pytest.mark.parametrize("value", UNSTORABLE, ids=lambda value: type(value).__name__)
def test_what_cannot_be_written_is_refused_by_name(value):
    with pytest.raises(SchemaError, match=r"a\.key"):
        hdf5.check("a.key", value, {})


@pytest.mark.parametrize(
    "key", ["", "/x", "x/", "a//b", "a/../b", ".", "a\0b", 3, None]
)
def test_keys_stay_below_their_group(key):
    with pytest.raises(SchemaError, match="key"):
        hdf5.check(key, 1, {})


@pytest.mark.parametrize(
    "metadata",
    [{"unit": 1}, {"scale": "ms"}, {"precision": 2.5}, {"precision": True}, {"x": 1}],
)
def test_metadata_is_checked(metadata):
    with pytest.raises(SchemaError, match="key"):
        hdf5.check("key", 1, metadata)


def test_one_bad_dataset_costs_no_other(tmp_path):
    path = tmp_path / "x.h5"
    values = {"a": 1, "bad": None, "a/b": 2, "z": [1.5]}
    with h5py.File(path, "w") as file:
        refused = hdf5.write_all(file, values, {})
    assert len(refused) == 2
    assert "'bad'" in refused[0]
    assert "'a/b'" in refused[1]  # `a` is a value and cannot be a folder too
    assert hdf5.read(path, "a") == 1
    assert hdf5.read(path, "z") == [1.5]
