"""The shots of any experiment: a user's own, on a crate with one LED."""

from __future__ import annotations

import json
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

import analysis
from ccqed_ctrl.calibration.record import Record, key
from ccqed_ctrl.records import ShotRecord
from sim_backend.host import runner
from sim_backend.host.scheduler import Termination

DEVICE_DB = """
device_db = {
    "core": {"type": "local", "module": "artiq.coredevice.core", "class": "Core",
             "arguments": {"host": "::1", "ref_period": 1e-9}},
    "led": {"type": "local", "module": "artiq.coredevice.ttl", "class": "TTLOut",
            "arguments": {"channel": 0}},
    "laboratory": {"type": "local", "module": "ccqed_ctrl.belief",
                   "class": "Laboratory", "arguments": {"path": %r}},
}
"""
BLINK = '''
from dataclasses import dataclass, field

import numpy as np
from artiq.experiment import *

import analysis
from ccqed_ctrl.arguments import arguments
from ccqed_ctrl.errors import DeviceTimeoutError
from ccqed_ctrl.ending import Verdict
from ccqed_ctrl.quantities import Parameters, quantity
from ccqed_ctrl.records import plan, row, summary
from ccqed_ctrl.records.shots import ShotRecord
from ccqed_ctrl.shots import Reading, Shots


@dataclass(frozen=True)
class Pulse(Parameters):
    """One knob, and how often the counter fails."""

    length: float = quantity(1e-6, "of the pulse", "us", minimum=0.0, maximum=1e-3)
    failures: int = quantity(0, "of the first shot", minimum=0)
    end: str = quantity("", "how the second shot ends")
    bad: int = quantity(0, "bad takes, from the second shot on", minimum=0)
    verdict: str = quantity("dark", "of a bad take", choices=("dark", "wrong frames"))
    base: int = quantity(0, "counts of the first shot", minimum=0)


class BlinkRecord(ShotRecord):
    """Axes named as nobody else names them."""

    doubled = plan("", "float64", "twice the length", "us")
    counts = row("K2", "int64", "what was counted")
    brightness = row("", "float64", "of the counts")
    total = summary("", "int64", "of all counts")

    def summarise(self):
        return {BlinkRecord.total: int(np.sum(self.counts))}


@dataclass(frozen=True)
class Shot:
    index: int
    rows: dict = field(default_factory=dict)


class Plan:
    def __init__(self, pulse, *, apparatus, run, first, previous):
        self.pulse = pulse
        self.planned = {BlinkRecord.doubled: 2 * pulse.length}
        self.shots = [Shot(first + k) for k in range(run.shots)]


class Reader:
    planned = {}

    def __init__(self, plan, previous):
        self.bad = Verdict(plan.pulse.verdict)

    def read(self, shot, raw):
        counts = raw[BlinkRecord.counts]
        return Reading({BlinkRecord.brightness: counts.mean()},
                       Verdict.ok if counts.any() else self.bad)


class Led(HasEnvironment):
    def build(self):
        self.setattr_device("core")
        self.setattr_device("led")
        self.setattr_device("scheduler")
        self.failures = self.bad = 0
        self.log = []

    def arrange(self, plan, *, afresh):
        self.log.append(f"arranged {plan.pulse.length * 1e6:g} {afresh}")
        if afresh:
            self.initialise()

    def take(self, plan, shot):
        if self.failures < plan.pulse.failures:
            self.failures += 1
            raise DeviceTimeoutError("counter: nothing came")
        if shot.index == 1 and plan.pulse.end == "error":
            raise RuntimeError("the lamp broke")
        if shot.index == 1 and plan.pulse.end == "terminated":
            self.scheduler.request_termination(self.scheduler.rid)
        self.blink(plan.pulse.length)
        if shot.index >= 1 and self.bad < plan.pulse.bad:
            self.bad += 1
            return {BlinkRecord.counts: np.zeros(3, int)}
        return {BlinkRecord.counts: np.full(3, shot.index + plan.pulse.base)}

    def make_safe(self):
        self.log.append("safe")
        self.switch_off()

    @kernel
    def initialise(self):
        self.core.reset()

    @kernel
    def blink(self, length):
        self.core.break_realtime()
        self.led.pulse(length)

    @kernel
    def switch_off(self):
        self.core.break_realtime()
        self.led.off()


class Blink(EnvExperiment):
    """Blink."""

    def build(self):
        self.pulse = arguments(self, Pulse, "Pulse")
        self.led = Led(self)
        self.shots = Shots(self, BlinkRecord, self.led, analysis.open)

    def prepare(self):
        self.shots.plan(Plan, Reader, pulse=self.pulse)

    def run(self):
        try:
            self.shots.run()
        finally:
            self.set_dataset("log", self.led.log)

    def analyze(self):
        self.shots.summarise()
'''
LABORATORY = Path(__file__).parents[1] / "laboratory.toml"


