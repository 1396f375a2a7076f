"""One run, from build to the file; the layout is that of a real artiq_master."""

from __future__ import annotations

import hashlib
import logging
import math
import sys

import artiq
import h5py
import numpy as np
import pytest
from artiq.experiment import DefaultMissing, TerminationRequested
from sipyco import pyon

from ccqed_ctrl.errors import DeviceError, ExperimentError, ParameterError, ResultsError
from sim_backend.artiq_host import results, runner
from sim_backend.artiq_host.hdf5 import read
from sim_backend.artiq_host.scheduler import Termination

KINDS = """
def build(self):
    self.setattr_argument("n", NumberValue(4, precision=0, step=1))
    self.setattr_argument("seed", NumberValue(1, precision=0, step=1))
    self.setattr_argument("scan", Scannable(CenterScan(1.0, 2.0, 0.5)))

def run(self):
    import numpy as np
    self.set_dataset("old", 1.0, persist=True, archive=False, unit="ms")
    self.get_dataset("old")
    for key, value in {
        "float": 1.5, "int": 3, "bool": True, "str": "µm", "bytes": b"ab",
        "texts": ["a", "bé"], "ints": [1, 2], "floats": [1.5, 2], "complex": 1 + 2j,
        "image": np.arange(6, dtype=np.uint16).reshape(2, 3),
        "flags": np.array([True, False]), "small": np.float32(2),
        "int32": np.int32(3), "empty": [], "void": np.void(bytes([0, 1])),
        "folder/inside": 7, "dotted.key": 8,
    }.items():
        self.set_dataset(key, value)
    self.set_dataset("meta", 1e-3, unit="ms", scale=1e-3, precision=2)
    self.set_dataset("live", 1, broadcast=True, archive=False)
"""

# Key: (kind, shape, attributes) of the file that artiq_master 9 (3740b92e, h5py 3.16)
# wrote for the experiment above. Kinds: HDF5 type, text as its encoding.
MASTER = {
    "archive": ("group", None, {}),
    "archive/old": ("float64", (), {"unit": "ms"}),
    "artiq_version": ("utf-8", (), {}),
    "datasets": ("group", None, {}),
    "datasets/bool": ("bool", (), {}),
    "datasets/bytes": ("ascii", (), {}),
    "datasets/complex": ("complex128", (), {}),
    "datasets/dotted.key": ("int64", (), {}),
    "datasets/empty": ("float64", (0,), {}),
    "datasets/flags": ("bool", (2,), {}),
    "datasets/float": ("float64", (), {}),
    "datasets/floats": ("float64", (2,), {}),
    "datasets/folder": ("group", None, {}),
    "datasets/folder/inside": ("int64", (), {}),
    "datasets/image": ("uint16", (2, 3), {}),
    "datasets/int": ("int64", (), {}),
    "datasets/int32": ("int32", (), {}),
    "datasets/ints": ("int64", (2,), {}),
    "datasets/meta": ("float64", (), {"unit": "ms", "scale": 1e-3, "precision": 2}),
    "datasets/small": ("float32", (), {}),
    "datasets/str": ("utf-8", (), {}),
    "datasets/texts": ("utf-8", (2,), {}),
    "datasets/void": ("|V2", (), {}),
    "expid": ("utf-8", (), {}),
    "rid": ("int64", (), {}),
    "run_time": ("float64", (), {}),
    "start_time": ("float64", (), {}),
}


def layout(path):
    """Return the tree of a file without our own group."""
    found = {}

    def visit(name, item):
        if name.split("/")[0] == "ccqed":
            return
        attributes = dict(item.attrs)
        if isinstance(item, h5py.Group):
            found[name] = ("group", None, attributes)
            return
        text = h5py.check_string_dtype(item.dtype)
        found[name] = (
            text.encoding if text else str(item.dtype),
            item.shape,
            attributes,
        )
        assert item.chunks is None

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


