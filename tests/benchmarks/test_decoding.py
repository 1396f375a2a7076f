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
        first, last = ([frame[2] for frame in steps[place]] for place in (0, -1))
        assert min(last) > max(first)
        frames = [frame for step in steps for frame in step]
        assert not any(wrong and not alarm for wrong, alarm, _ in frames)


def test_what_is_missed_is_said(row):
    good = row | {"frame": 1e-3}  # no test of how fast this machine is
    assert all(kept for *_, kept in decoding.verdicts([good]))
    steps = [[[3, 0, 1e-7]]] * len(decoding.STEPS)
    curve = [[1000, 200.0, 300]] * (len(decoding.EDGES) - 1)
    alarms = dict.fromkeys(decoding.WRONG, steps)
    bad = {
        "seed": 3, "bits": 18, "wrong": 5, "in_place": [[1, 2e-6]], "frame": 1.0,
        "curve": curve, "alarms": alarms,
    }  # fmt: skip
    assert not any(kept for *_, kept in decoding.verdicts([bad]))
    page, kept = decoding.table([bad], 2)
    assert not kept
    assert "MISSED" in page