@pytest.fixture
def blink(tmp_path):
    """Run Blink; returns the outcome and its opened file, which is closed for you."""
    opened = ExitStack()
    (tmp_path / "device_db.py").write_text(DEVICE_DB % str(LABORATORY))
    file = tmp_path / "blink.py"
    file.write_text(BLINK)

    def run(**arguments):
        request = runner.Request(
            file=file, arguments=arguments, dataset_db=tmp_path / "datasets.sqlite",
            results=tmp_path / "results",
        )  # fmt: skip
        outcome = runner.run(request, Termination())
        if outcome.path is None:
            return outcome, None
        return outcome, opened.enter_context(analysis.open(outcome.path))

    with opened:
        yield run


def test_a_users_own_record_is_a_first_class_one(blink):
    outcome, run = blink(shots=3, length="2us")
    assert outcome.status == "ok", outcome.error
    np.testing.assert_array_equal(run.counts, [[0] * 3, [1] * 3, [2] * 3])
    assert run.verdict == ["dark", "ok", "ok"]
    assert run.total == 9
    assert run.doubled == 4e-6
    assert run.entry("shot.counts").doc == "what was counted"
    assert run.settings()["pulse"]["length"] == 2e-6
    assert run.get("log") == ["arranged 2 True"] * 2 + ["safe"]


def test_a_scan_is_planned_point_by_point_and_tells_each_rows_settings(blink):
    _, run = blink(shots=2, length="1us,3us", failures="0,1", base=1)
    assert list(run.get("plan.scanned")) == ["pulse.length", "pulse.failures"]
    np.testing.assert_array_equal(run.scan_shape, [2, 2])
    np.testing.assert_array_equal(run.point, [0, 0, 1, 1, 2, 2, 3, 3])
    lengths = [run.settings(k)["pulse"]["length"] for k in run.point]
    assert lengths == pytest.approx([1e-6] * 4 + [3e-6] * 4)
    np.testing.assert_array_equal(run.counts[:, 0], range(1, 9))
    np.testing.assert_allclose(run.get("plan.doubled"), [2e-6, 2e-6, 6e-6, 6e-6])
    assert run.get("log") == [
        "arranged 1 True", "arranged 1 False", "arranged 1 True", "arranged 3 False",
        "arranged 3 False", "safe",
    ]  # fmt: skip


def test_what_is_found_between_preparation_and_run_is_planned_with(blink, tmp_path):
    """ARTIQ prepares the next run while a calibration is still going on."""
    record = Record(512.0, 3, datetime.now(UTC).isoformat(timespec="seconds"), 0.1)
    own = BLINK.replace(
        "            self.shots.run()",
        f"""\
            kept = {{"broadcast": True, "persist": True, "archive": False}}
            found = {record.to_dict()!r}
            self.set_dataset("{key("imaging.offset")}", found, **kept)
            self.shots.run()""",
    )
    assert own != BLINK
    (tmp_path / "blink.py").write_text(own)
    outcome, run = blink(shots=2)
    assert outcome.status == "ok", outcome.error
    assert run.get("settings.imaging.offset") == 512.0
    assert run.shots == 2


