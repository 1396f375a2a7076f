"""Finding experiments."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccqed_ctrl.errors import ExperimentError
from sim_backend.host import discovery

TWO = """
from artiq.experiment import *
class First(EnvExperiment):
    pass
class Second(EnvExperiment):
    pass
class _Hidden(EnvExperiment):
    pass
"""


class NoDatasets:
    def get(self, key):
        raise KeyError(key)

    get_metadata = get


def test_a_name_is_found_below_the_repository(workspace, monkeypatch):
    monkeypatch.chdir(workspace.root)
    for name in ("recall.py", "a/flip.py", "b/flip.py"):
        workspace.write(TWO, f"repository/{name}")
    assert discovery.find(Path("recall")) == Path("repository/recall.py")
    assert discovery.find(Path("recall.py")) == Path("repository/recall.py")
    assert discovery.find(Path("a/missing.py")) == Path("a/missing.py")
    with pytest.raises(ExperimentError, match="be repository/a/flip.py, repository/b"):
        discovery.find(Path("flip"))
    with pytest.raises(ExperimentError, match="'recall'.*has flip, flip, recall"):
        discovery.find(Path("recal"))


def test_by_class_or_alone(workspace):
    file = workspace.write(TWO, "two.py")
    assert discovery.load(file, "Second").__name__ == "Second"
    assert discovery.load(file, "_Hidden").__name__ == "_Hidden"
    alone = workspace.experiment("pass")
    assert discovery.load(alone).__name__ == "Probe"


def test_what_cannot_be_found(workspace):
    two = workspace.write(TWO, "two.py")
    cases = [
        (two, None, "First, Second"),
        (two, "Secnod", "did you mean 'Second'"),
        (two, "EnvExperimnt", "'EnvExperimnt'"),
        (workspace.root / "tow.py", None, "did you mean 'two.py'"),
        (workspace.root / "no" / "x.py", None, "no experiment file"),
        (workspace.write("x = 1", "none.py"), None, "has none"),
        (workspace.write("import no_such", "broken.py"), None, "no_such"),
        (workspace.write("x = (", "syntax.py"), None, "SyntaxError"),
    ]
    for file, class_name, message in cases:
        with pytest.raises(ExperimentError, match=message):
            discovery.load(file, class_name)


def test_the_scan_is_the_dashboards(workspace):
    workspace.write(
        '''
        from artiq.experiment import *
        from beside import LIMIT
        class Good(EnvExperiment):
            """Does it / well.

            In detail.
            """
            def build(self):
                self.setattr_device("core")
                self.setattr_argument("n", NumberValue(LIMIT, unit="ms"), "G", "tip")
                self.kept = self.get_dataset("kept", 3)
        ''',
        "repository/good.py",
    )
    workspace.write("LIMIT = 2", "repository/beside.py")
    workspace.write(
        """
        from artiq.experiment import *
        class Fine(EnvExperiment):
            pass
        class Greedy(EnvExperiment):
            def build(self):
                self.setattr_argument("n", NumberValue(1))
                self.twice = 2 * self.n
        """,
        "repository/sub/greedy.py",
    )
    workspace.write("raise SystemExit", "repository/stop.py")
    workspace.write("junk(", "repository/.hidden.py")
    found = list(discovery.scan(workspace.root / "repository", NoDatasets()))
    beside, good, stop, greedy = found
    assert beside == []
    assert (good[0].class_name, good[0].title) == ("Good", "Does it / well")
    description, group, tooltip = good[0].arguments["n"]
    assert (description["default"], description["unit"]) == (2.0, "ms")
    assert (group, tooltip) == ("G", "tip")
    assert "SystemExit" in stop.reason
    # One bad class costs the whole file, as in the dashboard.
    assert greedy.file.name == "greedy.py"
    assert "NoneType" in greedy.reason


def test_no_folder(workspace):
    with pytest.raises(ExperimentError, match="no folder"):
        list(discovery.scan(workspace.root / "none", NoDatasets()))
