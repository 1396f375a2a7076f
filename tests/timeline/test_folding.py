"""Folding a time axis: what is folded, and that the axis stays one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_backend.timeline.folding import fold

times = st.lists(st.integers(0, 10**9), max_size=40).map(
    lambda found: np.array(found, float) * 1e-9
)


@given(times)
def test_every_change_is_seen_and_time_runs_on(changes):
    folding = fold(changes, 0.0, 1.0)
    ends = folding.parts.ravel()
    assert np.all(np.diff(ends) > 0)
    assert np.all(np.diff(folding.places.ravel()) > 0)
    assert folding.places[0, 0] == 0
    assert folding.places[-1, 1] == pytest.approx(1)
    assert ends[0] < 0
    assert ends[-1] > 1
    for start, stop in folding.folds:
        assert not np.any((start <= changes) & (changes <= stop))


@given(times, st.floats(0, 1))
def test_places_are_times_again(changes, time):
    folding = fold(changes, 0.0, 1.0)
    place = folding.place(np.array([time]))
    assert folding.time(place) == pytest.approx(time, abs=1e-9)


def test_pauses_are_folded_and_the_rest_is_not():
    """Two pulses of 1 ms, 30 ms apart; 10 ms later one of 0.1 ms."""
    changes = np.array([0, 1, 31, 32, 42, 42.1]) * 1e-3
    folding = fold(changes, 0.0, 42.1e-3)
    np.testing.assert_allclose(folding.quiet, [30e-3, 10e-3])
    inner = folding.parts + np.array([[1], [1], [1 / 3]]) * [[0.07e-3, -0.07e-3]]
    expected = np.array([[0, 1], [31, 32], [42, 42.1]]) * 1e-3
    np.testing.assert_allclose(inner, expected, atol=1e-12)
    widths = np.ptp(folding.places, axis=1)
    np.testing.assert_allclose(widths / widths[0], [1, 1, 1 / 3])
    assert not folding.one_scale


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [0.0, 0.25, 0.5, 0.75, 1.0],
        np.linspace(0, 1, 101),
        [0.0, 8e-9, 0.5, 0.5 + 8e-9, 1.0],
        [0.0, 0.3, 0.5, 1.0],
    ],
    ids=["nothing", "a staircase", "a ramp", "edges that trail", "a few like pauses"],
)
def test_what_would_not_help_is_not_folded(changes):
    folding = fold(np.array(changes, float), 0.0, 1.0)
    assert len(folding.quiet) == 0
    assert folding.one_scale
    np.testing.assert_allclose(folding.parts, [[-0.07, 1.07]])


@pytest.mark.parametrize(("pulses", "folds"), [(9, 8), (10, 0)])
def test_there_is_room_between_folds_or_there_are_none(pulses, folds):
    starts = np.arange(pulses)
    changes = np.concatenate([starts, starts + 0.01])
    folding = fold(changes, 0.0, pulses - 1 + 0.01)
    assert len(folding.quiet) == folds
    room = np.ptp(folding.places, axis=1).sum()
    assert room >= 0.7
