"""Journals: whole or not at all, whatever happens; read back as written."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays, scalar_dtypes

from ccqed_ctrl import journal as journals
from ccqed_ctrl.errors import ResultsError, StorageError
from ccqed_ctrl.hdf5_files import fold
from ccqed_ctrl.journal import Journal, begin, discard
from ccqed_ctrl.storage import SPARE

FRAMES = np.arange(2 * 8 * 8, dtype=np.uint16).reshape(2, 8, 8)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "000000003-Recall.journal"


def test_what_is_written_is_read_again(path):
    with Journal.create(path) as journal:
        journal.store({"names": ["a", "b"], "status": "running", "seed": 3})
        journal.append(0, {"shot.frames": FRAMES})
        journal.append(0, {"shot.verdict": "ok", "shot.residual": 0.5})
        journal.append(1, {"shot.frames": FRAMES + 1})
        journal.store({"status": "ok"})
    with Journal.open(path) as journal:
        assert set(journal.keys) == {"names", "status", "seed"}
        assert journal.get("names") == ["a", "b"]
        assert (journal.get("status"), journal.get("seed")) == ("ok", 3)
        assert set(journal.row_keys) == {"shot.frames", "shot.verdict", "shot.residual"}
        assert [journal.shots(k) for k in ("shot.frames", "shot.verdict")] == [2, 1]
        np.testing.assert_array_equal(journal.row("shot.frames", 1), FRAMES + 1)
        assert journal.row("shot.frames", 0).dtype == np.uint16
        assert journal.row("shot.verdict", 0) == "ok"


@given(
    arrays(
        scalar_dtypes().filter(lambda d: d.kind in "biufc" and d.isnative),
        array_shapes(min_dims=0, max_side=4),
    )
)
def test_every_array_comes_back_as_it_was(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("journal") / "a.journal"
    with Journal.create(path) as journal:
        journal.append(0, {"x": value})
        back = np.asarray(journal.row("x", 0))
    assert (back.dtype, back.shape) == (value.dtype, value.shape)
    assert back.tobytes() == value.tobytes()


def test_an_append_is_whole_or_not_at_all(path):
    with Journal.create(path) as journal:
        journal.append(0, {"a": 1, "b": 2})
        with pytest.raises(StorageError):
            journal.append(0, {"c": 3, "a": 4})
        with pytest.raises(StorageError, match="cannot be stored: object"):
            journal.append(1, {"a": 5, "b": object()})
        assert journal.row_keys == ["a", "b"]
        assert journal.shots("a") == 1


def unwritten(path):
    """Return how many pages of a file are not on its disk: Linux's `cachestat`."""
    found = (ctypes.c_uint64 * 5)()
    with path.open("rb") as file:
        whole = (ctypes.c_uint64 * 2)(0, 0)
        if ctypes.CDLL(None).syscall(451, file.fileno(), whole, found, 0):
            pytest.skip("this system does not tell what is on the disk")
    _, dirty, on_the_way, *_ = found
    return dirty + on_the_way


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux")
def test_every_write_is_on_the_disk_when_it_returns(path, tmp_path):
    control = tmp_path / "control"
    control.write_bytes(bytes(10_000))
    if not unwritten(control):
        pytest.skip("this file system writes at once, whether asked to or not")
    with control.open("rb") as file:
        os.fsync(file.fileno())
    if unwritten(control):
        pytest.skip("this file system is in memory only")
    with Journal.create(path) as journal:
        assert unwritten(path) == 0
        for shot in range(3):
            journal.append(shot, {"frames": np.full((2, 64, 64), shot)})
            assert unwritten(path) == 0
            journal.store({"status": f"shot {shot}"})
            assert unwritten(path) == 0


def test_a_name_that_is_taken_gets_a_number(tmp_path):
    with begin(tmp_path, "000000000-Recall") as first:
        with begin(tmp_path, "000000000-Recall") as second:
            assert second.path.name == "000000000-Recall-1.journal"
        assert first.path.name == "000000000-Recall.journal"


def test_nothing_is_left_beside_a_closed_journal(path):
    with Journal.create(path) as journal:
        journal.append(0, {"a": 1})
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_it_is_no_larger_than_its_data(path):
    frames = np.zeros((2, 256, 256), np.uint16)
    with Journal.create(path) as journal:
        for shot in range(10):
            journal.append(shot, {"shot.frames": frames})
    assert path.stat().st_size < 1.02 * 10 * frames.nbytes


WRITER = """
import sys, numpy as np
from pathlib import Path
from ccqed_ctrl.journal import Journal
with Journal.create(Path(sys.argv[1])) as journal:
    shot = 0
    while True:
        journal.append(shot, {"frames": np.full((2, 64, 64), shot, np.uint16)})
        journal.append(shot, {"verdict": "ok"})
        print(shot, flush=True)
        shot += 1
"""


