"""Scans; sequences and shuffles as ARTIQ-9 printed them."""

from __future__ import annotations

import pytest
from artiq.experiment import (
    CenterScan,
    ExplicitScan,
    MultiScanManager,
    NoScan,
    RangeScan,
    Scannable,
)


@pytest.mark.parametrize(
    ("scan", "values"),
    [
        (RangeScan(0, 10, 6), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]),
        (RangeScan(0, 10, 6, randomize=True, seed=7), [8.0, 0.0, 10.0, 6.0, 2.0, 4.0]),
        (RangeScan(1, 2, 1), [1]),
        (RangeScan(1, 2, 0), []),
        (CenterScan(5.0, 2.0, 0.3), [5.0, 4.7, 5.3, 4.4, 5.6, 4.1, 5.9]),
        (
            CenterScan(5.0, 2.0, 0.5, randomize=True, seed=3),
            [5.0, 5.5, 4.0, 6.0, 4.5],
        ),
        (CenterScan(5.0, 2.0, 0.0), []),
        (NoScan(3.5, 2), [3.5, 3.5]),
        (ExplicitScan([3, 1, 2]), [3, 1, 2]),
    ],
)
def test_values(scan, values):
    assert list(scan) == values
    assert list(scan) == values  # again: the same
    assert len(scan) == len(values)


@pytest.mark.parametrize(
    "scan",
    [
        NoScan(3.5, 2),
        RangeScan(0, 1, 4, randomize=True, seed=5),
        CenterScan(1, 2, 0.25, randomize=True, seed=1),
        ExplicitScan([1.0, 4.0]),
    ],
)
def test_a_description_rebuilds_the_scan(scan):
    described = scan.describe()
    assert described["ty"] == type(scan).__name__
    assert list(Scannable().process(described)) == list(scan)


def test_scannable_describes_itself():
    processor = Scannable(
        [NoScan(3250), RangeScan(10, 20, 6)], unit="kHz", global_max=400
    )
    assert processor.default().value == 3250
    assert processor.describe() == {
        "ty": "Scannable",
        "default": [
            {"ty": "NoScan", "value": 3250, "repetitions": 1},
            {
                "ty": "RangeScan", "start": 10, "stop": 20, "npoints": 6,
                "randomize": False, "seed": None,
            },
        ],
        "unit": "kHz", "scale": 1000.0, "global_step": 100.0, "global_min": None,
        "global_max": 400, "precision": 2,
    }  # fmt: skip


def test_unknown_entries_of_a_description_are_ignored():
    described = {"ty": "NoScan", "value": 1, "junk": 2}
    assert list(Scannable().process(described)) == [1]


def test_many_scans_as_one():
    manager = MultiScanManager(("a", RangeScan(0, 1, 2)), ("b", ExplicitScan([5, 6])))
    points = list(manager)
    assert [(p.a, p.b) for p in points] == [(0.0, 5), (0.0, 6), (1.0, 5), (1.0, 6)]
    assert points[0].attr == {"a", "b"}
    assert len(list(manager)) == 4  # and once more