def test_the_file_is_artiq_masters(workspace):
    outcome = workspace.run(KINDS, arguments={"n": 6})
    assert (outcome.status, outcome.exit_code, outcome.error) == ("ok", 0, None)
    assert outcome.path.name == "000000000-Probe.h5"
    assert layout(outcome.path) == MASTER
    assert read(outcome.path, "rid") == 0
    assert read(outcome.path, "artiq_version") == artiq.__version__
    assert pyon.decode(read(outcome.path, "expid")) == {
        "devarg_override": {},
        "log_level": logging.getLogger().getEffectiveLevel(),
        "class_name": "Probe",
        "arguments": {"n": 6},
        "file": str(workspace.root / "experiment.py"),
    }
    assert read(outcome.path, "start_time") <= read(outcome.path, "run_time")


def test_the_extra_group_tells_what_ran(workspace):
    workspace.write("device_db = {'plant': {'type': 'dummy'}}", "device_db.py")
    outcome = workspace.run(KINDS, arguments={"n": 6}, seed=5)
    path = outcome.path
    arguments = pyon.decode(read(path, "ccqed/arguments"))
    assert (arguments["n"], arguments["seed"]) == (6, 5)
    assert arguments["scan"]["ty"] == "CenterScan"
    assert pyon.decode(read(path, "ccqed/seeds")) == {"experiment": 5, "plant": 5}
    expid = pyon.decode(read(path, "expid"))
    assert expid["devarg_override"] == {"plant": {"seed": 5}}
    assert expid["arguments"] == {"n": 6, "seed": 5}
    for key, expected in {
        "status": "ok",
        "exception": "",
        "traceback": "",
        "backend": "simulation",
        "git/commit": "",
        "git/dirty": True,
        "versions/numpy": np.__version__,
    }.items():
        assert read(path, f"ccqed/{key}") == expected
    digest = hashlib.sha256((workspace.root / "device_db.py").read_bytes()).hexdigest()
    assert read(path, "ccqed/device_db_sha256") == digest
    assert math.isnan(read(path, "ccqed/minimum_slack"))
    assert read(path, "ccqed/start") < read(path, "ccqed/stop")


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
    device_db = {"plant": {"type": "dummy"}, "core": core}
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
    assert (outcome.status, outcome.exit_code) == ("exception", 1)
    assert read(outcome.path, "datasets/x") == 1
    assert "datasets/analysed" not in layout(outcome.path)
    assert read(outcome.path, "ccqed/status") == "exception"
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
    assert (outcome.status, outcome.exit_code) == ("exception", 1)
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


@pytest.mark.parametrize(
    ("body", "arguments", "error"),
    [
        ("def build(self):\n    self.setattr_device('no')", {}, DeviceError),
        ("pass", {"typo": 1}, ExperimentError),
        (KINDS, {"n": "many"}, ParameterError),
        (KINDS, {"nn": 1}, ExperimentError),
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
    assert (outcome.status, outcome.exit_code, outcome.path) == ("exception", 2, None)
    assert not list((workspace.root / "results").rglob("*.h5"))


def test_a_bug_in_prepare_is_not_the_operators_fault(workspace):
    outcome = workspace.run("def prepare(self):\n    1/0")
    assert (outcome.exit_code, outcome.path) == (1, None)


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


def test_checkpoints_while_the_run_lasts(workspace, caplog):
    outcome = workspace.run(
        """
        def run(self):
            import time, pathlib, shutil
            self.set_dataset("x", 1)
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                found = list(pathlib.Path("results").rglob("*.checkpoint.h5"))
                if found:
                    shutil.copy(found[0], "seen.h5")
                    break
                time.sleep(0.01)
        """,
        checkpoint_interval=0.02,
    )
    seen = workspace.root / "seen.h5"
    assert read(seen, "datasets/x") == 1
    assert read(seen, "ccqed/status") == "running"
    assert not results.checkpoint_path(outcome.path).exists()
    results.checkpoint_path(outcome.path).write_bytes(b"left by a killed run")
    workspace.run("def run(self):\n    pass")
    assert "000000000-Probe.checkpoint.h5" in caplog.text


def test_the_device_db_is_found_above_the_experiment(workspace):
    workspace.write(
        "device_db = {'plant': {'type': 'dummy'}, 'thing': {'type': 'dummy'}}",
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
