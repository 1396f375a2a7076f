"""The schema: complete, strict, and all or nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccqed_ctrl import schema
from ccqed_ctrl.errors import SchemaError
from ccqed_ctrl.units import SCALES


class Owner:
    def __init__(self):
        self.sets = {}

    def set_dataset(self, key, value, **options):
        self.sets[key] = (value, options)


@pytest.fixture
def owner():
    return Owner()


@pytest.mark.parametrize("key", schema.SCHEMA)
def test_every_entry_is_complete(key):
    entry = schema.SCHEMA[key]
    assert entry.doc
    assert entry.unit in SCALES
    assert entry.dtype == "str" or np.dtype(entry.dtype).kind in "iufc"


@pytest.mark.parametrize(
    "key", [k for k, e in schema.SCHEMA.items() if e.axes and e.dtype != "str"]
)
def test_what_is_allocated_conforms(key):
    entry = schema.SCHEMA[key]
    sizes = {axis: 3 + index for index, axis in enumerate("SPNTF")}
    made = schema.allocate(key, sizes | {"ny": 8, "nx": 9})
    assert made.dtype == entry.dtype
    np.testing.assert_array_equal(schema.conform(key, made), made)
    # "Not yet measured" must not look like a measured zero where it can be told.
    if made.dtype.kind in "fc":
        assert np.isnan(made).all()


def test_allocation_needs_sizes_and_a_known_key():
    assert schema.allocate("plan.positions", {"N": 5}).shape == (5, 2)
    with pytest.raises(SchemaError, match=r"shot.spins: no size given"):
        schema.allocate("shot.spins", {"S": 2})
    with pytest.raises(SchemaError, match="no dataset 'shot.spin' in the schema"):
        schema.allocate("shot.spin", {"S": 2})


def test_publishing_gives_units_and_passes_options(owner):
    schema.publish(
        owner,
        {"plan.positions": np.zeros((4, 2)), "seed": 3, "backend": "simulation"},
        broadcast=True,
    )
    value, options = owner.sets["plan.positions"]
    assert options == {"unit": "um", "scale": 1e-6, "broadcast": True}
    assert value.dtype == np.float64
    assert owner.sets["seed"] == (3, {"broadcast": True})
    assert owner.sets["backend"] == ("simulation", {"broadcast": True})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("sed", 3),
        ("seed", np.zeros(1, int)),
        ("seed", 3.0),
        ("seed", 2**70),
        ("seed", None),
        ("seed", "3"),
        ("shot.spins", np.zeros(5, np.int8)),
        ("shot.spins", [[1], [1, -1]]),
        ("shot.spins", np.full((1, 2), 300)),
        ("shot.frames", np.full((1, 2, 4, 4), -1)),
        ("shot.frames", np.zeros((1, 2, 4, 4), np.float64)),
        ("shot.residual", np.zeros(3, complex)),
        ("plan.positions", np.zeros((4, 3))),
        ("memory.shape", np.array([8, 8, 1])),
        ("memory.names", "icons"),
        ("memory.names", ["a", 3]),
        ("memory.names", 3),
        ("backend", ["simulation"]),
        ("backend", 3),
    ],
)
def test_what_does_not_conform_is_refused_and_nothing_is_set(owner, key, value):
    with pytest.raises(SchemaError, match=key):
        schema.publish(owner, {"schema_revision": 1, key: value})
    assert owner.sets == {}


def test_narrow_types_that_hold_the_values_pass():
    spins = schema.conform("shot.spins", np.array([[1, -1, 0]], np.int64))
    assert spins.dtype == np.int8
    np.testing.assert_array_equal(spins, [[1, -1, 0]])


@given(st.integers(-(2**63), 2**63 - 1))
def test_scalars_become_python_numbers(value):
    result = schema.conform("seed", np.int64(value))
    assert (result, type(result)) == (value, int)


def test_names_pass_from_any_sequence():
    assert schema.conform("memory.names", ("a", "b")) == ["a", "b"]
