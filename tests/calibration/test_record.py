"""The record of a value: what a dataset holds, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccqed_ctrl import pyon
from ccqed_ctrl.calibration.record import Record
from ccqed_ctrl.errors import CalibrationError
from sim_backend.host import ensure_artiq

ensure_artiq()

WHOLE = Record(
    1.5, 7, "2026-11-27T06:00:00+00:00", 0.1, "m", "axis", 60.0, {"a": "3@x"}
)
FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(FINITE | st.integers(-(2**53), 2**53), st.floats(0, 1e9) | st.none())
def test_what_a_dataset_holds_is_read_again(value, error):
    from sipyco import pyon as artiqs

    record = Record(value, 3, "2026", error, "m", "axis", 5.0, {"a": "b"}, "2027")
    assert Record.of(pyon.decode(artiqs.encode(record.to_dict()))) == record


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"value": float("nan")}, "value must be a finite number"),
        ({"value": True}, "value must be a finite number"),
        ({"value": "5"}, "value must be a finite number"),
        ({"uncertainty": -1.0}, "uncertainty must be a finite number"),
        ({"validity": float("inf")}, "validity must be a finite number"),
        ({"rid": 1.5}, "rid must be a whole number"),
        ({"by": None}, "by must be text"),
        ({"parents": []}, "parents must be a table"),
        ({"colour": "red"}, "unknown: colour"),
    ],
)
def test_what_is_none_is_refused(change, sentence):
    with pytest.raises(CalibrationError, match=sentence):
        Record.of(WHOLE.to_dict() | change)


def test_what_is_missing_is_named():
    with pytest.raises(CalibrationError, match="missing: rid, time"):
        Record.of({"value": 1.0})
    with pytest.raises(CalibrationError, match="a record is a table; got 3"):
        Record.of(3)


def test_age_counts_from_the_last_check():
    now = datetime(2026, 11, 27, 7, tzinfo=UTC)
    assert WHOLE.age(now) == 3600.0
    held = WHOLE.holds("2026-11-27T06:59:00+00:00", {})
    assert held.age(now) == 60.0
    assert (held.value, held.id, held.parents) == (WHOLE.value, WHOLE.id, {})
    assert Record(1.0, 1, "2026-11-27T06:00:00").age(now) == 3600.0  # without a zone
    assert Record(1.0, 1, "soon").age(now) is None
