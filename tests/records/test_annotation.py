"""HDF5 that explains itself: labels, scales, units and meanings beside the data."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from ccqed_ctrl.params import Cue, Sequence
from ccqed_ctrl.records import annotation, encoded, plan, row, setting
from ccqed_ctrl.records.shots import ShotRecord


class Mine(ShotRecord):
    """What a test stores."""

    names = plan("P", "str", "names of things")
    weights = plan("P", "float64", "of the things")
    delay = plan("", "float64", "before each", "us")
    counts = row("P", "int64", "of each thing")


CORRUPTION = setting("cue", "corruption", Cue.declared()["corruption"]).along("K")
HOLD = setting("sequence", "hold_time", Sequence.declared()["hold_time"]).along("K")


@pytest.fixture
def datasets():
    with h5py.File("memory", "w", driver="core", backing_store=False) as file:
        group = file.create_group("datasets")
        group["plan.names"] = ["a", "b"]
        group["plan.weights"] = [1.0, 2.0]
        group["plan.delay"] = 1e-6
        group["shot.counts"] = np.zeros((3, 2), int)
        group["settings.cue.corruption"] = [0.0, 0.0, 0.1]
        group["settings.sequence.hold_time"] = [0.0, 1e-3, 0.0]
        entries = [*Mine.entries(), CORRUPTION, HOLD]
        group["schema"] = encoded(entries, "Mine")
        yield group


def test_meanings_and_units_are_attributes(datasets):
    annotation.annotate(datasets)
    assert dict(datasets["plan.delay"].attrs) == {
        "long_name": "before each",
        "units": "s",
    }
    assert datasets["shot.counts"].attrs["units"] == "1"
    assert "units" not in datasets["plan.names"].attrs


def test_axes_have_names_and_scales(datasets):
    annotation.annotate(datasets)
    shots, places = datasets["shot.counts"].dims
    assert (shots.label, places.label) == ("S", "P")
    assert [scale.name for scale in places.values()] == ["/datasets/plan.names"]
    assert len(shots) == 0
    # Numbers along an axis are no names of its places.
    assert not datasets["plan.weights"].is_scale
    assert len(datasets["plan.weights"].dims[0]) == 1


def test_points_have_what_was_scanned(datasets):
    datasets["plan.weights2"] = np.zeros(3)
    entries = [*Mine.entries(), CORRUPTION, HOLD]
    entries.append(
        annotation.Entry("plan.weights2", ("K",), "float64", "", planned=True)
    )
    annotation.describe(datasets, entries)
    (points,) = datasets["plan.weights2"].dims
    assert {scale.name for scale in points.values()} == {
        "/datasets/settings.cue.corruption",
        "/datasets/settings.sequence.hold_time",
    }


def test_twice_is_as_good_as_once(datasets):
    annotation.annotate(datasets)
    annotation.annotate(datasets)
    assert len(datasets["shot.counts"].dims[1]) == 1


@pytest.mark.parametrize(
    "schema", ["no JSON", "[1]", '{"revision": 99}', 5, ["a"], b"\xff"]
)
def test_a_schema_that_is_not_ours_changes_nothing(datasets, schema):
    del datasets["schema"]
    datasets["schema"] = schema
    annotation.annotate(datasets)
    assert not any(dict(item.attrs) for item in datasets.values())


def test_what_is_not_as_declared_is_left_alone(datasets):
    del datasets["shot.counts"]
    datasets["shot.counts"] = 5
    datasets.create_group("plan.seed")
    annotation.annotate(datasets)
    assert not dict(datasets["shot.counts"].attrs)
