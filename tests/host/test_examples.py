"""What ARTIQ's examples without hardware show, each written anew as one experiment.

They cover what such a file may use: parts, every kind of argument, several scans as
one, live arrays, questions during a run, termination, pictures, client control.
"""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from artiq.experiment import CancelledArgsError

from sim_backend.host import runner
from sim_backend.host.arguments import parse
from sim_backend.host.hdf5 import read
from sim_backend.host.scheduler import Termination


def run(workspace, text, *arguments, interactive=(), termination=None):
    file = workspace.write(f"from artiq.experiment import *\n{text}", "experiment.py")
    request = workspace.request(
        file, arguments=parse(arguments), interactive=parse(interactive)
    )
    return runner.run(request, termination)


def texts(path, key):
    with h5py.File(path) as file:
        return file[key].asstr()[()].tolist()


ARGUMENTS = """
class Shutter(HasEnvironment):
    def build(self):
        self.setattr_argument("scan", Scannable(
            default=[NoScan(3250), RangeScan(10, 20, 6, randomize=True)],
            unit="kHz"), "Shutter")
        self.setattr_argument("mode", EnumerationValue(["1", "2", "3"]), "Shutter")

class Demo(EnvExperiment):
    def build(self):
        self.setattr_argument("anything", PYONValue(self.get_dataset("foo", 42)))
        self.setattr_argument("number", NumberValue(42e-6, unit="us", precision=4))
        self.setattr_argument("whole", NumberValue(42, step=1, precision=0))
        self.setattr_argument("text", StringValue("Hello"))
        self.setattr_argument("flag", BooleanValue(True), "Group")
        self.setattr_argument("choice", EnumerationValue(["foo", "bar"], "foo"))
        self.shutter = Shutter(self)

    def run(self):
        names = ("anything", "number", "whole", "text", "flag", "choice")
        values = [getattr(self, name) for name in names]
        values += [list(self.shutter.scan), self.shutter.mode]
        self.set_dataset("values", [repr(value) for value in values])
"""


def test_every_kind_of_argument_also_in_a_part(workspace):
    outcome = run(workspace, ARGUMENTS, "mode=2", "number=1e-6", 'anything={"a": [1]}')
    assert texts(outcome.path, "datasets/values") == [
        "{'a': [1]}", "1e-06", "42", "'Hello'", "True", "'foo'", "[3250]", "'2'",
    ]  # fmt: skip


def test_an_argument_without_default_must_be_given(workspace):
    outcome = run(workspace, ARGUMENTS)
    assert outcome.exit_code == 2
    assert "'mode'" in str(outcome.error)


def test_several_scans_as_one(workspace):
    outcome = run(
        workspace,
        """
class ManyScans(EnvExperiment):
    def build(self):
        for name in "abc":
            self.setattr_argument(name, Scannable(default=RangeScan(0, 10, 4)))

    def run(self):
        points = MultiScanManager(("a", self.a), ("b", self.b), ("c", self.c))
        self.set_dataset("points", [[p.a, p.b, p.c] for p in points])
""",
        'b={"ty": "ExplicitScan", "sequence": [1, 2]}',
    )
    points = read(outcome.path, "datasets/points")
    grid = np.linspace(0, 10, 4)
    expected = [[a, b, c] for a in grid for b in (1, 2) for c in grid]
    np.testing.assert_allclose(points, expected)


def test_histograms_filled_row_by_row(workspace):
    outcome = run(
        workspace,
        """
import numpy as np
class Histograms(EnvExperiment):
    def run(self):
        edges = np.linspace(-10, 30, 51)
        self.set_dataset("edges", edges, broadcast=True, archive=False)
        self.set_dataset("counts", np.empty((20, 50)), broadcast=True)
        rng = np.random.default_rng(5)
        for i in range(20):
            counts, _ = np.histogram(rng.normal(i, size=1000), edges)
            self.mutate_dataset("counts", i, counts)
    def analyze(self):
        centers = self.get_dataset("edges")[:-1] + 0.4
        counts = self.get_dataset("counts")
        self.set_dataset("means", counts @ centers / counts.sum(axis=1))
""",
    )
    # The mean of 1000 normal values is known to 1 / sqrt(1000); five of those.
    np.testing.assert_allclose(
        read(outcome.path, "datasets/means"), np.arange(20), atol=5 / np.sqrt(1000)
    )
    live = outcome.datasets.db.get("counts")
    np.testing.assert_array_equal(live, read(outcome.path, "datasets/counts"))


ASKING = """
class Asking(EnvExperiment):
    def run(self):
        with self.interactive(title="Tell me") as told:
            told.setattr_argument("power", NumberValue(1.0, unit="mW"))
            told.setattr_argument("label", StringValue(LABEL))
        self.set_dataset("told", f"{told.power} {told.label}")
        self.set_dataset("clean", not hasattr(told, "setattr_argument"))
"""


def test_questions_during_a_run(workspace, monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    text = ASKING.replace("LABEL", "'none'")
    outcome = run(workspace, text, interactive=["power=2e-3"])
    assert read(outcome.path, "datasets/told") == "0.002 none"
    assert read(outcome.path, "datasets/clean")


def test_a_question_nobody_answers_cancels(workspace, monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    outcome = run(workspace, ASKING.replace("LABEL", ""))
    assert isinstance(outcome.error, CancelledArgsError)
    assert outcome.exit_code == 1


FOREVER = """
import itertools
class Forever(EnvExperiment):
    def build(self):
        self.setattr_device("scheduler")
    def run(self):
        try:
            for turn in itertools.count():
                if turn == 3:
                    self.scheduler.request_termination(self.scheduler.rid)
                self.scheduler.pause()
        except TerminationRequested:
            self.set_dataset("turns", turn)
"""


def test_running_until_told_to_end(workspace):
    outcome = run(workspace, FOREVER, termination=Termination())
    assert outcome.status == "terminated"
    assert read(outcome.path, "datasets/turns") == 3


def test_a_picture_for_the_browser(workspace):
    outcome = run(
        workspace,
        """
import numpy as np
class Thumbnail(EnvExperiment):
    def analyze(self):
        self.set_dataset("thumbnail", np.void(bytes(range(256))))
    def run(self):
        pass
""",
    )
    assert read(outcome.path, "datasets/thumbnail").tobytes() == bytes(range(256))


def test_a_fit_that_starts_from_the_last_one(workspace):
    text = """
class Fit(EnvExperiment):
    def build(self):
        self.setattr_device("scheduler")
        self.setattr_device("ccb")
    def run(self):
        self.ccb.issue("create_applet", "fit", "${artiq_applet}plot_xy y")
        self.scheduler.submit(due_date=0.0)
    def analyze(self):
        guess = self.get_dataset("frequency", 1500.0, archive=False)
        self.set_dataset("guess", guess)
        self.set_dataset("frequency", guess + 1, persist=True, archive=False)
"""
    guesses = [read(run(workspace, text).path, "datasets/guess") for _ in range(3)]
    assert guesses == [1500.0, 1501.0, 1502.0]


@pytest.mark.parametrize("graceful", ["true", "false"])
def test_terminating_all_others_spares_oneself(workspace, graceful):
    outcome = run(
        workspace,
        """
class Others(EnvExperiment):
    def build(self):
        self.setattr_device("scheduler")
        self.setattr_argument("graceful", BooleanValue(True))
    def run(self):
        end = self.scheduler.delete
        if self.graceful:
            end = self.scheduler.request_termination
        for rid in self.scheduler.get_status():
            if rid != self.scheduler.rid:
                end(rid)
""",
        f"graceful={graceful}",
    )
    assert outcome.status == "ok"