@pytest.mark.parametrize("attempt", range(3))
def test_a_killed_writer_loses_nothing_that_it_announced(path, attempt):
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    )
    announced = [int(process.stdout.readline()) for _ in range(5 + 7 * attempt)]
    time.sleep(0.003 * attempt)
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().split()
    process.wait()
    process.stdout.close()
    last = int(rest[-1]) if rest else announced[-1]
    with Journal.open(path) as journal:
        assert journal.shots("verdict") >= last + 1
        for shot in range(last + 1):
            assert np.all(journal.row("frames", shot) == shot)


def test_the_journal_of_a_run_that_goes_on_is_not_read(path):
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    )
    try:
        process.stdout.readline()
        with pytest.raises(ResultsError, match="its run is still going on"):
            Journal.open(path).keys  # noqa: B018
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.skipif(os.name != "posix", reason="file sizes are limited by POSIX calls")
def test_a_full_disk_is_an_error_and_what_stands_stays(tmp_path):
    """A limit on file sizes stands for the full disk: the write fails the same way."""
    path = tmp_path / "full.journal"
    script = """
import resource, signal, sys, numpy as np
from pathlib import Path
from ccqed_ctrl.errors import StorageError
from ccqed_ctrl.journal import Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal.create(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
for shot in range(100):
    try:
        journal.append(shot, {"frames": np.full((2, 128, 128), shot, np.uint16)})
    except StorageError as error:
        print(shot, error)
        break
journal.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    shots = int(done.stdout.split()[0])
    assert shots == 5
    assert "cannot be written" in done.stdout
    with Journal.open(path) as journal:
        assert journal.shots("frames") == shots
        assert np.all(journal.row("frames", shots - 1) == shots - 1)


def test_what_is_no_journal_is_a_sentence(tmp_path):
    with pytest.raises(ResultsError, match="no journal"):
        Journal.open(tmp_path / "none.journal")
    noise = tmp_path / "noise.journal"
    noise.write_bytes(os.urandom(5000))
    with pytest.raises(ResultsError, match="is damaged"):
        Journal.open(noise)
    other = tmp_path / "other.journal"
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE x (y)")
    database.close()
    with pytest.raises(ResultsError, match="is no journal"):
        Journal.open(other)


@pytest.mark.parametrize(
    ("dtype", "shape"),
    [("|O", "[1]"), ("<f8", "[9]"), ("<f8", "[-1]"), ("nonsense", "[1]"), ("<f8", "x")],
)
def test_a_value_that_contradicts_itself_is_refused(path, dtype, shape):
    with Journal.create(path) as journal:
        journal.append(0, {"a": 1.0})
    with sqlite3.connect(path) as database:
        database.execute("UPDATE row SET dtype = ?, shape = ?", (dtype, shape))
    database.close()
    with Journal.open(path) as journal, pytest.raises(ResultsError, match="is damaged"):
        journal.row("a", 0)


def test_what_is_larger_than_it_may_be_is_neither_written_nor_read(path, monkeypatch):
    monkeypatch.setattr(journals, "LARGEST", 4096)
    monkeypatch.setattr(journals, "_HEADER", 1024)
    with Journal.create(path) as journal:
        journal.append(0, {"x": np.zeros(4096, np.uint8)})
        with pytest.raises(StorageError, match="numbers up to 4096 bytes"):
            journal.append(1, {"x": np.zeros(4097, np.uint8)})
    with Journal.open(path) as journal:
        assert journal.shots("x") == 1
        assert journal.row("x", 0).nbytes == 4096
    with sqlite3.connect(path) as database:  # by hand: 4096 and 1024 are the most
        database.execute("UPDATE row SET data = ?", (bytes(6000),))
    database.close()
    with Journal.open(path) as journal, pytest.raises(ResultsError, match="damaged"):
        journal.row("x", 0)


def test_a_journal_that_is_gone_is_discarded(path):
    discard(path)
    Journal.create(path).close()
    discard(path)
    assert not path.exists()


def test_folding_writes_what_a_group_lacks(path, tmp_path):
    with Journal.create(path) as journal:
        for shot in range(3):
            journal.append(
                shot, {"frames": FRAMES + shot, "verdict": "ok", "known": shot}
            )
        with h5py.File(tmp_path / "a.h5", "w") as file:
            file["known"] = [7, 7, 7]
            fold(journal, file)
            assert file["frames"].chunks == (1, 2, 8, 8)
            np.testing.assert_array_equal(
                file["frames"][()], FRAMES + np.arange(3)[:, None, None, None]
            )
            assert list(file["verdict"].asstr()) == ["ok"] * 3
            assert list(file["known"]) == [7, 7, 7]


def write(journal, shots):
    for shot in shots:
        journal.append(shot, {"frames": np.full((2, 128, 128), shot, np.uint16)})


def read(path):
    """Return the first number of each shot's frames, as they are in a file."""
    with Journal.open(path) as journal:
        shots = range(journal.shots("frames"))
        return [int(journal.row("frames", shot)[0, 0, 0]) for shot in shots]


