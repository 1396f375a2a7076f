"""Scenarios: round trip through plain values, and refusals by name."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccqed_ctrl.errors import ParameterError
from sim_backend.laboratory.scenario import DYNAMICS, KERNELS, Imperfections, Scenario


@given(
    st.sampled_from(DYNAMICS), st.sampled_from(KERNELS), st.floats(0, 1e-6),
    st.integers(1, 10**6), st.integers(0, 100), st.booleans(),
    st.lists(st.integers(0, 100)),
)  # fmt: skip
def test_round_trip_through_json(
    dynamics, kernel, placement, atoms, order, quantum, empty
):
    values = {
        "dynamics": dynamics, "kernel": kernel, "cloud": {"atoms": atoms},
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


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"dynamic": "mean_field"}, "Scenario has no field 'dynamic'; it has dynamics"),
        ({"dynamics": "annealing"}, "dynamics must be one of steepest_descent, mean"),
        ({"kernel": ""}, "kernel must be one of exact, printed"),
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
