"""The release where nothing is ideal: what is switched on, what is seen, the page."""

from __future__ import annotations

import tomllib
from importlib import resources

import numpy as np
import pytest
from matplotlib.figure import Figure

from analysis.campaign.results import Results
from analysis.campaign.work import Outcome
from benchmarks import robustness
from benchmarks.robustness_shots import (
    ACTING,
    ENDS,
    FILES,
    READING,
    SMOOTH,
    agreement,
    cases,
    cost,
    exact,
    misread,
    recalled,
    studies,
    truth_of,
)
from ccqed_ctrl.errors import ParameterError
from sim_backend.laboratory import scenarios
from sim_backend.laboratory.scenario import TRUTH, Scenario

MINIMUM, STEEPEST, CAVITY, CAMERA = range(len(ENDS))


def test_one_knob_is_the_ideal_twin_but_for_it():
    ideal = Scenario.from_dict(TRUTH.parse(["ideal"])).to_dict()
    assert truth_of("").to_dict() == ideal
    one = truth_of("typical: lock.drift").to_dict()
    assert (
        one["lock"].pop("drift")
        == Scenario.from_dict(TRUTH.parse(["typical"])).lock.drift
    )
    assert ideal["lock"].pop("drift") == 0
    assert one == ideal
    two = truth_of("bad_day: alignment.axis_x + alignment.axis_y").alignment
    assert (two.axis_x, two.axis_y) == (1e-6, -0.5e-6)
    assert truth_of("bad_day: empty_sites").empty_sites == (7,)
    assert truth_of("typical") == Scenario.from_dict(TRUTH.parse(["typical"]))


@pytest.mark.parametrize("knob", ["typical: cloud.size", "typical: lock.colour"])
def test_a_knob_that_the_scenario_leaves_alone_is_refused(knob):
    with pytest.raises(ParameterError, match=knob.partition(": ")[2]):
        truth_of(knob)


@pytest.mark.parametrize("file", FILES)
def test_every_value_of_a_file_is_tried_once(file):
    text = (resources.files(scenarios) / f"{file}.toml").read_text()
    written = {
        f"{group}.{name}" if isinstance(values, dict) else group
        for group, values in tomllib.loads(text).items()
        for name in (values if isinstance(values, dict) else [""])
    }
    tried = [
        knob
        for change in cases()
        if change.startswith(f"{file}: ")
        for knob in change.partition(": ")[2].split(" + ")
    ]
    assert sorted(tried) == sorted(written)


def test_the_twin_recalls_what_is_cued_and_on_a_bad_day_does_not():
    point = {"power": 1.3, "noise": False}
    rng = np.random.default_rng
    ideal, smooth, bad = (
        recalled({**point, "change": change}, rng(8))["differ"]
        for change in ("", SMOOTH, "bad_day")
    )
    for differ in (ideal, smooth):
        np.testing.assert_array_equal(differ, differ.T)
        assert np.all(np.diag(differ) == 0)
        # The same layout, minimum and cue.
        assert differ[MINIMUM, STEEPEST] == ideal[MINIMUM, STEEPEST]
    assert ideal[CAVITY, STEEPEST] <= 6
    assert ideal[CAVITY, CAMERA] == smooth[CAVITY, CAMERA] == 0
    assert bad[CAVITY, STEEPEST] > ideal[CAVITY, STEEPEST] + 6


def tables():
    """Every shot: spins wrong by a rule, one in all of `typical`, 16 on a bad day."""
    made = {}
    for study in studies("quick"):
        outcomes = {}
        for task in study.tasks():
            differ = np.zeros((4, 4), np.int16)
            lost = {"typical": 1, "bad_day": 16}.get(str(task.point["change"]), 0)
            lost *= task.point["power"] < 2.5
            differ[CAVITY, [MINIMUM, STEEPEST]] = lost
            differ[CAMERA] = [2 * lost, 2 * lost, lost, 0]
            outcomes[task.key] = Outcome(task, {"differ": differ}, 1.8)
        made[study.name] = Results(study, outcomes)
    return made


def test_estimates_are_those_of_the_rule():
    single = tables()["robustness.single"]
    assert exact(single, "cavity", change="").value == 1
    assert exact(single, "cavity", change="typical").value == 0
    assert cost(single, "cavity", "typical").value == 1
    assert cost(single, "cavity", "typical: lock.drift").value == 0
    assert agreement(single, "cavity", change="bad_day").value == 1 - 16 / 64
    assert agreement(single, "camera", change="bad_day").value == 1 - 32 / 64
    assert misread(single, change="bad_day").value == 16 / 64


def test_the_page_says_what_is_stored():
    made = tables()
    page = robustness.compose(made, "figures/robustness.png")
    count = sum(len(table) for table in made.values())
    assert (
        f"{count} shots on 2 layouts, which took {count * 1.8 / 3600:.2f} hours" in page
    )
    assert "![robustness](figures/robustness.png)" in page
    for words, knobs in (ACTING | READING).items():
        assert f"| {words} | bad_day | `{knobs[0]}` = " in page
    assert "| `lock.noise` = 2pi*10kHz; `lock.bandwidth` = 500Hz |" in page.replace(
        "typical |", "|"
    )
    assert robustness.stated("bad_day", "empty_sites") == "[7]"
    assert robustness.stated("typical", "detection.stray_rate") == "100000"
    said = " ".join(page.split())
    assert "of `typical` on, 0.00 ± 0.17 returns at P/P_th = 1.3;" in said
    assert "noise on as well, at P/P_th = 2.5: 1.00 ± 0.17" in said
    assert "on a bad day these cost more than twice their error" in said
    assert "as read: nothing." in said
    sheet = Figure()
    robustness.draw(made, sheet)
    labels = [tick.get_text() for tick in sheet.axes[0].get_yticklabels()]
    assert labels == ["all together", *ACTING, *READING]
