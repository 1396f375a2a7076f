"""The simulated DMD: patterns by handle, copies, limits."""

from __future__ import annotations

import numpy as np
import pytest

from ccqed_ctrl.errors import DeviceError, LimitError, ShapeError
from sim_backend.laboratory.controllers.dmd import SimulatedDmd

SPOTS = np.array([[20e-6, 0.0], [50e-6, 10e-6]])


@pytest.fixture
def dmd(device_manager):
    return SimulatedDmd(device_manager)


@pytest.fixture
def field(link):
    """Return the field (N,) of the shown pattern at two sites."""
    link.plant.load_sites(SPOTS)
    return lambda: link.plant.atoms.pattern_field.copy()


def test_it_answers_and_is_blank_at_first(dmd, field):
    assert dmd.ping()
    assert dmd.displayed() == -1
    np.testing.assert_array_equal(field(), 0)


def test_patterns_are_shown_by_handle(dmd, field):
    first = dmd.load("first", SPOTS, [1.0, 0.0])
    second = dmd.load("second", SPOTS, [0.0, -0.5])
    assert dmd.displayed() == -1
    assert dmd.status()["patterns"] == ["first", "second"]
    dmd.display(first)
    shown = field()
    assert shown[0] > 5 > abs(shown[1])
    dmd.display(second)
    assert dmd.displayed() == second
    assert field()[1] < -2.5
    dmd.display(first)
    np.testing.assert_array_equal(field(), shown)
    dmd.blank()
    assert dmd.displayed() == -1
    np.testing.assert_array_equal(field(), 0)


def test_the_pattern_stays_when_the_sites_move(dmd, field, link):
    dmd.display(dmd.load("p", SPOTS, [1.0, 0.0]))
    before = field()
    link.plant.load_sites(SPOTS[::-1])
    np.testing.assert_allclose(field()[::-1], before, rtol=0.05)


def test_arrays_travel_by_copy(dmd, field):
    spots, amplitudes = SPOTS.copy(), np.array([1.0, 0.0])
    handle = dmd.load("p", spots, amplitudes)
    amplitudes[:] = 0
    spots[:] = 0
    dmd.display(handle)
    assert field()[0] > 5


def test_an_unknown_handle_is_refused(dmd):
    dmd.load("p", SPOTS, [1, 0])
    for handle in (-1, 1):
        with pytest.raises(DeviceError, match=f"no pattern {handle}; 1 are loaded"):
            dmd.display(handle)


@pytest.mark.parametrize(
    ("positions", "amplitudes", "error"),
    [
        (SPOTS, [1.0], ShapeError),
        (SPOTS[:, :1], [1.0, 1.0], ShapeError),
        (SPOTS, [1.0, np.nan], ShapeError),
        (SPOTS, [1.0, 1j], ShapeError),
        (SPOTS, [1.0, 1.01], LimitError),
        (SPOTS, [1.0, -1.01], LimitError),
    ],
)
def test_bad_patterns_are_refused(dmd, positions, amplitudes, error):
    with pytest.raises(error, match="DMD"):
        dmd.load("p", positions, amplitudes)
    assert dmd.status()["patterns"] == []


def test_closing_blanks(dmd, field):
    dmd.display(dmd.load("p", SPOTS, [1, 0]))
    dmd.close()
    np.testing.assert_array_equal(field(), 0)
