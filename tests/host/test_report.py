"""What the operator sees."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from sim_backend.host import discovery, report, runner
from sim_backend.host.dataset_db import DatasetDB
from sim_backend.host.progress import ProgressBar


def test_the_summary(workspace):
    outcome = workspace.run(
        """
        def run(self):
            self.set_dataset("summary.memory", "[anchor]")
            self.set_dataset("summary.recalled_overlap", 0.96875)
            self.set_dataset("summary.evolution_time", 1.5e-3, unit="ms")
            self.set_dataset("summary.width", 2e-6, unit="um", scale=1e-6, precision=1)
            self.set_dataset("summary.pixels_wrong", 3, broadcast=True, archive=False)
            self.set_dataset("other", 5)
            self.set_dataset("shot.verdict", ["ok", "dark", "ok"])
        """
    )
    rows = dict(report.summary(outcome))
    assert rows == {
        "memory": "[anchor]",
        "recalled overlap": "0.96875",
        "evolution time": "1.5 ms",
        "width": "2 um",
        "pixels wrong": "3",
        "shots": "2 ok, 1 dark",
        "status": "ok",
        "file": str(outcome.path),
    }
    text = io.StringIO()
    report.show_outcome(outcome, Console(file=text, width=200))
    assert "[anchor]" in text.getvalue()  # text of experiments is not markup


def test_the_list_of_experiments(workspace):
    workspace.write(
        '''
        from artiq.experiment import *
        class Recall(EnvExperiment):
            """Recall a memory."""
            def build(self):
                self.setattr_argument("time", NumberValue(2e-3, "ms", min=0, max=1))
                self.setattr_argument("kind", EnumerationValue(["a", "b"], "b"))
                self.setattr_argument("name", StringValue())
                self.setattr_argument("low", NumberValue(2e-3, "ms", min=0))
                self.setattr_argument("one", Scannable(NoScan(1), "ms", global_max=4))
                self.setattr_argument("range", Scannable(RangeScan(0, 1e-3, 5), "ms"))
                self.setattr_argument("some", Scannable(ExplicitScan([1, 2])))
                self.setattr_argument("odd", Scannable(CenterScan(0, 2, 1)))
        ''',
        "repository/recall.py",
    )
    workspace.write("import no_such_module", "repository/broken.py")
    folder = workspace.root / "repository"
    found = discovery.scan(folder, DatasetDB(workspace.root / "db.sqlite"))
    text = io.StringIO()
    Console(file=text, width=160).print(report.experiments(found, folder))
    for expected in (
        "recall.py Recall",
        "Recall a memory",
        "2 ms",
        "0 .. 1000 ms",
        "a, b",
        "(required)",
        ">= 0 ms",
        "one      \u2502 1000 ms",
        "<= 4000 ms",
        "0 ms:1 ms:5",
        "1, 2",
        "CenterScan(center=0",
        "no_such_module",
    ):
        assert expected in text.getvalue()


@pytest.mark.parametrize("width", [40, 60])
def test_a_narrow_terminal_keeps_paths_whole(workspace, width):
    outcome = workspace.run(
        'def run(self): self.set_dataset("summary.memory", "heart")'
    )
    text = io.StringIO()
    report.show_outcome(outcome, Console(file=text, width=width))
    lines = [line.strip() for line in text.getvalue().splitlines()]
    assert str(outcome.path) in lines
    assert "memory  heart" in lines


def test_the_progress_bar_follows_two_datasets(workspace):
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=100)
    body = """
    def run(self):
        self.set_dataset("progress.total", 3, broadcast=True, archive=False)
        for shot in range(3):
            self.set_dataset("progress.done", shot + 1, broadcast=True, archive=False)
    """
    request = workspace.request(workspace.experiment(body))
    with ProgressBar("Recall", console, shown=True) as bar:
        runner.run(request, watch=bar.watch)
    assert "3/3" in text.getvalue()


def test_no_bar_without_a_terminal(workspace):
    text = io.StringIO()
    with ProgressBar("Recall", Console(file=text), shown=True):
        pass
    assert text.getvalue() == ""
