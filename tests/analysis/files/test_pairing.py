"""A results file as ARTIQ leaves it: raw frames in the journal beside it."""

from __future__ import annotations

import shutil

import h5py
import numpy as np
import pytest

from analysis.files import storage, streaming
from analysis.files.export import write
from analysis.files.listing import scan
from analysis.files.reanalysis import reanalyse
from analysis.files.rebuild import obstacle
from analysis.files.run import Run
from ccqed_ctrl.errors import ResultsError, StorageError
from ccqed_ctrl.journal import JOURNAL, LARGEST, Journal, sha256


@pytest.fixture
def pair(recalled, tmp_path):
    """A recall of two shots, its frames moved to a journal; returns both paths."""
    path = tmp_path / "x.h5"
    shutil.copy(recalled, path)
    journal_path = tmp_path / "000000000-Recall.journal"
    with h5py.File(path, "a") as file, Journal.create(journal_path) as journal:
        group = file["datasets"]
        for shot, frames in enumerate(group["shot.frames"][()]):
            journal.append(shot, {"shot.frames": frames})
        del group["shot.frames"]
        group[f"{JOURNAL}.name"] = journal_path.name
        group[f"{JOURNAL}.folder"] = str(tmp_path)
    with h5py.File(path, "a") as file:
        file[f"datasets/{JOURNAL}.sha256"] = sha256(journal_path)
    return path, journal_path


def test_the_pair_is_read_as_one(pair, recalled):
    with Run(pair[0]) as run, Run(recalled) as whole:
        assert run.has("shot.frames")
        np.testing.assert_array_equal(run.frames, whole.frames)
        np.testing.assert_array_equal(run.row("shot.frames", 1), whole.frames[1])
        assert reanalyse(run).agrees


def test_an_export_merges_them(pair, recalled, tmp_path):
    with Run(pair[0]) as run:
        write(run, tmp_path / "merged.h5")
    pair[1].unlink()
    with Run(tmp_path / "merged.h5") as merged, Run(recalled) as whole:
        np.testing.assert_array_equal(merged.frames, whole.frames)
        assert not [key for key in merged.keys if key.startswith(JOURNAL)]
        assert reanalyse(merged).agrees


def test_frames_of_a_journal_are_exported_a_block_at_a_time(
    pair, recalled, tmp_path, monkeypatch
):
    monkeypatch.setattr(streaming, "LARGE", 1000)
    for name, path in (("pair.nc", pair[0]), ("whole.nc", recalled)):
        with Run(path) as run:
            write(run, tmp_path / name)
    with h5py.File(tmp_path / "pair.nc") as file, h5py.File(tmp_path / "whole.nc") as w:
        np.testing.assert_array_equal(file["frames"], w["frames"])


def test_frames_of_several_shapes_are_no_array(pair, tmp_path, monkeypatch):
    monkeypatch.setattr(streaming, "LARGE", 1000)
    path, journal_path = pair
    journal_path.unlink()
    with Journal.create(journal_path) as journal:
        for shot in range(2):
            frames = np.zeros((2, 256 - shot, 256), np.uint16)
            journal.append(shot, {"shot.frames": frames})
    with h5py.File(path, "a") as file:
        file[f"datasets/{JOURNAL}.sha256"][()] = sha256(journal_path)
    with Run(path) as run, pytest.raises(ResultsError, match="of shot 1 is uint16 of"):
        write(run, tmp_path / "x.nc")
    assert not (tmp_path / "x.nc").exists()


@pytest.mark.parametrize("suffix", [".nc", ".h5"])
def test_another_runs_frames_are_not_exported(pair, tmp_path, suffix):
    with Journal.open(pair[1]) as journal:
        frames = journal.row("shot.frames", 0)
    pair[1].unlink()
    with Journal.create(pair[1]) as journal:
        for shot in range(2):
            journal.append(shot, {"shot.frames": frames})
    with (
        Run(pair[0]) as run,
        pytest.raises(ResultsError, match="is not as it was when"),
    ):
        write(run, tmp_path / f"x{suffix}")


def test_an_export_without_images_needs_no_journal(pair, tmp_path):
    pair[1].unlink()
    with Run(pair[0]) as run:
        write(run, tmp_path / "small.h5", images=False)
        write(run, tmp_path / "small.csv")
    with Run(tmp_path / "small.h5") as small:
        assert small.overlaps.shape[0] == 2


def test_a_lost_journal_costs_the_raw_data_alone(pair):
    pair[1].unlink()
    with Run(pair[0]) as run:
        assert run.overlaps.shape[0] == 2
        assert "overlaps" in repr(run)
        assert not run.has("shot.frames")
        with pytest.raises(ResultsError, match="has its raw data in 000000000-Recall"):
            run.get("shot.frames")
        with pytest.raises(ResultsError, match="neither beside it nor in"):
            reanalyse(run)
    (listed,) = scan(pair[0])
    assert listed.status == "ok"


def test_a_journal_may_be_where_it_was_written(pair, tmp_path):
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    shutil.move(pair[0], moved / "x.h5")
    with Run(moved / "x.h5") as run:
        assert run.frames.shape[0] == 2


def test_a_journal_takes_what_can_be_read_of_it(tmp_path):
    """A value may be as large in it as in a results file, and no larger."""
    assert LARGEST == storage.LARGEST
    with Journal.create(tmp_path / "x.journal") as journal:
        huge = np.broadcast_to(np.uint8(0), storage.LARGEST + 1)
        with pytest.raises(StorageError, match="numbers up to 536870912 bytes can"):
            journal.append(0, {"shot.frames": huge})
        assert journal.row_keys == []


def test_another_runs_journal_is_found_out(pair):
    path, journal_path = pair
    journal_path.unlink()
    with Journal.create(journal_path) as journal:
        for shot in range(2):
            frames = np.zeros((2, 256, 256), np.uint16)
            journal.append(shot, {"shot.frames": frames})
    with Run(path) as run, pytest.raises(ResultsError, match="is not as it was when"):
        reanalyse(run)


def test_a_repetition_says_what_is_wrong_with_the_journal(pair):
    path, journal = pair
    journal.write_bytes(b"no database at all" * 100)
    with (
        Run(path) as run,
        pytest.raises(ResultsError, match=rf"{journal.name} is damaged: .*database"),
    ):
        obstacle(run)
    journal.unlink()
    with Run(path) as run, pytest.raises(ResultsError, match=f"{journal.name}, which"):
        obstacle(run)
