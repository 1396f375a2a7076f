"""Commands that read: a picture, a table, a comparison, or a line that says why not."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import h5py
import pytest
from PIL import Image

from analysis.commands import COMPARE, LS, TABLE
from ccqed_ctrl import cli
from ccqed_ctrl.errors import ParameterError, ResultsError

KEPT = Path(__file__).parent / "revision_1" / "embedded.h5"


@pytest.fixture
def own(recalled, tmp_path):
    return Path(shutil.copy(recalled, tmp_path / "000000007-Recall.h5"))


@pytest.fixture
def results(recalled, scanned, tmp_path):
    """Three runs and a file that is none."""
    root = tmp_path / "results"
    root.mkdir()
    for rid, path in enumerate((recalled, scanned, KEPT)):
        copy = shutil.copy(path, root / f"{rid:09d}-Recall.h5")
        with h5py.File(copy, "a") as file:
            del file["rid"]
            file["rid"] = rid
    (root / "000000009-Recall.h5").write_bytes(b"")
    return root


def do(command, *arguments):
    options = cli.parser_of(command).parse_intermixed_args([str(a) for a in arguments])
    return command.run(options)


def refused(capsys, *arguments):
    """Return the one line on stderr of a call that must end with exit code 2."""
    assert cli.main(["show", *map(str, arguments)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_the_picture_lies_beside_the_file(own, capsys):
    assert cli.main(["show", str(own)]) == 0
    picture = own.with_suffix(".png")
    assert capsys.readouterr().out == f"wrote {picture}\n"
    with Image.open(picture) as opened:
        width, height = opened.size
    assert 1000 < width < 3000
    assert 500 < height < 2000


@pytest.mark.parametrize("suffix", ["png", "pdf"])
def test_or_where_asked(own, tmp_path, suffix):
    output = tmp_path / f"shot.{suffix}"
    assert cli.main(["show", str(own), "-o", str(output), "--shot", "0"]) == 0
    assert output.stat().st_size > 10_000
    assert not own.with_suffix(".png").exists()


def test_the_run_and_each_shot_are_pages(own, capsys):
    assert cli.main(["show", str(own), "--all"]) == 0
    content = own.with_suffix(".pdf").read_bytes()
    assert content.count(b"/Type /Page ") == 3
    line = refused(capsys, own, "--all", "-o", "shots.png")
    assert "pages of a .pdf; got 'shots.png'" in line


@pytest.mark.parametrize("run", ["0", "latest"])
def test_a_run_is_found_by_its_number(recalled, tmp_path, run):
    output = tmp_path / "run.png"
    folder = recalled.parents[2]
    arguments = ["show", run, "--results", str(folder), "-o", str(output)]
    assert cli.main(arguments) == 0
    assert output.exists()


def test_a_missing_run(capsys, tmp_path, recalled):
    assert "no file" in refused(capsys, tmp_path / "none.h5")
    line = refused(capsys, 17, "--results", recalled.parents[2])
    assert "no run 17" in line
    assert "the last are 0" in line


@pytest.mark.parametrize("name", [".", "/"])
def test_a_folder(capsys, name):
    assert "no readable HDF5 file" in refused(capsys, name)


@pytest.mark.parametrize("kept", [0, 100, 5000])
def test_a_truncated_file(capsys, own, kept):
    own.write_bytes(own.read_bytes()[:kept])
    assert "no readable HDF5 file" in refused(capsys, own)


def test_a_file_of_someone_else_is_drawn_as_far_as_it_goes(capsys, tmp_path):
    path = tmp_path / "other.h5"
    with h5py.File(path, "w") as file:
        file["datasets/counts"] = [1, 2, 3]
    assert cli.main(["show", str(path)]) == 0
    assert path.with_suffix(".png").exists()
    assert "holds no complete shot" in refused(capsys, path, "--shot", 0)


def test_a_future_revision(capsys, own):
    with h5py.File(own, "r+") as file:
        file["datasets/schema_revision"][()] = 99
    line = refused(capsys, own)
    assert "schema revision 99" in line
    assert "update ccqed-ctrl" in line


def test_no_complete_shot(capsys, own):
    with h5py.File(own, "r+") as file:
        file["datasets/progress.done"][()] = 0
    assert "no complete shot" in refused(capsys, own, "--shot", 0)
    assert "no complete shot" in refused(capsys, own)


@pytest.mark.parametrize("shot", ["2", "-3"])
def test_a_shot_that_was_not_taken(capsys, own, shot):
    assert "shot must be a finite number in [0, 1]" in refused(
        capsys, own, f"--shot={shot}"
    )


@pytest.mark.parametrize("output", ["no/such/folder/a.png", "a.nonsense"])
def test_an_unwritable_output(capsys, own, tmp_path, output):
    assert "cannot write" in refused(capsys, own, "-o", tmp_path / output)


# Tables ------------------------------------------------------------------------------


def cells(line):
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_columns_are_chosen_by_name(results, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    columns = "rid,status,cue.corruption,recalled_overlap,evolution_time"
    assert do(LS, results, "--columns", columns) == 0
    shown = capsys.readouterr().out
    rows = [cells(line) for line in shown.splitlines() if line.startswith("│")]
    assert [row[:3] for row in rows[-3:]] == [
        ["2", "ok", "0.2"], ["0", "ok", "0.1"], ["1", "ok", "0, 0.2"],
    ]  # fmt: skip
    assert [row[4] for row in rows[-3:]] == ["10 ms"] * 3
    assert "sequence.evolution_time" in shown
    assert "4 of 4 files, 1 unreadable" in shown


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("phase", "may be .*imaging.phase.*; write which"),
        ("cue.coruption", "did you mean 'cue.corruption'"),
    ],
)
def test_columns_that_are_none(results, column, message):
    with pytest.raises(ParameterError, match=message):
        do(LS, results, "--columns", f"rid,{column}")


def test_a_table_of_all_runs(results, tmp_path, capsys):
    output = tmp_path / "runs.csv"
    assert do(TABLE, results, "-o", output) == 0
    assert "wrote" in capsys.readouterr().out
    assert do(TABLE, results) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines() == output.read_text().splitlines()
    by_rid = {row["rid"]: row for row in csv.DictReader(io.StringIO(printed))}
    assert set(by_rid) == {"", "0", "1", "2"}
    assert by_rid[""]["status"] == "unreadable"
    assert by_rid["1"]["cue.corruption"] == "0.0,0.2"
    assert by_rid["1"]["cue.memory"] == "heart,cup"
    assert float(by_rid["0"]["sequence.evolution_time"]) == 10e-3
    assert by_rid["0"]["shots"] == "2"
    # Of revision 1, under today's name.
    assert float(by_rid["2"]["sequence.pump_over_threshold"]) == 2.0
    assert by_rid["2"]["recalled_as"] == "heart"


def test_tables_take_the_filters_of_ls(results, capsys):
    assert do(TABLE, results, "--rid", "1-2") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["rid"] for row in rows} == {"1", "2"}


def test_an_unwritable_table(results, tmp_path):
    with pytest.raises(ResultsError, match="cannot write"):
        do(TABLE, results, "-o", tmp_path / "none" / "runs.csv")


def test_two_runs_are_compared(results, capsys):
    assert do(COMPARE, 0, 1, "--results", results) == 0
    shown = capsys.readouterr().out
    assert "shots: 2 and 8" in shown
    assert "raw frames: not equal" in shown
    assert do(COMPARE, 0, 0, "--results", results) == 0
    assert capsys.readouterr().out.endswith("raw frames: equal\n")
