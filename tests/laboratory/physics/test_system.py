"""What the dynamics act on: refused when it is not physical."""

from __future__ import annotations

import numpy as np
import pytest

from ccqed_ctrl.errors import ParameterError, ShapeError
from ccqed_ctrl.params import Cavity
from sim_backend.laboratory.physics.system import (
    Drive,
    OhmicNoise,
    SpinSystem,
    normal_state,
)


def system(**changes):
    values = {
        "couplings": np.array([[1.0, 0.5], [0.5, 1.0]]), "spins": np.array([5.0, 0.0]),
        "cavity": Cavity(), "omega_z": 1e6,
    }  # fmt: skip
    return SpinSystem(**(values | changes))


def drive(**changes):
    values = {
        "times": [0.0, 1.0, 3.0], "power": [0.0, 1.0],
        "field": np.zeros((2, 4)), "noise": [True, False],
    }  # fmt: skip
    return Drive(**(values | changes))


def test_a_system_may_have_empty_sites():
    made = system(spins=[5, 0])
    assert made.size == 2
    assert made.spins.dtype == np.float64


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"couplings": [[1.0, 0.5], [0.4, 1.0]]}, ShapeError, "symmetric"),
        ({"couplings": np.ones((2, 3))}, ShapeError, "couplings"),
        ({"couplings": np.full((2, 2), np.nan)}, ShapeError, "finite"),
        ({"spins": [1.0, 2.0, 3.0]}, ShapeError, "spins"),
        ({"spins": [1.0, -2.0]}, ShapeError, "spins must be >= 0; got -2"),
        ({"omega_z": -1.0}, ParameterError, "omega_z"),
        ({"omega_z": np.nan}, ParameterError, "omega_z"),
    ],
)
def test_bad_systems_are_refused(changes, error, said):
    with pytest.raises(error, match=said):
        system(**changes)


def test_a_drive_takes_lists():
    made = drive()
    assert made.noise.dtype == bool
    assert made.power.dtype == np.float64


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"times": [0.0]}, "at least two"),
        ({"times": [0.0, 3.0, 1.0]}, "must increase"),
        ({"power": [1.0]}, "power must have shape"),
        ({"power": [1.0, -1e-3]}, "power must be >= 0"),
        ({"field": np.zeros((3, 4))}, "field must have shape"),
        ({"field": np.zeros(2)}, "field must have shape"),
        ({"noise": [True]}, "noise must have shape"),
        ({"times": [0.0, np.nan, 1.0]}, "finite"),
    ],
)
def test_bad_drives_are_refused(changes, said):
    with pytest.raises(ShapeError, match=said):
        drive(**changes)


@pytest.mark.parametrize(
    ("name", "least", "most"), [("alpha", 0.0, 1e4), ("cutoff", 1.0, 1e9)]
)
def test_noise_as_strong_and_fast_as_it_may_be(name, least, most):
    for value in (least, most):
        assert getattr(OhmicNoise(**{name: value}), name) == value
    for value in (least - 0.5, most + 0.5):
        with pytest.raises(ParameterError, match=f"OhmicNoise.*{name}"):
            OhmicNoise(**{name: value})


@pytest.mark.parametrize(
    "changes", [{"alpha": -1.0}, {"cutoff": -1.0}, {"alpha": np.nan}, {"cutoff": None}]
)
def test_bad_noise_is_refused(changes):
    with pytest.raises(ParameterError, match="OhmicNoise"):
        OhmicNoise(**changes)


def test_the_normal_state_is_quantum_noise():
    spins = np.repeat([0.0, 50.0, 5000.0], 4000)
    state = normal_state(spins, np.random.default_rng(3))
    np.testing.assert_array_equal(state.polarisation, 1)
    empty, few, many = state.magnetization.reshape(3, -1)
    np.testing.assert_array_equal(empty, 0)
    for found, atoms in ((few, 100), (many, 10_000)):
        # Standard deviation 1/sqrt(M), known to 1/sqrt(8000) = 1.1 %.
        assert found.std() * np.sqrt(atoms) == pytest.approx(1, abs=0.06)
        assert abs(found.mean()) < 5 / np.sqrt(atoms * 4000)


def test_the_normal_state_follows_its_generator():
    first, again, other = (
        normal_state(np.full(5, 50.0), np.random.default_rng(seed)).magnetization
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.any(first == other)
