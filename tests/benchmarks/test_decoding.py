"""The benchmark of decoding, small; and that its verdicts can be missed."""

from __future__ import annotations

import pytest

from benchmarks import decoding


@pytest.fixture(scope="module")
def row():
    """Return one narrow layout of nine ensembles, bright, on a small camera."""
    found = decoding.take(3, 2, ensembles=9, pixels=192, width=1.0, light=1e4)
    return {"seed": 3, **found}


def test_bright_light_has_no_bit_error(row):
    assert row["bits"] == 18
    assert row["wrong"] == 0


def test_a_wrong_map_is_seen_before_it_matters(row):
    for steps in row["alarms"].values():
        residuals = [residual for _, residual in steps]
        assert residuals[-1] > residuals[0]
        assert not any(wrong and residual < 0.1 for wrong, residual in steps)


def test_what_is_missed_is_said(row):
    steps = [[3, 0.01]] * len(decoding.STEPS)
    curve = [[1000, 200.0, 300]] * (len(decoding.EDGES) - 1)
    alarms = dict.fromkeys(decoding.WRONG, steps)
    bad = row | {"wrong": 5, "residual": 0.9, "curve": curve, "alarms": alarms}
    assert not any(kept for *_, kept in decoding.verdicts([bad]))
    page, kept = decoding.table([bad], 2)
    assert not kept
    assert "MISSED" in page
