"""`ccqed analyse`: what was changed and what moved, on files that are kept."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import h5py
import pytest

from analysis.commands import ANALYSE
from analysis.files.rebuild import stored_values, written
from analysis.files.run import Run
from ccqed_ctrl.cli import RUN_FAILED, parser_of

KEPT = Path(__file__).parent / "revision_1" / "embedded.h5"


def analyse(*arguments):
    options = parser_of(ANALYSE).parse_intermixed_args([str(a) for a in arguments])
    return ANALYSE.run(options)


def cells(text):
    """Return the rows of a table by their first cell."""
    rows = (re.split(r"\s*│\s*", line)[1:-1] for line in text.splitlines())
    return {row[0]: row[1:] for row in rows if row}


def test_what_is_found_again_agrees(capsys):
    assert analyse(KEPT) == 0
    said = capsys.readouterr().out
    assert said.rstrip().endswith("agrees")
    assert "changed:" not in said
    assert cells(said)["shot.spins"][2] == "0.0e+00"


def test_half_a_turn_inverts_the_image_and_says_so(capsys):
    assert analyse(KEPT, "--set", "imaging.phase=3.14159") == 0
    said = capsys.readouterr().out
    assert "changed: imaging.phase 0 -> 3.14159\n" in said
    rows = cells(said)
    assert rows["summary.recalled_overlap"][:2] == ["1", "-1"]
    assert rows["summary.mean_pixels_wrong"][:2] == ["0", "64"]
    assert rows["shot.spins"][2:] == ["2.0e+00", "64 of 64"]
    assert "shot.cue_overlap" not in rows  # the cue is what it was
    (moved,) = re.findall(r"^moved: (.*)$", said, re.MULTILINE)
    wanted = {"shot.spins", "shot.pixels_wrong", "summary.recalled_overlap"}
    assert wanted <= set(moved.split(", "))


def test_a_change_that_moves_nothing_says_that(capsys):
    """The phase only chooses between a field and its negative."""
    assert analyse(KEPT, "--set", "imaging.phase=0.3") == 0
    said = capsys.readouterr().out
    assert "changed: imaging.phase 0 -> 0.3\n" in said
    assert said.rstrip().endswith("moved: nothing")
    assert not [key for key in cells(said) if key.startswith("shot.")]


def test_several_changes_with_units(capsys):
    assert analyse(KEPT, "--set", "cloud.size=3um", "--set", "cue.memory=0") == 0
    said = capsys.readouterr().out
    assert re.search(r"^changed: cloud.size 3.93\d* um -> 3 um$", said, re.MULTILINE)
    assert re.search(r"^changed: cue.memory 3 -> 0$", said, re.MULTILINE)
    assert cells(said)["summary.memory"][:2] == ["heart", "checker"]


def test_a_folder_says_what_moved_in_each_file(tmp_path, capsys):
    for name in ("one.h5", "two.h5"):
        shutil.copy(KEPT, tmp_path / name)
    assert analyse(tmp_path, "--set", "imaging.phase=3.14159") == 0
    said = capsys.readouterr().out
    assert said.startswith("changed: imaging.phase -> 3.14159\n")
    rows = cells(said)
    assert rows["one.h5"] == rows["two.h5"]
    assert rows["one.h5"][1:3] == ["overlap 1.0000", "overlap -1.0000"]
    assert rows["one.h5"][3].startswith("moved: shot.spins")


def test_a_tampered_file_still_fails(tmp_path, capsys):
    file = tmp_path / "run.h5"
    shutil.copy(KEPT, file)
    with h5py.File(file, "a") as opened:
        opened["datasets/shot.spins"][0, 0] *= -1
    assert analyse(file) == RUN_FAILED
    assert "differs in shot.spins" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [("cloud.size", 4e-6, "4 um"), ("imaging.phase", 0.3, "0.3"),
     ("cue.memory", "heart", "heart")],
)  # fmt: skip
def test_values_are_written_as_they_are_typed(name, value, text):
    assert written(name, value) == text


def test_the_values_of_a_run_are_told_once():
    with Run(KEPT) as run:
        assert stored_values(run, "imaging.phase") == [0.0]
        assert stored_values(run, "cue.memory") == [3]
