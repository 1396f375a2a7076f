"""`ccqed show`: a picture, or one line that says why not."""

from __future__ import annotations

import shutil

import h5py
import pytest
from PIL import Image

from ccqed_ctrl import cli

from .conftest import write_result


@pytest.fixture
def own(result, tmp_path):
    return shutil.copy(result, tmp_path / "000000007-Recall.h5")


def refused(capsys, *arguments):
    """Return the one line on stderr of a call that must end with exit code 2."""
    assert cli.main(["show", *map(str, arguments)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_the_picture_lies_beside_the_file(own):
    assert cli.main(["show", str(own)]) == 0
    with Image.open(own.with_suffix(".png")) as picture:
        assert picture.size == (1485, 792)


@pytest.mark.parametrize("suffix", ["png", "pdf"])
def test_or_where_asked(own, tmp_path, suffix):
    output = tmp_path / f"shot.{suffix}"
    assert cli.main(["show", str(own), "-o", str(output), "--shot", "0"]) == 0
    assert output.stat().st_size > 10_000
    assert not own.with_suffix(".png").exists()


def test_a_missing_file(capsys, tmp_path):
    assert "no results file" in refused(capsys, tmp_path / "none.h5")


@pytest.mark.parametrize("name", [".", "/"])
def test_a_folder(capsys, name):
    assert "no readable HDF5 file" in refused(capsys, name)


@pytest.mark.parametrize("kept", [0, 100, 5000])
def test_a_truncated_file(capsys, own, kept):
    own.write_bytes(own.read_bytes()[:kept])
    assert "no readable HDF5 file" in refused(capsys, own)


def test_not_hdf5(capsys, tmp_path):
    (tmp_path / "a.h5").write_text("seed = 3")
    assert "no readable HDF5 file" in refused(capsys, tmp_path / "a.h5")


def test_a_file_of_someone_else(capsys, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["datasets/counts"] = [1, 2, 3]
    assert "has no dataset 'schema_revision'" in refused(capsys, tmp_path / "other.h5")


def test_a_future_revision(capsys, own):
    with h5py.File(own, "r+") as file:
        file["datasets/schema_revision"][()] = 99
    line = refused(capsys, own)
    assert "schema revision 99" in line
    assert "update ccqed-ctrl" in line


def test_no_complete_shot(capsys, tmp_path):
    file = write_result(tmp_path / "empty.h5", done=0)
    assert "holds no complete shot" in refused(capsys, file)


@pytest.mark.parametrize("shot", ["2", "-3"])
def test_a_shot_that_was_not_taken(capsys, own, shot):
    assert "shot must be a finite number in [0, 1]" in refused(
        capsys, own, f"--shot={shot}"
    )


@pytest.mark.parametrize("output", ["no/such/folder/a.png", "a.nonsense"])
def test_an_unwritable_output(capsys, own, tmp_path, output):
    assert "cannot write" in refused(capsys, own, "-o", tmp_path / output)
