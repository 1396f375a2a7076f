"""Datasets that outlive a run."""

from __future__ import annotations

import numpy as np
import pytest

from ccqed_ctrl.errors import ResultsError
from sim_backend.host.dataset_db import DatasetDB


def put(database, key, value, persist, metadata=None):
    """Broadcast as the dataset manager does."""
    entry = (persist, value, metadata or {})
    database.update({"action": "setitem", "path": [], "key": key, "value": entry})


def test_only_what_persists_is_stored(tmp_path):
    path = tmp_path / "db.sqlite"
    first = DatasetDB(path)
    put(first, "kept", np.arange(3), persist=True, metadata={"unit": "ms"})
    put(first, "live", 2, persist=False)
    assert first.get("live") == 2
    first.save()
    second = DatasetDB(path)
    np.testing.assert_array_equal(second.get("kept"), [0, 1, 2])
    assert second.get_metadata("kept") == {"unit": "ms"}
    with pytest.raises(KeyError, match="live"):
        second.get("live")


def test_nothing_to_store_makes_no_file(tmp_path):
    path = tmp_path / "db.sqlite"
    database = DatasetDB(path)
    put(database, "live", 2, persist=False)
    database.save()
    assert not path.exists()


def test_broadcasting_without_persist_forgets_the_stored_value(tmp_path):
    # As in ARTIQ's master: the last way it was set is the one that counts.
    path = tmp_path / "db.sqlite"
    first = DatasetDB(path)
    put(first, "x", 1, persist=True)
    first.save()
    put(first, "x", 2, persist=False)
    first.save()
    with pytest.raises(KeyError):
        DatasetDB(path).get("x")


def test_a_value_taken_back_is_gone_at_once(tmp_path):
    path = tmp_path / "db.sqlite"
    database = DatasetDB(path)
    put(database, "x", 1, persist=True)
    database.save()
    database.update({"action": "delitem", "path": [], "key": "x"})
    with pytest.raises(KeyError):
        database.get("x")


def test_two_runs_share_a_file(tmp_path):
    path = tmp_path / "db.sqlite"
    one, two = DatasetDB(path), DatasetDB(path)
    put(one, "a", 1, persist=True)
    put(two, "b", 2, persist=True)
    one.save()
    two.save()
    assert (two.get("a"), one.get("b")) == (1, 2)


def test_values_are_copies(tmp_path):
    database = DatasetDB(tmp_path / "db.sqlite")
    value = [1]
    put(database, "x", value, persist=False)
    value.append(2)
    database.get("x").append(3)
    assert database.get("x") == [1]


def test_a_file_of_another_kind_is_refused_at_once(tmp_path):
    path = tmp_path / "dataset_db.mdb"
    path.write_bytes(b"\x00" * 4096 + b"not sqlite")
    with pytest.raises(ResultsError, match="artiq_master"):
        DatasetDB(path)
