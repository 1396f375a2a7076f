"""Numbers of the figures against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.figures.measured import Measured, Shots, estimate, scalars
from analysis.files.run import Run
from tests.analysis.figures.drawn_files import (
    CORRUPTION,
    HOLD_TIME,
    write_fluorescence,
)

VALUES = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=20)


@given(VALUES, st.data())
def test_means_and_standard_errors_are_those_of_each_group(values, data):
    values = np.array(values)
    group = np.array(data.draw(st.lists(
        st.integers(0, 2), min_size=len(values), max_size=len(values)
    )))  # fmt: skip
    good = np.ones(len(values), bool)
    found = estimate(Measured("x", "", values), group, 3, good)
    for index in range(3):
        mine = values[group == index]
        if not len(mine):
            assert np.isnan(found.value[index])
            continue
        assert found.value[index] == pytest.approx(mine.mean(), abs=1e-9)
        if len(mine) == 1:
            assert np.isnan(found.error[index])
        else:
            error = mine.std(ddof=1) / math.sqrt(len(mine))
            assert found.error[index] == pytest.approx(error, abs=1e-9)
            assert found.high[index] - found.low[index] == pytest.approx(
                2 * error, abs=1e-9
            )


def test_a_share_has_wilsons_interval():
    values = np.array([1.0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    one = Measured("x", "", values, share=True)
    found = estimate(one, np.zeros(10, int), 2, np.ones(10, bool))
    z, p, n = 1.959963984540054, 0.2, 10
    centre = (p + z**2 / 2 / n) / (1 + z**2 / n)
    half = z * math.sqrt(p * (1 - p) / n + z**2 / 4 / n**2) / (1 + z**2 / n)
    assert found.value[0] == 0.2
    assert found.low[0] == pytest.approx(centre - half)
    assert found.high[0] == pytest.approx(centre + half)
    assert np.isnan(found.value[1])


def test_bad_shots_and_lost_values_do_not_count():
    values = np.array([1.0, 3.0, 100.0, np.nan])
    good = np.array([True, True, False, True])
    found = estimate(Measured("x", "", values), np.zeros(4, int), 1, good)
    assert found.value[0] == 2
    assert found.error[0] == pytest.approx(1.0)  # sqrt(2) / sqrt(2)


def opened(tmp_path, *arguments, **options):
    return Run(write_fluorescence(tmp_path / "a.h5", *arguments, **options))


def test_the_median_shot_is_the_good_one_nearest_the_median(tmp_path):
    photons = [9, 2, 4, 5, 1, 3]
    with opened(tmp_path, [0] * 6, photons, ["ok"] * 5 + ["dark"]) as run:
        shots, (first, *_) = Shots.of(run), scalars(run)
    # Of 9, 2, 4, 5, 1 the median is 4; the 3 is of a dark shot.
    assert first.name == "photons"
    assert shots.median(first) == 2


def test_without_any_good_shot_all_count(tmp_path):
    with opened(tmp_path, [0, 0, 0], [7, 1, 3], ["dark"] * 3) as run:
        shots, (first, *_) = Shots.of(run), scalars(run)
    assert shots.good.all()
    assert shots.bad.all()
    assert shots.median(first) == 2


def test_what_an_experiment_declares_itself_comes_first_in_display_units(tmp_path):
    with opened(tmp_path, [0, 0], [1, 3]) as run:
        found = scalars(run)
    # All photons were seen: `clicked` never varies.
    assert [one.name for one in found] == ["photons", "delay"]
    np.testing.assert_allclose(found[1].values, [2, 4])
    assert found[1].label == "delay (µs)"


def test_points_of_two_scans_are_named_by_their_values(tmp_path):
    scans = [(*HOLD_TIME, [1e-4, 2e-4]), (*CORRUPTION, [0.0, 0.1, 0.2])]
    with opened(tmp_path, range(6), range(6), scans=scans) as run:
        shots = Shots.of(run)
    assert shots.points == 6
    np.testing.assert_allclose(shots.scans[0].values, [100, 200])
    np.testing.assert_allclose(shots.scans[1].values, [0, 0.1, 0.2])
    assert shots.where(5) == "hold time 200 µs, corruption 0.2"
    assert shots.where(1) == "hold time 100 µs, corruption 0.1"
