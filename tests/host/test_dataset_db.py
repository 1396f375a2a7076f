"""Datasets that outlive a run."""

from __future__ import annotations

import numpy as np
import pytest

from ccqed_ctrl.errors import ResultsError
from sim_backend.host.dataset_db import DatasetDB


def test_only_what_persists_is_stored(tmp_path):
    path = tmp_path / "db.sqlite"
    first = DatasetDB(path)
    first.set("kept", True, np.arange(3), {"unit": "ms"})
    first.set("live", False, 2, {})
    assert first.get("live") == 2
    first.flush()
    second = DatasetDB(path)
    np.testing.assert_array_equal(second.get("kept"), [0, 1, 2])
    assert second.get_metadata("kept") == {"unit": "ms"}
    with pytest.raises(KeyError, match="live"):
        second.get("live")


def test_nothing_to_store_makes_no_file(tmp_path):
    path = tmp_path / "db.sqlite"
    database = DatasetDB(path)
    database.set("live", False, 2, {})
    database.flush()
    assert not path.exists()


def test_broadcasting_without_persist_forgets_the_stored_value(tmp_path):
    # As in ARTIQ's master: the last way it was set is the one that counts.
    path = tmp_path / "db.sqlite"
    first = DatasetDB(path)
    first.set("x", True, 1, {})
    first.flush()
    first.set("x", False, 2, {})
    first.flush()
    with pytest.raises(KeyError):
        DatasetDB(path).get("x")


def test_a_value_taken_back_is_gone_at_once(tmp_path):
    path = tmp_path / "db.sqlite"
    database = DatasetDB(path)
    database.set("x", True, 1, {})
    database.flush()
    database.delete("x")
    with pytest.raises(KeyError):
        database.get("x")


def test_two_runs_share_a_file(tmp_path):
    path = tmp_path / "db.sqlite"
    one, two = DatasetDB(path), DatasetDB(path)
    one.set("a", True, 1, {})
    two.set("b", True, 2, {})
    one.flush()
    two.flush()
    assert (two.get("a"), one.get("b")) == (1, 2)


def test_values_are_copies(tmp_path):
    database = DatasetDB(tmp_path / "db.sqlite")
    value = [1]
    database.set("x", False, value, {})
    value.append(2)
    database.get("x").append(3)
    assert database.get("x") == [1]


def test_a_file_of_another_kind_is_refused_at_once(tmp_path):
    path = tmp_path / "dataset_db.mdb"
    path.write_bytes(b"\x00" * 4096 + b"not sqlite")
    with pytest.raises(ResultsError, match="artiq_master"):
        DatasetDB(path)
