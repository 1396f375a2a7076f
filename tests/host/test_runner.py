"""One run, from build to the file."""

from __future__ import annotations

import dataclasses
import sys

import h5py
import pytest
from artiq.experiment import DefaultMissing, TerminationRequested

from ccqed_ctrl.errors import DeviceError, ExperimentError, ParameterError, ResultsError
from ccqed_ctrl.storage import SPARE
from sim_backend.host import runner
from sim_backend.host.hdf5 import read
from sim_backend.host.scheduler import Termination
from tests.disks import disk

from .conftest import layout


class Core:
    """A device that notes what happens to it."""

    minimum_slack = 2.5e-6

    def __init__(self, dmgr):
        self.log = ["made"]

    def notify_run_end(self):
        self.log.append("run end")

    def close(self):
        closed.append(list(self.log))


closed: list[list[str]] = []


def test_phases_and_devices(workspace, monkeypatch):
    monkeypatch.setitem(sys.modules, "core_of_test", sys.modules[__name__])
    core = {"type": "local", "module": "core_of_test", "class": "Core"}
    device_db = {"core": core}
    workspace.write(f"device_db = {device_db}", "device_db.py")
    outcome = workspace.run(
        """
        def build(self):
            self.setattr_device("core")
            self.setattr_device("scheduler")

        def prepare(self):
            self.core.log.append("prepare")

        def run(self):
            self.core.log.append(f"run {self.scheduler.rid}")

        def analyze(self):
            self.core.log.append("analyze")
            self.set_dataset("log", list(self.core.log))
        """
    )
    with h5py.File(outcome.path) as file:
        log = file["datasets/log"].asstr()[()].tolist()
    assert log == ["made", "prepare", "run 0", "run end", "analyze"]
    assert closed == [log]
    assert outcome.minimum_slack == 2.5e-6
    assert read(outcome.path, "ccqed/minimum_slack") == 2.5e-6


def test_a_failing_run_keeps_its_data(workspace):
    outcome = workspace.run(
        """
        def run(self):
            self.set_dataset("x", 1)
            raise ZeroDivisionError("on purpose")

        def analyze(self):
            self.set_dataset("analysed", 1)
        """
    )
    assert (outcome.status, outcome.exit_code) == ("failed", 1)
    assert read(outcome.path, "datasets/x") == 1
    assert "datasets/analysed" not in layout(outcome.path)
    assert read(outcome.path, "ccqed/status") == "failed"
    assert read(outcome.path, "ccqed/exception") == "ZeroDivisionError: on purpose"
    assert "experiment.py" in read(outcome.path, "ccqed/traceback")


def test_a_failing_analysis_keeps_the_run(workspace):
    outcome = workspace.run(
        """
        def run(self):
            self.set_dataset("x", 1)

        def analyze(self):
            raise SystemExit
        """
    )
    assert (outcome.status, outcome.exit_code) == ("failed", 1)
    assert read(outcome.path, "datasets/x") == 1


def test_an_unstorable_dataset_costs_no_other(workspace):
    outcome = workspace.run(
        """
        def run(self):
            self.set_dataset("good", 1)
            try:
                self.set_dataset("bad", None)
            except ValueError as error:
                self.set_dataset("message", str(error))
            kept = [1]
            self.set_dataset("sneaky", kept)
            kept.append({})
            self.set_dataset("last", 2)
        """
    )
    assert "'bad'" in read(outcome.path, "datasets/message")
    assert read(outcome.path, "datasets/good") == 1
    assert read(outcome.path, "datasets/last") == 2
    with h5py.File(outcome.path) as file:
        assert "'sneaky'" in file["ccqed/refused"].asstr()[0]
        assert "sneaky" not in file["datasets"]


PAUSING = """
def build(self):
    self.setattr_device("scheduler")

def run(self):
    self.set_dataset("x", 1)
    self.scheduler.pause()
    self.set_dataset("late", 1)
"""


class AfterBuild(Termination):
    """A wish that comes while the experiment runs: after two phases."""

    phases = 0

    def interruptible(self):
        self.phases += 1
        if self.phases == 3:
            self.request()
        return super().interruptible()


def test_termination_keeps_the_data(workspace):
    outcome = workspace.run(PAUSING, AfterBuild())
    assert (outcome.status, outcome.exit_code) == ("terminated", 130)
    assert isinstance(outcome.error, TerminationRequested)
    assert read(outcome.path, "ccqed/status") == "terminated"
    assert "datasets/x" in layout(outcome.path)
    assert "datasets/late" not in layout(outcome.path)


def test_termination_before_the_run_writes_nothing(workspace):
    termination = Termination()
    termination.request()
    outcome = workspace.run(PAUSING, termination)
    assert (outcome.status, outcome.exit_code, outcome.path) == (
        "terminated",
        130,
        None,
    )


def test_an_experiment_may_end_gracefully(workspace):
    outcome = workspace.run(
        """
        def build(self):
            self.setattr_device("scheduler")

        def run(self):
            try:
                self.scheduler.pause()
            except TerminationRequested:
                self.set_dataset("graceful", True)

        def analyze(self):
            self.set_dataset("analysed", True)
        """,
        AfterBuild(),
    )
    # It ended by itself, and was analysed, but not all of it was measured.
    assert (outcome.status, outcome.exit_code) == ("terminated", 130)
    assert {"datasets/graceful", "datasets/analysed"} <= set(layout(outcome.path))


NUMBER = """
def build(self):
    self.setattr_argument("n", NumberValue(4, precision=0, step=1))
"""


