"""`ccqed timeline`: each form, and what is refused."""

from __future__ import annotations

import csv
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from ccqed_ctrl import cli
from sim_backend.timeline.command import TIMELINE

ROOT = Path(__file__).parents[2]
PROBE = """
from artiq.experiment import *


class Probe(EnvExperiment):
    def build(self):
        self.setattr_device("core")
        self.setattr_device("ttl_camera")
        self.setattr_argument("width", NumberValue(1e-3))

    @kernel
    def run(self):
        self.core.reset()
        self.ttl_camera.pulse(self.width)
        self.ttl_camera.pulse(self.width)
"""


@pytest.fixture
def timeline(tmp_path, monkeypatch):
    (tmp_path / "probe.py").write_text(PROBE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "_load", {"timeline": TIMELINE}.__getitem__)
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)
    lab = ("--device-db", str(ROOT / "device_db.py"))
    return lambda *arguments: cli.main(["timeline", "probe.py", *lab, *arguments])


def test_a_table_here(timeline, capsys):
    assert timeline("width=2e-3") == 0
    _, *rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows == [
        ["0.000000", "ttl_camera", "level", "1"],
        ["2.000000", "ttl_camera", "level", "1"],
        ["4.000000", "ttl_camera", "level", "0"],
    ]


def test_a_table_for_programs(timeline, tmp_path):
    assert timeline("-o", "t.csv") == 0
    rows = list(csv.DictReader((tmp_path / "t.csv").read_text().splitlines()))
    assert [float(row["time_s"]) for row in rows] == pytest.approx([0, 1e-3, 2e-3])
    assert {row["channel"] for row in rows} == {"ttl_camera"}


def test_it_is_the_first_that_a_process_imports():
    # Nothing has put the stand-in of ARTIQ in place yet.
    subprocess.run(
        [sys.executable, "-c", "import sim_backend.timeline.writing"], check=True
    )


def test_every_form_is_written(timeline, tmp_path):
    for suffix, start in ((".png", b"\x89PNG"), (".svg", b"<?xml"), (".txt", b" "),
                          (".vcd", b"$comment")):  # fmt: skip
        assert timeline("-o", f"t{suffix}") == 0
        assert (tmp_path / f"t{suffix}").read_bytes().startswith(start)


def test_a_picture_names_the_run(timeline, tmp_path):
    assert timeline("-o", "t.svg", "--seed", "5", "width=2e-3") == 0
    drawn = (tmp_path / "t.svg").read_text()
    for words in ("Probe, seed 5, simulation, 4 ms of the run", "ttl_camera", "ttl4"):
        assert f"<!-- {words} -->" in drawn


def test_nothing_but_the_output_is_left_behind(timeline, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # Python's own, of any import
    before = set(tmp_path.iterdir())
    assert timeline("-o", "t.txt") == 0
    assert set(tmp_path.iterdir()) - before == {tmp_path / "t.txt"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("-o", "t.doc"), "got 't.doc'"), (("widht=1",), "did you mean 'width'")],
)
def test_bad_input(timeline, arguments, message, capsys, caplog):
    assert timeline(*arguments) == 2
    assert message in capsys.readouterr().err + caplog.text


def test_a_file_that_cannot_be_written(timeline, capsys):
    assert timeline("-o", "missing/t.txt") == 2
    assert "cannot be written" in capsys.readouterr().err
