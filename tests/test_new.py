"""A laboratory and experiments of a user's own, from nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import analysis
from ccqed_ctrl import belief, cli, new_command
from ccqed_ctrl.belief import Laboratory
from ccqed_ctrl.errors import ExperimentError

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "ccqed_ctrl" / "templates" / "lab"
FILES = {
    "README.md", "device_db.py", "laboratory.toml", "repository/emission_vs_hold.py",
    "repository/recall.py", "tests/test_experiments.py",
}  # fmt: skip


def files(folder: Path) -> set[str]:
    found = {path for path in folder.rglob("*") if path.is_file()}
    return {str(path.relative_to(folder)) for path in found}


@pytest.fixture
def laboratory(tmp_path, monkeypatch):
    """Make a laboratory, and stand in it."""
    monkeypatch.chdir(tmp_path)
    assert cli.main(["new", "lab", "mine"]) == 0
    monkeypatch.chdir("mine")
    return tmp_path / "mine"


@pytest.mark.parametrize("name", ["device_db.py", "repository/recall.py"])
def test_templates_are_our_own_files(name):
    assert (TEMPLATE / name).read_bytes() == (ROOT / name).read_bytes()


def test_every_template_is_in_the_wheel():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = settings["tool"]["setuptools"]["package-data"]["ccqed_ctrl"]
    packed = {path for form in patterns for path in (ROOT / "ccqed_ctrl").glob(form)}
    there = {path for path in TEMPLATE.rglob("*") if path.is_file()}
    assert {path for path in there if "__pycache__" not in path.parts} <= packed


def test_a_new_laboratory(laboratory, capsys):
    assert files(laboratory) == FILES
    read = Laboratory(None, str(laboratory / "laboratory.toml")).belief()
    assert set(read.sources) == set(belief.named())
    assert {source.source for source in read.sources.values()} == {"default"}
    assert cli.main(["belief"]) == 0
    assert str(laboratory / "laboratory.toml") in capsys.readouterr().out


def test_an_empty_folder_will_do_and_nothing_is_overwritten(laboratory, capsys):
    (laboratory / "empty").mkdir()
    assert cli.main(["new", "lab", "empty"]) == 0
    assert files(laboratory / "empty") == FILES
    (laboratory / "empty" / "README.md").write_text("mine")
    assert cli.main(["new", "lab", "empty"]) == cli.BAD_INPUT
    assert "empty is not empty" in capsys.readouterr().err
    assert (laboratory / "empty" / "README.md").read_text() == "mine"


def test_a_file_in_the_way(laboratory, capsys):
    assert cli.main(["new", "lab", "README.md"]) == cli.BAD_INPUT
    assert "README.md cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "title"), [("t1_vs_pump", "T1VsPump"), ("lifetime", "Lifetime")]
)
def test_a_new_experiment_bears_its_name(laboratory, name, title):
    assert cli.main(["new", "experiment", name]) == 0
    tree = ast.parse((laboratory / "repository" / f"{name}.py").read_text())
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    assert {title, f"{title}Record"} <= set(classes)
    assert len(classes) == len(set(classes))
    assert files(laboratory) == FILES | {f"repository/{name}.py"}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Emission", "small letters, digits and _"),
        ("emission-vs-hold", "small letters, digits and _"),
        ("../emission", "small letters, digits and _"),
        ("emission.py", "small letters, digits and _"),
        ("2nd", "small letters, digits and _"),
        ("lambda", "small letters, digits and _"),
        ("shots", "Shots is the name of something else"),
        ("hologram_plan", "HologramPlan is the name of something else"),
        ("recall", "recall.py exists already"),
        ("emission_vs_hold", "emission_vs_hold.py exists already"),
    ],
)
def test_names_that_are_refused(laboratory, capsys, name, sentence):
    assert cli.main(["new", "experiment", name]) == cli.BAD_INPUT
    assert sentence in capsys.readouterr().err
    assert files(laboratory) == FILES


def test_no_folder_for_experiments(tmp_path):
    with pytest.raises(
        ExperimentError, match="no folder .*nowhere here.*ccqed new lab"
    ):
        new_command.experiment("lifetime", tmp_path / "nowhere")


@pytest.mark.slow
def test_an_experiment_of_ones_own_is_one_like_others(laboratory, capsys):
    """What the new laboratory's README says; `run` is a process of its own."""
    cli.main(["new", "experiment", "lifetime"])
    asked = ["hold_time=0:1ms:2", "up=25%", "shots=2", "--seed", "3"]
    assert cli.main(["run", "lifetime", *asked]) == 0
    with analysis.open("latest") as run:
        assert run.header.class_name == "Lifetime"
        assert run.light.shape == (4,)
        assert (run.light > 0).all()
        assert run["sequence.hold_time"].tolist() == [0.0, 1e-3]
        assert run["written.up"] == 0.25
    for command, said in [
        (["list", "lifetime"], "share of them that is written up"),
        (["ls"], "Lifetime"),
        (["show", "latest"], "Lifetime.png"),
        (["analyse", "latest"], "agrees"),
        (["export", "latest", "-o", "lifetime.nc"], "wrote lifetime.nc"),
        (["check", "repository/lifetime.py"], "passed"),
    ]:
        capsys.readouterr()
        assert cli.main(command) == 0, command
        assert said in capsys.readouterr().out


@pytest.mark.slow
def test_the_new_laboratorys_own_tests_pass(laboratory):
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA"]
    done = subprocess.run(command, cwd=laboratory, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
