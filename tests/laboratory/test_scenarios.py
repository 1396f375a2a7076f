"""Laboratories by name: every value known, sourced, and worse from file to file."""

from __future__ import annotations

import dataclasses
import tomllib
from importlib import resources

import numpy as np
import pytest

from analysis.readout.verdicts import DISPLACED
from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.units import angular
from sim_backend.laboratory import scenarios
from sim_backend.laboratory.scenario import TRUTH, Scenario
from tests.laboratory.bench import STATED, Laboratory, plan_shot


def text_of(name):
    return (resources.files(scenarios) / f"{name}.toml").read_text()


CAMERAS = ("ccd", "emccd", "scmos")


def test_each_makes_a_truth():
    assert scenarios.names() == sorted(["bad_day", "ideal", "typical", *CAMERAS])
    for name in scenarios.names():
        resolved = TRUTH.resolve(TRUTH.parse([name]))
        assert Scenario.from_dict(resolved).to_dict() == resolved


@pytest.mark.parametrize("name", ["typical", "bad_day", *CAMERAS])
def test_every_value_says_where_it_is_from(name):
    for line in text_of(name).splitlines():
        if "=" in line.partition("#")[0]:
            source = line.partition("#")[2]
            known = ("lab.md", "physics.md", "closed form", "assumed", "as ")
            assert source.strip().startswith(known), line


def test_a_bad_day_is_worse_than_a_typical_one_in_every_value():
    typical, bad = (tomllib.loads(text_of(name)) for name in ("typical", "bad_day"))
    resolved = [TRUTH.resolve(changes) for changes in (typical, bad)]
    ideal = TRUTH.resolve(TRUTH.parse(["ideal"]))
    same = {"fringe_period", "bandwidth"}
    for group, values in typical.items():
        assert group in bad
        for name in set(values) - same:
            good, worse = (truth[group][name] for truth in resolved)
            best = ideal[group][name]
            if name == "waist":
                assert worse < good
            else:
                assert abs(worse - best) > abs(good - best) > 0, name


def test_a_typical_laboratory_still_writes_and_reads_a_short_shot():
    plan = plan_shot(0, evolution_time=1e-3)
    truth = Scenario.from_dict(TRUTH.parse(["typical"]))
    groups = {f.name: getattr(truth, f.name) for f in dataclasses.fields(truth)}
    laboratory = Laboratory(plan, 5, **(groups | STATED))
    row = laboratory.read(laboratory.run())
    np.testing.assert_array_equal(row["shot.spins"], laboratory.target)
    assert 1e-3 < row["shot.residual"] < 0.02
    assert 0.2e-6 < row["shot.displacement"] < DISPLACED * plan.apparatus.cloud.size


def test_ideal_is_the_default_without_what_is_drawn():
    changed = TRUTH.parse(["ideal"])
    assert list(changed) == ["imperfections"]
    assert set(changed["imperfections"].values()) == {0.0}


def test_single_values_count_above_scenarios_wherever_they_stand(tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text('dynamics = "mean_field"\n[lock]\ndrift = "2pi*7kHz"\n')
    texts = ["lock.noise=2pi*3kHz", "typical", str(mine), "alignment.axis_x=0"]
    truth = Scenario.from_dict(TRUTH.parse(texts))
    assert truth.dynamics == "mean_field"
    assert truth.lock.drift == pytest.approx(angular(7e3))
    assert truth.lock.noise == pytest.approx(angular(3e3))
    assert truth.alignment.axis_x == 0
    assert truth.alignment.axis_y == pytest.approx(-0.2e-6)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tipical", r"a scenario \(bad_day, ccd, emccd, ideal, scmos, typical\)"),
        ("missing.toml", "No such file"),
        ("lock.drift=5ms", "Lock.drift must be an angular frequency"),
        ("lock.drift=2pi*50MHz", "Lock.drift"),
        ("alignment.axis_x=1mm", "Alignment.axis_x"),
        ("resolution.dmd=-1um", "Resolution.dmd"),
    ],
)
def test_what_is_wrong_is_named(text, said):
    with pytest.raises(ParameterError, match=said):
        TRUTH.resolve(TRUTH.parse([text]))


def test_a_file_that_is_no_toml(tmp_path):
    file = tmp_path / "broken.toml"
    file.write_text("[lock\n")
    with pytest.raises(ParameterError, match=r"broken\.toml"):
        TRUTH.parse([str(file)])