def test_a_summary_of_what_is_in_the_journal_alone_is_named(blink, tmp_path):
    """It is closed by then; the shots stay, and the disk is not to blame."""
    own = BLINK.replace('"what was counted"', '"what was counted", raw=True')
    assert own != BLINK
    (tmp_path / "blink.py").write_text(own)
    outcome, run = blink(shots=2, base=1)
    assert outcome.status == "failed"
    assert "shot.counts is raw" in str(outcome.error)
    np.testing.assert_array_equal(run.counts, [[1] * 3, [2] * 3])


def test_a_shot_without_its_data_is_taken_again(blink):
    outcome, run = blink(failures=2)
    assert outcome.status == "ok"
    np.testing.assert_array_equal(run.attempts, [3])
    outcome, run = blink(failures=3)
    assert outcome.status == "failed"
    assert "counter: nothing came" in str(outcome.error)
    assert run.shots == 0
    assert run.get("log")[-1] == "safe"


def test_a_device_that_stays_bad_for_a_shot_is_set_up_again_for_the_next(blink):
    """It is not waited for, but what was bad luck, a lost lock or load, is over."""
    _, run = blink(shots=5, base=1, bad=3, verdict="wrong frames", repeats=1)
    assert run.verdict == ["ok", "wrong frames", "wrong frames", "ok", "ok"]
    np.testing.assert_array_equal(run.attempts, [1, 2, 1, 1, 1])
    assert run.get("log") == ["arranged 1 True"] * 4 + ["safe"]


def test_a_shot_the_devices_spoilt_is_taken_again_and_the_last_take_is_kept(blink):
    outcome, run = blink(shots=3, base=1, bad=2, verdict="wrong frames")
    assert outcome.status == "ok"
    np.testing.assert_array_equal(run.counts[:, 0], [1, 2, 3])
    np.testing.assert_array_equal(run.attempts, [1, 3, 1])
    assert run.verdict == ["ok"] * 3
    assert run.rejected == ["", "wrong frames; wrong frames", ""]
    # Whatever made it bad, everything is set up again.
    assert run.get("log") == ["arranged 1 True"] * 3 + ["safe"]


def test_a_shot_that_stays_bad_is_kept_with_its_verdict(blink):
    _, run = blink(shots=3, base=1, bad=2, verdict="wrong frames", repeats=1)
    np.testing.assert_array_equal(run.counts[:, 0], [1, 0, 3])
    assert run.verdict == ["ok", "wrong frames", "ok"]
    assert run.rejected == ["", "wrong frames", ""]
    np.testing.assert_array_equal(ShotRecord(run).good, [True, False, True])


def test_what_no_repeat_has_helped_is_not_repeated_again(blink):
    _, run = blink(shots=4, base=1, bad=4, verdict="wrong frames")
    assert run.verdict == ["ok", "wrong frames", "wrong frames", "ok"]
    np.testing.assert_array_equal(run.attempts, [1, 3, 1, 1])


def test_what_the_atoms_did_is_a_result_and_never_drawn_again(blink):
    _, run = blink(shots=5, base=1, bad=3)
    np.testing.assert_array_equal(run.counts[:, 0], [1, 0, 0, 0, 5])
    assert run.verdict == ["ok", "dark", "dark", "dark", "ok"]
    np.testing.assert_array_equal(run.attempts, [1] * 5)
    assert run.rejected == [""] * 5
    # The shot after the first is set up afresh; that did not help, so no more.
    assert run.get("log") == ["arranged 1 True"] * 2 + ["safe"]


