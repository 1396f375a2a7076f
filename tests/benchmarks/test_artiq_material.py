"""The table of ARTIQ's own material: what is found, judged, kept and told."""

from __future__ import annotations

import sys
import unittest

import pytest

from benchmarks.artiq_material import command, examples, suites
from benchmarks.artiq_material.examples import Example
from benchmarks.artiq_material.one_suite import Result, verdict
from benchmarks.artiq_material.outcomes import (
    DEVICE,
    FAILED,
    PASSED,
    PORT,
    SKIPPED,
    Outcome,
    Store,
)
from benchmarks.artiq_material.page import page

DATABASE = """
device_db = {
    "core": {
        "type": "local",
        "module": "artiq.coredevice.core",
        "class": "Core",
        "arguments": {"host": None, "ref_period": 1e-9},
    },
    "led": {
        "type": "local",
        "module": "artiq.coredevice.ttl",
        "class": "TTLOut",
        "arguments": {"channel": 0},
    },
    "phaser0": {
        "type": "local",
        "module": "artiq.coredevice.phaser",
        "class": "Phaser",
        "arguments": {"channel_base": 1},
    },
}
"""

PROGRAM = """
from artiq.experiment import *


class Wanting(EnvExperiment):
    def build(self):
        self.setattr_device("core")
        self.setattr_device("{device}")

    @kernel
    def run(self):
        self.core.reset()


class _Part(EnvExperiment):
    pass
"""


@pytest.fixture
def folder(tmp_path):
    """ARTIQ's examples, as they are laid out."""
    home = tmp_path / "examples" / "crate"
    (home / "repository").mkdir(parents=True)
    (home / "device_db.py").write_text(DATABASE)
    for device in ("led", "phaser0"):
        path = home / "repository" / f"{device}.py"
        path.write_text(PROGRAM.format(device=device))
    return tmp_path / "examples"


def test_examples_run_with_their_own_database_or_name_the_device(folder):
    outcomes = [
        outcome
        for example in examples.find(folder)
        for outcome in examples.run(folder, example, sys.executable)
    ]
    names = [f"crate/repository/{key}.py: Wanting" for key in ("led", "phaser0")]
    assert outcomes == [
        Outcome(names[0], PASSED),
        Outcome(names[1], DEVICE, "phaser.Phaser"),
    ]


@pytest.mark.parametrize(
    ("code", "text", "wishes", "expected"),
    [
        (130, "WARNING: ending", 1, (PASSED, "until Ctrl-C")),
        (1, "Traceback\n  x\nKeyError: 3\n", 1, (FAILED, "KeyError: 3")),
        (1, "\nValueError: no\n\n", 0, (FAILED, "ValueError: no")),
        (None, "", 2, (FAILED, "went on after two Ctrl-C")),
    ],
)
def test_what_a_run_printed(code, text, wishes, expected):
    outcome = examples.judge(Example("a.py", "A"), code, text, wishes)
    assert (outcome.verdict, outcome.reason) == expected


class _Suite(unittest.TestCase):
    __test__ = False  # pytest's; the tests below are run by hand

    def test_subtests(self):
        with self.subTest(line=True):
            pass
        with self.subTest(line=False):
            self.skipTest("needs a line")

    def test_left_out(self):
        self.skipTest("no such card")

    def test_broken(self):
        raise KeyError(3)

    @unittest.expectedFailure
    def test_of_an_old_fault(self):
        self.fail("as ever")


def test_a_test_is_what_its_subtests_are(capsys):
    result = Result()
    unittest.defaultTestLoader.loadTestsFromTestCase(_Suite).run(result)
    assert {name.split(".")[-1]: found for name, found in result.found.items()} == {
        "test_broken": (FAILED, "KeyError: 3"),
        "test_left_out": (SKIPPED, "no such card"),
        "test_of_an_old_fault": (PASSED, ""),
        "test_subtests": (PASSED, ""),
    }
    assert "no such card" in capsys.readouterr().out


def test_a_refused_connection_names_the_port(tmp_path):
    path = tmp_path / "comm_moninj.py"
    path.write_text("raise ConnectionRefusedError(111, 'refused')")
    with pytest.raises(ConnectionRefusedError) as caught:
        exec(compile(path.read_text(), str(path), "exec"))
    assert verdict(caught.value) == (PORT, "1383 (moninj)")


def test_a_test_counts_as_its_worst():
    outcomes = [Outcome("t", PASSED), Outcome("t", SKIPPED), Outcome("t", FAILED, "x")]
    assert suites.worst(outcomes) == outcomes[2]
    assert suites.worst(outcomes[:2]) == outcomes[0]


def test_outcomes_outlive_the_run(tmp_path):
    path = tmp_path / "store" / "commit.json"
    Store(path).add("item", [Outcome("t", FAILED, "x")])
    again = Store(path)
    assert "item" in again
    assert again["item"] == [Outcome("t", FAILED, "x")]
    assert "other" not in again


def test_the_page_counts_and_gives_reasons():
    tests = [Outcome("A.one", PASSED), Outcome("A.two", FAILED, "a | b")]
    text = page({"ARTIQ": "9"}, {"e": Outcome("e", PASSED)}, {"test_a": tests})
    assert "* ARTIQ: 9\n" in text
    assert "| `e` | passed |  |\n" in text
    assert "| a | 1 | 1 | 0 | 0 | 0 |\n" in text
    assert "| a: `two` | failed | a \\| b |\n" in text


def test_the_command_takes_up_where_it_was(folder, tmp_path, capsys):
    artiq = tmp_path / "sources" / "artiq"
    (artiq / "test" / "coredevice").mkdir(parents=True)
    (artiq / "examples").symlink_to(folder)
    (artiq / "__init__.py").write_text('__version__ = "9"')
    output = tmp_path / "page.md"
    options = ["--artiq", str(artiq.parent), "--output", str(output)]
    options += ["--store", str(tmp_path / "store"), "--python", _python(artiq)]
    assert command.main(options) == 0
    first = output.read_text()
    for file in folder.rglob("repository/*.py"):
        file.write_text(file.read_text().replace("self.core.reset()", "1 // 0"))
    assert command.main(options) == 0
    assert output.read_text() == first
    assert command.main([*options, "--again", "led"]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().out


def _python(artiq):
    """Return a Python that finds `artiq` here."""
    path = artiq.parent / "python"
    path.write_text(f'#!/bin/sh\nPYTHONPATH={artiq.parent} {sys.executable} "$@"\n')
    path.chmod(0o755)
    return str(path)