@pytest.mark.parametrize(
    ("body", "arguments", "error"),
    [
        ("def build(self):\n    self.setattr_device('no')", {}, DeviceError),
        ("pass", {"typo": 1}, ExperimentError),
        (NUMBER, {"n": "many"}, ParameterError),
        (NUMBER, {"nn": 1}, ExperimentError),
        (
            "def build(self):\n    self.setattr_argument('x', StringValue())",
            {},
            DefaultMissing,
        ),
        (
            "def prepare(self):\n"
            "    from ccqed_ctrl.errors import ParameterError\n"
            "    raise ParameterError('corruption')",
            {},
            ParameterError,
        ),
    ],
)
def test_bad_input_is_refused_before_the_run(workspace, body, arguments, error):
    outcome = workspace.run(body, arguments=arguments)
    assert isinstance(outcome.error, error)
    assert (outcome.status, outcome.exit_code, outcome.path) == ("bad input", 2, None)
    assert not list((workspace.root / "results").rglob("*.h5"))


def test_a_bug_in_prepare_is_not_the_operators_fault(workspace):
    outcome = workspace.run("def prepare(self):\n    1/0")
    assert (outcome.exit_code, outcome.path) == (1, None)


FOLDER_GONE = """
def build(self):
    self.setattr_argument("fails", BooleanValue(False))

def run(self):
    import pathlib, shutil
    self.set_dataset("x", 1)
    for hour in pathlib.Path("RESULTS").glob("*/*"):
        shutil.rmtree(hour)
    if self.fails:
        raise OSError("the laser is off")
"""


@pytest.mark.parametrize(
    ("fails", "ending"), [(False, ("storage failed", 3)), (True, ("failed", 1))]
)
def test_a_folder_that_is_removed_is_made_again_and_told(
    workspace, caplog, fails, ending
):
    body = FOLDER_GONE.replace("RESULTS", str(workspace.root / "results"))
    outcome = workspace.run(body, arguments={"fails": fails})
    assert (outcome.status, outcome.exit_code) == ending
    assert read(outcome.path, "datasets/x") == 1
    assert read(outcome.path, "ccqed/status") == ending[0]
    assert "was removed" in f"{outcome.error} {caplog.text}"
    assert "the laser is off" in str(outcome.error) or not fails


@pytest.fixture
def mounted(tmp_path, workspace):
    """Put the results on a disk of their own."""
    with disk(tmp_path, 4) as made:
        yield made


FULL = """
def run(self):
    import numpy as np
    self.set_dataset("x", np.arange(400_000))
    self.set_dataset("last", 1)
"""


def run_on(disk, workspace):
    file = workspace.experiment(FULL)
    request = workspace.request(file)
    return runner.run(dataclasses.replace(request, results=disk.root / "results"))


def test_results_that_cannot_be_written_are_an_ending_of_their_own(workspace, mounted):
    mounted.fill(leave=100_000)
    outcome = run_on(mounted, workspace)
    assert (outcome.status, outcome.exit_code) == ("storage failed", 3)
    assert outcome.path is None
    assert "No space left on device; it is lost" in str(outcome.error)
    assert not list(mounted.root.rglob("*Probe*"))


def test_results_go_into_the_second_folder(workspace, mounted, monkeypatch, caplog):
    second = workspace.root / "second"
    second.mkdir()
    monkeypatch.setenv(SPARE, str(second))
    mounted.fill(leave=100_000)
    outcome = run_on(mounted, workspace)
    assert (outcome.status, outcome.exit_code) == ("ok", 0)
    assert second in outcome.path.parents
    assert read(outcome.path, "datasets/last") == 1
    assert str(outcome.path) in caplog.text


def test_an_experiment_that_cannot_store_has_its_word_in_the_file(workspace):
    outcome = workspace.run(
        """
        def run(self):
            from ccqed_ctrl.errors import ResultsError
            raise ResultsError("the disk is full")
        """
    )
    assert (outcome.status, outcome.exit_code) == ("storage failed", 3)
    assert read(outcome.path, "ccqed/status") == "storage failed"


@pytest.mark.parametrize("phase", ["prepare", "run"])
def test_an_interruption_is_no_termination(workspace, phase):
    outcome = workspace.run(f"def {phase}(self):\n    raise KeyboardInterrupt")
    assert (outcome.status, outcome.exit_code) == ("interrupted", 130)


def test_nothing_runs_without_a_place_for_the_results(workspace):
    (workspace.root / "results").touch()
    with pytest.raises(ResultsError):
        workspace.run("def run(self):\n    open('ran', 'w').close()")
    assert not (workspace.root / "ran").exists()


def test_persistent_datasets_reach_the_next_run(workspace):
    workspace.run(
        """
        def run(self):
            self.set_dataset("calibration", 2.5, persist=True)
            raise ZeroDivisionError
        """
    )
    outcome = workspace.run(
        "def run(self):\n    self.set_dataset('got', self.get_dataset('calibration'))"
    )
    assert read(outcome.path, "datasets/got") == 2.5
    assert read(outcome.path, "archive/calibration") == 2.5
    assert outcome.path.name.startswith("000000001")


def test_the_device_db_is_found_above_the_experiment(workspace):
    workspace.write(
        "device_db = {'thing': {'type': 'dummy'}}",
        "device_db.py",
    )
    body = (
        "from artiq.experiment import *\n"
        "class Probe(EnvExperiment):\n"
        "    def build(self):\n        self.setattr_device('thing')\n"
        "    def run(self):\n        self.set_dataset('x', len(self.get_device_db()))\n"
    )
    file = workspace.write(body, "repository/deep/probe.py")
    outcome = runner.run(workspace.request(file))
    assert read(outcome.path, "datasets/x") == 2
