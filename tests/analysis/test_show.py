"""`ccqed show`: a picture, or one line that says why not."""

from __future__ import annotations

import re

import h5py
import pytest
from PIL import Image

from ccqed_ctrl import cli
from tests.analysis.figures.drawn_files import write_fluorescence


@pytest.fixture
def own(tmp_path):
    """The file of run 7, three shots, in a folder of results."""
    folder = tmp_path / "results"
    folder.mkdir()
    return write_fluorescence(folder / "000000007-Own.h5", [0] * 3, [1, 2, 3])


def refused(capsys, *arguments):
    """Return the one line on stderr of a call that must end with exit code 2."""
    assert cli.main(["show", *map(str, arguments)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def pages(path):
    return len(re.findall(rb"/Type /Page\b", path.read_bytes()))


def test_the_picture_lies_beside_the_file(own):
    assert cli.main(["show", str(own)]) == 0
    with Image.open(own.with_suffix(".png")) as picture:
        assert picture.size == (1430, 770)


@pytest.mark.parametrize("named", ["7", "latest"])
def test_a_run_is_named_as_everywhere(own, named):
    assert cli.main(["show", named, "--results", str(own.parent)]) == 0
    assert own.with_suffix(".png").stat().st_size > 10_000


@pytest.mark.parametrize("suffix", ["png", "pdf"])
def test_or_where_asked(own, tmp_path, suffix):
    output = tmp_path / f"shot.{suffix}"
    assert cli.main(["show", str(own), "-o", str(output), "--shot", "0"]) == 0
    assert output.stat().st_size > 10_000
    assert not own.with_suffix(".png").exists()


def test_the_run_and_all_shots_are_pages(own):
    assert cli.main(["show", str(own), "--all"]) == 0
    assert pages(own.with_suffix(".pdf")) == 4


def test_a_picture_holds_no_pages(capsys, own, tmp_path):
    output = tmp_path / "all.png"
    assert "pages of a .pdf" in refused(capsys, own, "--all", "-o", output)
    assert not output.exists()


def test_a_missing_file(capsys, tmp_path):
    assert "no file" in refused(capsys, tmp_path / "none.h5")


def test_not_hdf5(capsys, tmp_path):
    (tmp_path / "a.h5").write_text("seed = 3")
    assert "no readable HDF5 file" in refused(capsys, tmp_path / "a.h5")


def test_a_file_of_someone_else_is_drawn_as_it_is(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["datasets/counts"] = [1, 2, 3]
    assert cli.main(["show", str(tmp_path / "other.h5")]) == 0
    assert (tmp_path / "other.png").stat().st_size > 10_000


def test_a_future_revision(capsys, own):
    with h5py.File(own, "r+") as file:
        file["datasets/schema_revision"][()] = 99
    line = refused(capsys, own)
    assert "schema revision 99" in line
    assert "update ccqed-ctrl" in line


@pytest.mark.parametrize("more", [[], ["--shot=0"], ["--all"]])
def test_no_complete_shot(capsys, own, more):
    with h5py.File(own, "r+") as file:
        file["datasets/progress.done"][()] = 0
    assert "holds no complete shot" in refused(capsys, own, *more)
    assert list(own.parent.iterdir()) == [own]


@pytest.mark.parametrize("shot", ["3", "-3"])
def test_a_shot_that_was_not_taken(capsys, own, shot):
    assert "shot must be a finite number in [0, 2]" in refused(
        capsys, own, f"--shot={shot}"
    )


@pytest.mark.parametrize("output", ["no/such/folder/a.png", "a.nonsense"])
def test_an_unwritable_output(capsys, own, tmp_path, output):
    assert "cannot write" in refused(capsys, own, "-o", tmp_path / output)