def test_termination_is_an_ending_with_a_summary(blink):
    outcome, run = blink(shots=5, end="terminated")
    assert outcome.error is None
    assert (outcome.status, run.get("status")) == ("terminated", "terminated")
    assert outcome.exit_code == 130
    assert run.shots == 2
    assert run.counts.shape == (2, 3)
    assert run.total == 3
    assert run.get("log")[-1] == "safe"


def test_an_error_leaves_what_was_measured(blink):
    outcome, run = blink(shots=5, end="error")
    assert (outcome.status, run.get("status")) == ("failed", "failed")
    assert run.shots == 1
    assert run.get("log")[-1] == "safe"


def test_nothing_is_stored_for_shots_never_taken(blink):
    _, run = blink(shots=5, end="error")
    assert run.file.find("datasets/shot.counts").shape == (1, 3)


def test_a_run_can_be_gone_on_with(blink):
    outcome, _ = blink(shots=5, end="terminated")
    outcome, run = blink(shots=5, end="terminated", resume=str(outcome.path))
    # The second shot, which ends it, is there already.
    assert outcome.status == "ok"
    np.testing.assert_array_equal(run.counts[:, 0], range(5))
    assert run.total == 30


def test_a_scan_in_random_order_is_gone_on_with_in_that_order(blink):
    """Without a seed ARTIQ shuffles anew each time: one order in 40320 is the same."""
    ends = {"start": 1e-6, "stop": 8e-6, "npoints": 8}
    scan = {"ty": "RangeScan", **ends, "randomize": True, "seed": None}
    asked = {"length": scan, "failures": "0,1", "end": "terminated"}
    outcome, first = blink(**asked)
    assert (outcome.status, first.shots) == ("terminated", 2)
    outcome, run = blink(**asked, resume=str(outcome.path))
    assert outcome.status == "ok", outcome.error
    lengths = run.get("settings.pulse.length")
    np.testing.assert_array_equal(lengths, first.get("settings.pulse.length"))
    assert run.shots == 16
    assert set(lengths) == set(np.linspace(1e-6, 8e-6, 8))
    np.testing.assert_array_equal(run.counts[:, 0], range(16))
    # Of each row, its own length: taken with it, before and after.
    np.testing.assert_array_equal(run.get("plan.doubled"), 2 * lengths)


def test_other_points_are_refused_whatever_their_order(blink):
    outcome, _ = blink(length="1us,2us", end="terminated")
    outcome, _ = blink(length="3us,2us", resume=str(outcome.path))
    assert "cannot be gone on with" in str(outcome.error)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"length": 2e-6}, "plan.doubled|pulse.length"),
        ({"shots": 2}, "nothing is left to be done"),
        ({"length": "1us,2us"}, "plan.scanned"),
        ({"resume": "nowhere.h5"}, "nowhere.h5"),
    ],
)
def test_another_run_cannot_be_gone_on_with(blink, changes, sentence):
    outcome, _ = blink(shots=2)
    asked = {"shots": 5, "resume": str(outcome.path)} | changes
    outcome, run = blink(**asked)
    assert run is None
    assert outcome.status == "bad input"
    with pytest.raises(type(outcome.error), match=sentence):
        raise outcome.error


def test_every_route_tells_where_it_comes_from(blink):
    _, run = blink(shots=1)
    about = json.loads(run.get("provenance"))
    assert about["backend"] == run.get("backend") == "simulation"
    assert set(about) >= {"versions", "git", "device_db_sha256", "truth", "plant_seed"}
    assert run.get("belief.laboratory") == LABORATORY.read_text()
    sources = json.loads(run.get("belief.sources"))
    assert sources["cavity.kappa"]["source"] == "default"
    assert run.get("plan.seed") == 0


def test_what_is_scanned_is_told_for_each_point_even_where_values_repeat(blink):
    _, run = blink(length="1us,1us")
    np.testing.assert_allclose(run.get("settings.pulse.length"), [1e-6, 1e-6])
    assert list(run.scan_shape) == [2]
    # What merely does not differ is stored once.
    assert run.doubled == 2e-6
