"""The linter on files: where it looks, what it follows, what it leaves alone."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from ccqed_ctrl.errors import ExperimentError
from sim_backend.gates.linter import lint

ROOT = Path(__file__).parents[2]


@pytest.fixture
def linted(tmp_path):
    def run(text, **others):
        for name, other in others.items():
            path = tmp_path / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(textwrap.dedent(other))
        file = tmp_path / "experiment.py"
        file.write_text("from artiq.experiment import *\n" + textwrap.dedent(text))
        return [(f.file.name, f.line, f.rule) for f in lint(file)]

    return run


def probe(build="pass", body="pass"):
    return (
        "class Probe(EnvExperiment):\n"
        f"    def build(self):\n        {build}\n"
        f"    @kernel\n    def run(self):\n        {body}\n"
    )


def test_a_finding_has_file_and_line_and_says_what_to_do(tmp_path):
    file = tmp_path / "experiment.py"
    file.write_text(
        "from artiq.experiment import *\n" + probe(body="values = sum([1])")
    )
    (finding,) = lint(file)
    assert (finding.file, finding.line) == (file, 7)
    assert "add in a loop" in finding.message


def test_host_code_is_left_alone(linted):
    assert linted("def f():\n    return {n: f'{n}' for n in range(3)}\n") == []


def test_called_kernels_of_imported_modules_are_followed(linted):
    text = "from lab.parts import flash\n" + probe(body="flash()")
    parts = """
        from artiq.experiment import *
        from .deep import Lamp
        @kernel
        def flash():
            pass
        @kernel
        def not_called():
            x = {}
        """
    assert linted(text, lab__parts=parts) == []
    broken = parts.replace("            pass\n", "            x = {}\n", 1)
    assert linted(text, lab__parts=broken) == [("parts.py", 6, "dict")]


def test_methods_of_objects_in_attributes_are_followed(linted):
    lamp = """
        from artiq.experiment import *
        class Lamp(HasEnvironment):
            @kernel
            def flash(self):
                delay(sum([1.0]))
        """
    text = "from lamp import Lamp\n" + probe(
        "self.lamp = Lamp(self)", "self.lamp.flash()"
    )
    assert linted(text, lamp=lamp) == [("lamp.py", 6, "builtin")]


@pytest.mark.parametrize(
    ("build", "body", "rule"),
    [
        ('self.setattr_argument("n", NumberValue(3, type="int"))',
         "delay_mu(self.n)", "width"),
        ('self.setattr_argument("n", NumberValue(3.0))', "delay(self.n)", None),
        ('self.setattr_argument("n", Scannable(RangeScan(0, 1, 2)))',
         "for x in self.n: delay(x)", "iteration"),
        ('self.setattr_argument("n", Scannable(RangeScan(0, 1, 2)))',
         "for x in self.n.sequence: delay(x)", None),
        ("pass", 'x = self.get_dataset("a"); delay(x)', "rpc-result"),
        ("pass", "delay(self.nothing)", "missing-attribute"),
        ("setattr(self, 'x', 1)", "delay(self.nothing)", None),
        ("add(self)", "delay(self.nothing)", None),
        ('self.setattr_device("core")', "self.core = 1", "invariant"),
        ("self.x = []", "delay(self.x[0])", "empty-list"),
        ("self.x = []; self.x.append(1.0)", "delay(self.x[0])", None),
        ('self.setattr_device("scheduler")', "self.scheduler.pause()", "host-only"),
    ],
)  # fmt: skip
def test_what_host_code_says_of_attributes(linted, build, body, rule):
    found = linted("def add(x): pass\n" + probe(build, body))
    assert [name for _, _, name in found] == ([] if rule is None else [rule])


def test_an_attribute_that_becomes_known_later_is_not_judged(linted):
    text = """
    class Probe(EnvExperiment):
        def build(self):
            self.width = 0
        def prepare(self):
            self.width = int64(3)
        @kernel
        def run(self):
            delay_mu(self.width)
    """
    assert linted(text) == []


def test_a_file_that_is_no_python_is_one_finding(linted):
    assert linted("def f(:\n") == [("experiment.py", 2, "python")]


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ExperimentError, match="cannot be read"):
        lint(tmp_path / "none.py")


def test_nothing_is_imported_or_run(linted):
    assert linted("raise SystemExit\n" + probe()) == []


@pytest.mark.parametrize("file", sorted(ROOT.glob("repository/**/*.py")), ids=str)
def test_the_repository_is_clean(file):
    assert lint(file, [ROOT]) == []


def test_the_laboratorys_own_kernels_are_seen(tmp_path):
    """A sabotaged copy of the pump is found from the experiment that uses it."""
    for name in ("devices", "sequences"):
        folder = tmp_path / "ccqed_ctrl" / name
        folder.mkdir(parents=True)
        for path in (ROOT / "ccqed_ctrl" / name).glob("*.py"):
            (folder / path.name).write_text(
                path.read_text().replace(
                    "range(len(self.volts))", "enumerate(self.volts)"
                )
            )
    file = tmp_path / "recall.py"
    file.write_text((ROOT / "repository" / "recall.py").read_text())
    found = lint(file, [tmp_path])
    assert [(f.file.name, f.rule) for f in found] == [("pump.py", "builtin")]


@pytest.mark.parametrize(
    "name",
    ['"ttl{}".format(n)', 'f"ttl{n}"', '"ttl%d" % n', '"ttl" + str(n)', "NAMES[n]"],
)
def test_devices_whose_names_are_made_are_not_missing(linted, name):
    build = f"for n in range(4): self.setattr_device({name})"
    text = "NAMES = ['ttl0', 'ttl1']\n" + probe(build, "self.ttl1.on()")
    assert linted(text) == []


def test_a_name_from_a_list_is_not_missing_but_one_from_nowhere_is(linted):
    loop = 'for name in ["ttl0", "ttl1"]: self.setattr_device(name)'
    assert linted(probe(loop, "self.ttl1.on()")) == []
    plain = 'self.setattr_device("ttl0")'
    assert linted(probe(plain, "self.ttl1.on()")) == [
        ("experiment.py", 7, "missing-attribute")
    ]


def test_what_a_remote_call_runs_is_host_code(linted):
    text = """
    class Probe(EnvExperiment):
        @kernel
        def run(self):
            for value in self.nothing():
                delay(value * us)

        def nothing(self) -> TList(TInt32):
            def inner():
                return {}
            self.deeper()
            return []

        def deeper(self):
            return [n for n in range(3) if n]
    """
    assert linted(text) == []


def test_environments_of_one_class_with_attributes_of_two_types(linted):
    text = """
    class Lamp(HasEnvironment):
        def build(self, level):
            self.level = level
        @kernel
        def flash(self):
            delay(self.level * us)
    class Probe(EnvExperiment):
        def build(self):
            self.one = Lamp(self, 1)
            self.other = Lamp(self, LEVEL)
        @kernel
        def run(self):
            self.one.flash()
            self.other.flash()
    """
    assert linted("LEVEL = 2\n" + textwrap.dedent(text)) == []
    assert linted("LEVEL = 2.0\n" + textwrap.dedent(text)) == [
        ("experiment.py", 15, "unlike-instances")
    ]
