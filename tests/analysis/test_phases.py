"""Phases that go round: means, scatters, branches."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.phases import common_phase, on_branch
from ccqed_ctrl.errors import FitError


@pytest.mark.parametrize("period", [np.pi, 2 * np.pi])
def test_pulls_are_normal_wherever_the_phase_is(period):
    pulls = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        true = rng.uniform(-np.pi, np.pi)
        turned = rng.integers(0, round(2 * np.pi / period), 12) * period
        fit = common_phase(true + rng.normal(scale=0.3, size=12) + turned, period)
        off = (fit.value - true + period / 2) % period - period / 2
        pulls.append(off / fit.error)
        assert -period / 2 <= fit.value <= period / 2
    assert abs(np.mean(pulls)) < 0.25
    assert 0.85 < np.std(pulls) < 1.25


def test_phases_that_agree_have_no_scatter():
    fit = common_phase([0.4, 0.4, np.nan, 0.4])
    assert fit.value == pytest.approx(0.4)
    assert fit.scatter == pytest.approx(0, abs=1e-7)
    assert common_phase([0.4, 0.4, 0.4], common=0.02).error == pytest.approx(0.02)


def test_what_does_not_agree_or_is_too_few_is_refused():
    with pytest.raises(FitError, match="phases do not agree"):
        common_phase(np.linspace(0, 2 * np.pi, 9)[:-1])
    with pytest.raises(FitError, match="1 of 3 shots show a phase"):
        common_phase([0.1, np.nan, np.nan])


def test_the_branch_is_that_of_the_majority():
    near = [2.0, 2.4, -1.0, np.nan]
    assert on_branch(2.2 - np.pi, near, np.pi) == pytest.approx(2.2)
    assert on_branch(-1.0, [-1.2], np.pi) == pytest.approx(-1.0)
    assert on_branch(1.0, [1.1], 2 * np.pi) == pytest.approx(1.0)
