"""Scenarios: round trip through plain values, and refusals by name."""

from __future__ import annotations

import ast
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccqed_ctrl.errors import ParameterError
from sim_backend.laboratory import scenario
from sim_backend.laboratory.scenario import (
    DYNAMICS,
    FLIP_RATES,
    TRUTH,
    Imperfections,
    Scenario,
)


@given(
    st.sampled_from(DYNAMICS), st.sampled_from(FLIP_RATES), st.floats(0, 1e-6),
    st.integers(1, 10**6), st.integers(0, 100), st.booleans(),
    st.lists(st.integers(0, 100)),
)  # fmt: skip
def test_round_trip_through_json(
    dynamics, kernel, placement, atoms, order, quantum, empty
):
    values = {
        "dynamics": dynamics, "flip_rates": kernel, "cloud": {"atoms": atoms},
        "imperfections": {"placement_error": placement}, "modes": {"max_order": order},
        "noise": {"quantum": quantum}, "empty_sites": empty,
    }  # fmt: skip
    made = Scenario.from_dict(values)
    assert made.cloud.atoms == atoms
    assert made.imperfections == Imperfections(placement_error=placement)
    assert made.empty_sites == tuple(empty)
    plain = json.loads(json.dumps(made.to_dict()))
    assert Scenario.from_dict(plain) == made


def test_nothing_given_is_the_default():
    assert Scenario.from_dict({}) == Scenario()


def defaults_of_the_other_side():
    """Yield (class, field) of every default that the control side believes."""
    for item in dataclasses.fields(Scenario):
        group = type(item.default)
        if group.__module__ == "ccqed_ctrl.params":
            yield from ((group, field.name) for field in dataclasses.fields(group))


@pytest.mark.parametrize(("group", "name"), list(defaults_of_the_other_side()))
def test_a_belief_that_changes_leaves_the_truth_as_it_is(group, name, monkeypatch):
    # The defaults of a dataclass are those of its constructor.
    names = [field.name for field in dataclasses.fields(group)]
    changed = list(group.__init__.__defaults__)
    changed[names.index(name)] *= 2
    before = TRUTH.resolve({})
    monkeypatch.setattr(group.__init__, "__defaults__", tuple(changed))
    assert TRUTH.resolve({}) == before
    part = next(
        f.name for f in dataclasses.fields(Scenario) if f.type == group.__name__
    )
    other = next(other for other in names if other != name) if len(names) > 1 else name
    told = TRUTH.resolve({part: {other: before[part][other]}})
    assert told == before


def test_the_truth_states_every_value_itself():
    tree = ast.parse(Path(scenario.__file__).read_text())
    body = next(c for c in tree.body if getattr(c, "name", "") == "Scenario").body
    stated = {
        node.target.id: {keyword.arg for keyword in node.value.keywords}
        for node in body
        if isinstance(node, ast.AnnAssign)
    }
    for item in dataclasses.fields(Scenario):
        group = type(item.default)
        if group.__module__ == "ccqed_ctrl.params":
            names = {field.name for field in dataclasses.fields(group)}
            assert stated[item.name] == names, item.name


def test_every_value_is_a_knob():
    knobs = {knob.name: knob for knob in TRUTH.knobs()}
    plain = TRUTH.resolve({})
    leaves = {
        f"{name}.{inner}" if inner else name
        for name, value in plain.items()
        for inner in (value if isinstance(value, dict) else [""])
    }
    assert knobs.keys() == leaves
    assert knobs["cavity.waist"].default == 35.2336e-6
    assert knobs["cavity.waist"].unit == "m"
    assert all(knob.doc for knob in knobs.values())


def test_texts_become_changes():
    texts = ["dynamics=mean_field", "cavity.waist=4e-5", "empty_sites=[1, 2]"]
    assert TRUTH.parse(texts) == {
        "dynamics": "mean_field",
        "cavity": {"waist": 4e-5},
        "empty_sites": [1, 2],
    }
    for bad in ("x", "a.=1", "=2", "a b=3"):
        with pytest.raises(ParameterError, match="NAME=VALUE"):
            TRUTH.parse([bad])
    with pytest.raises(ParameterError, match="a value and a field"):
        TRUTH.parse(["cavity=1", "cavity.waist=2"])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"dynamic": "mean_field"}, "Scenario has no field 'dynamic'; it has dynamics"),
        ({"dynamics": "annealing"}, "dynamics must be one of steepest_descent, mean"),
        ({"flip_rates": ""}, "flip_rates must be one of exact, printed"),
        ({"dynamics": {}}, "dynamics must be one of"),
        ({"cavity": {"kapa": 1.0}}, "Cavity has no field 'kapa'"),
        ({"cavity": {"kappa": -1.0}}, "Cavity.kappa must be"),
        ({"cavity": 5}, "Scenario.cavity is a group of values"),
        ({"modes": {"order": 3}}, "ModeFamily has no field 'order'"),
        ({"modes": {"max_order": 2.5}}, "ModeFamily.max_order"),
        ({"noise": {"alpha": "x"}}, "OhmicNoise.alpha"),
        ({"noise": [1, 2]}, "Scenario.noise is a group"),
        ({"detection": {"efficiency": 1.5}}, "Detection.efficiency"),
        ({"imperfections": {"placement_error": np.nan}}, "placement_error"),
        ({"empty_sites": [-1]}, "empty site must be"),
        ({"empty_sites": [0.5]}, "empty site must be a whole number"),
        ({"empty_sites": 3}, "empty_sites must have shape"),
        ({"empty_sites": "3"}, "empty_sites must"),
    ],
)
def test_what_is_wrong_is_named(values, said):
    with pytest.raises(ParameterError, match=said):
        Scenario.from_dict(values)