def test_what_was_appended_survives_a_power_cut(mounted):
    """Only what SQLite has synced is in the image of the disk.

    Seen is the sync of the file and of the names above it, by a copy of what the file
    system had sent to its disk; a disk that itself lies about syncs is not seen.
    """
    folder = mounted.root / "2026-01-01" / "00"
    folder.mkdir(parents=True)
    with Journal.create(folder / "a.journal") as journal:
        write(journal, range(3))
        with mounted.after_power_cut() as after:
            assert read(after / "2026-01-01" / "00" / "a.journal") == [0, 1, 2]


@pytest.mark.parametrize("trouble", ["fill", "fail"])
def test_a_disk_that_takes_no_more_keeps_what_it_has(mounted, trouble):
    path = mounted.root / "a.journal"
    journal = Journal.create(path)
    write(journal, range(3))
    getattr(mounted, trouble)()
    with pytest.raises(StorageError, match=r"a\.journal cannot be written"):
        write(journal, [3])
    journal.close()
    assert read(path) == [0, 1, 2]


@pytest.mark.parametrize("trouble", ["fill", "fail", "vanish"])
def test_a_run_goes_on_in_the_second_folder(mounted, spare, caplog, trouble):
    path = mounted.root / "a.journal"
    with Journal.create(path) as journal:
        journal.store({"names": ["a", "b"]})
        write(journal, range(3))
        getattr(mounted, trouble)()
        write(journal, range(3, 6))
    (moved,) = spare.rglob("*.journal*")
    assert journal.path == moved
    assert read(moved) == [0, 1, 2, 3, 4, 5]
    with Journal.open(moved) as again:
        assert again.get("names") == ["a", "b"]
    assert str(moved) in caplog.text
    if trouble == "fill":  # what is left behind keeps no disk full
        assert not list(mounted.root.glob("*.journal*"))


def test_a_removed_journal_is_made_again(path):
    journal = Journal.create(path)
    write(journal, range(3))
    shutil.rmtree(path.parent)
    with pytest.raises(StorageError, match="has been removed") as refused:
        write(journal, [3])
    assert str(path) in str(refused.value)
    journal.close()
    assert read(path) == [0, 1, 2]


def test_a_journal_removed_after_the_last_shot_is_made_again(path):
    journal = Journal.create(path)
    write(journal, range(3))
    path.unlink()
    path.touch()  # something else has its name
    with pytest.raises(StorageError, match="has been removed"):
        journal.close()
    (again,) = path.parent.glob("*-1.journal")
    assert read(again) == [0, 1, 2]


def test_a_journal_that_cannot_be_begun_leaves_nothing(mounted):
    mounted.fill()
    with pytest.raises(StorageError, match="cannot be written"):
        begin(mounted.root, "a")
    assert not list(mounted.root.glob("a*"))


def test_a_journal_is_begun_in_the_second_folder(mounted, spare, caplog):
    mounted.fill()
    with begin(mounted.root, "a") as journal:
        write(journal, range(2))
    assert spare in journal.path.parents
    assert read(journal.path) == [0, 1]
    assert str(journal.path.parent) in caplog.text


def test_a_second_folder_that_is_gone_is_named(mounted, monkeypatch, tmp_path):
    monkeypatch.setenv(SPARE, str(tmp_path / "unmounted"))
    mounted.fill()
    with pytest.raises(StorageError, match="is its disk mounted"):
        begin(mounted.root, "a")


def test_a_value_that_is_refused_moves_nothing(path, spare):
    with Journal.create(path) as journal:
        write(journal, [0])
        with pytest.raises(StorageError, match="UNIQUE"):
            write(journal, [0])
        assert journal.path == path
    assert not list(spare.iterdir())


def test_every_append_is_synced(path):
    """What root sees of a power cut, everyone sees of SQLite's own setting: FULL."""
    with Journal.create(path) as journal:
        assert journal._database.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_journal_is_little_more_than_what_is_in_it(tmp_path):
    row = dict.fromkeys("abc", [0.0] * 128) | {"d": np.zeros(2**17, np.uint16)}
    with Journal.create(tmp_path / "a.journal") as journal:
        for shot in range(40):
            journal.append(shot, row)
    assert journal.path.stat().st_size < 40 * 1.015 * (2**18 + 3 * 1024)
