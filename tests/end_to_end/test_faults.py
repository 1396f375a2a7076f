"""Faults in the twin: each is named by the shot's verdict, or ends the run safely."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

import analysis
from ccqed_ctrl.ending import Verdict
from sim_backend.host import runner
from sim_backend.laboratory.faults import Fault

from .conftest import RECALL
from .fault_table import CASES, page

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
NAMED = [case for case in CASES if not case.ends]
ENDING = [case for case in CASES if case.ends]


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """Run Recall on a twin with faults; returns its outcome and opened results."""

    opened = ExitStack()

    def run(*faults, empty_sites=(), **arguments):
        folder = tmp_path_factory.mktemp("broken")
        request = runner.Request(
            file=RECALL, arguments={"seed": 1, **arguments}, seed=1,
            twin={"dynamics": "steepest_descent", "faults": list(faults),
                  "empty_sites": list(empty_sites)},
            dataset_db=folder / "datasets.sqlite", results=folder / "results",
        )  # fmt: skip
        outcome = runner.run(request)
        return outcome, opened.enter_context(analysis.open(outcome.path))

    with opened:
        yield run


@pytest.fixture(scope="module")
def every(broken):
    """A run with every fault that does not end it, each in a shot of its own."""
    taken = np.cumsum([1, *(1 + case.found.again for case in NAMED)])
    faults = [f"{c.fault}@shot={at}" for c, at in zip(NAMED, taken, strict=False)]
    return broken(*faults, shots=1 + len(NAMED))


def test_the_page_is_what_the_tests_hold():
    assert page() == PAGE.read_text(encoding="utf-8")
    assert {case.fault for case in CASES} == set(Fault)


@pytest.mark.parametrize("row", range(len(NAMED)), ids=[c.fault for c in NAMED])
def test_a_verdict_names_the_fault_and_devices_failures_are_taken_again(every, row):
    _, run = every
    found, shot = NAMED[row].found, row + 1
    if found.again:
        assert (run.rejected[shot], run.attempts[shot]) == (found, 2)
        assert run.verdict[shot] == Verdict.ok
    else:
        assert (run.rejected[shot], run.attempts[shot]) == ("", 1)
        assert run.verdict[shot] == found


def test_after_all_faults_the_laboratory_is_safe_and_the_results_are_sound(every):
    outcome, run = every
    assert outcome.status == "ok", outcome.error
    assert outcome.plant.safe_state() == []
    assert run.rejected[0] == ""
    assert run.shots == 1 + len(NAMED)
    assert run.recalled_overlap > 0.9


@pytest.mark.parametrize("case", ENDING, ids=[case.fault for case in ENDING])
def test_what_ends_a_run_leaves_it_safe_with_its_shots(broken, case):
    when = "event=4000" if case.fault is Fault.rtio_underflow else "shot=1"
    outcome, run = broken(f"{case.fault}@{when}", shots=3)
    assert (outcome.status, run.get("status")) == ("failed", "failed")
    assert case.found in str(outcome.error)
    assert outcome.plant.safe_state() == []
    assert run.shots >= 1
    assert run.verdict[0] == Verdict.ok
    assert run.shots < 3


def test_a_bad_shot_that_stays_bad_is_kept_and_does_not_count(broken):
    _, run = broken("reference_flipped@shot=1", shots=2)
    assert run.verdict == ["ok", Verdict.inverted]
    assert run.overlaps[1].min() < -0.9
    assert run.recalled_overlap == run.overlaps[0].max()


def test_a_site_that_is_always_empty_is_not_waited_for_in_every_shot(broken):
    _, run = broken("late_trigger@shot=3", shots=3, repeats=1, empty_sites=[5])
    assert run.verdict == [Verdict.lost_sites] * 3
    # What else spoils a shot is seen all the same.
    assert run.rejected == [Verdict.lost_sites, "", Verdict.late]
    seen = np.ones_like(run.occupied)
    seen[:, 5] = False
    np.testing.assert_array_equal(run.occupied, seen)
    # None counts, so all do.
    assert run.recalled_overlap == np.mean(run.overlaps.max(axis=1))


def test_data_that_stay_missing_end_the_run(broken):
    outcome, run = broken("dropped_frame@shot=1", shots=2, repeats=0)
    assert outcome.status == "failed"
    assert "1 of 2 frames missing" in str(outcome.error)
    assert run.shots == 1


def test_the_command_takes_faults(ccqed, tmp_path):
    done = ccqed("run", RECALL, "--twin", "dynamics=steepest_descent",
                 "--fault", "dropped_frame@shot=0")  # fmt: skip
    assert done.returncode == 0, done.stderr
    (path,) = tmp_path.glob("results/*/*/*.h5")
    with analysis.open(path) as run:
        assert run.rejected == [Verdict.missing_frames]
    done = ccqed("run", RECALL, "--fault", "dropped_frame")
    assert done.returncode == 2
    assert "NAME@shot=N" in done.stderr
