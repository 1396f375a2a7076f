"""Memories that are refused: paths that cannot be, odd files, crafted arrays."""

from __future__ import annotations

import errno
import os
import shutil
import struct
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ccqed_ctrl import memories
from ccqed_ctrl.errors import ParameterError, PatternError


def write_png(path):
    Image.fromarray(np.where(np.eye(4) > 0, 0, 255).astype(np.uint8)).save(path)


@pytest.fixture
def folder(tmp_path):
    write_png(tmp_path / "a.png")
    return tmp_path


# Paths and files -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("nowhere", "there is no folder or file 'nowhere' in '/"),
        ("heart.png", "there is no folder or file 'heart.png'"),
        ("missing.npy", "there is no folder or file 'missing.npy'"),
        ("/dev/null/a.png", "there is no folder or file '/dev/null/a.png'"),
        ("x" * 300, r"'x{60}'... \(300 characters\) is no path"),
        ("x" * 100_000, r"\(100000 characters\) is no path"),
        ("a/" * 50_000, r"\(100000 characters\) is no path"),
        ("a\0.png", r"'a\\x00.png' is no path"),
        ("\ud800.png", r"'\\ud800.png' is no path"),
        ("~nobody-of-this-name", "'~nobody-of-this-name' is no path"),
        ("", "got an empty text"),
    ],
)
@pytest.mark.parametrize("size", [None, 8])
def test_no_such_place(tmp_path, monkeypatch, source, said, size):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PatternError, match=f"^patterns must be icons, .*{said}"):
        memories.load(source, size)


def test_a_file_of_another_kind(tmp_path):
    (tmp_path / "heart.gif").touch()
    with pytest.raises(PatternError, match="heart.gif' is no .png, .jpg, .jpeg, .bmp"):
        memories.load(str(tmp_path / "heart.gif"))


def _pipe(path):
    os.mkfifo(path)


def _loop(path):
    path.symlink_to(path)


def _dangling(path):
    path.symlink_to(path.with_name("nowhere"))


def _device(path):
    path.symlink_to("/dev/zero")


def _huge(path):
    with path.open("wb") as opened:
        opened.truncate(2**40)  # a hole; nothing lies on the disk


ODD_FILES = {
    "folder": (Path.mkdir, "is a folder, pipe or device, not a file"),
    "pipe": (_pipe, "is a folder, pipe or device"),
    "device": (_device, "is a folder, pipe or device"),
    "loop": (_loop, f"cannot be read: {os.strerror(errno.ELOOP)}"),
    "dangling link": (_dangling, f"cannot be read: {os.strerror(errno.ENOENT)}"),
    "huge": (_huge, "at most 134221824 bytes; it has 1099511627776"),
}


@pytest.mark.parametrize("odd", ODD_FILES)
def test_an_odd_file_among_pictures(folder, odd):
    make, said = ODD_FILES[odd]
    make(folder / "d.png")
    with pytest.raises(PatternError, match=f"'d.png' .*{said}"):
        memories.load(str(folder))


@pytest.mark.parametrize("odd", ["pipe", "device", "huge"])
def test_an_odd_array(tmp_path, odd):
    make, said = ODD_FILES[odd]
    make(tmp_path / "set.npy")
    with pytest.raises(PatternError, match=f"'set.npy' .*{said}"):
        memories.load(str(tmp_path / "set.npy"))


@pytest.fixture
def locked():
    """Give a folder with a picture, readable by all, and be nobody while it is used."""
    folder = Path(tempfile.mkdtemp())  # pytest's own folders are closed to others
    try:
        folder.chmod(0o755)
        write_png(folder / "a.png")
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            yield folder, lambda path, mode: _change_mode(user, path, mode)
        finally:
            os.seteuid(user)
    finally:
        folder.chmod(0o700)
        shutil.rmtree(folder)


def _change_mode(user, path, mode):
    nobody = os.geteuid()
    os.seteuid(user)
    path.chmod(mode)
    os.seteuid(nobody)


def test_what_may_not_be_read_is_named(locked):
    folder, change_mode = locked
    assert memories.load(str(folder)).names == ("a",)
    change_mode(folder / "a.png", 0)
    with pytest.raises(PatternError, match="'a.png' cannot be read: Permission denied"):
        memories.load(str(folder))
    change_mode(folder, 0o311)
    with pytest.raises(
        PatternError, match=f"the folder '{folder}' cannot be read: Per"
    ):
        memories.load(str(folder))
    change_mode(folder, 0)
    with pytest.raises(PatternError, match="a.png' may not be read by this user"):
        memories.load(str(folder / "a.png"))


# Arrays --------------------------------------------------------------------------


def header(declared: str, version: int = 1, length: int | None = None) -> bytes:
    """Return the head of a .npy file that declares what it likes."""
    text = declared.encode()
    size = len(text) if length is None else length
    kind = "<H" if version == 1 else "<I"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack(kind, size) + text


DECLARED = "{{'descr': '{}', 'fortran_order': False, 'shape': {}}}"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"1 2 3",
        b"PK\x03\x04",  # an .npz
        b"\x80\x04N.",  # a pickle
        header(DECLARED.format("<f8", "(1048576, 1048576)")),  # 8 TiB
        header(DECLARED.format("|i1", "(300000, 300000)")),  # 90 GB
        header(DECLARED.format("|i1", "(4611686014132420609, 16)")),  # beyond 2^64
        header(DECLARED.format("|i1", "(-1, 4)")) + bytes(64),
        header(DECLARED.format("|O", "(2, 4)")) + bytes(64),
        header(DECLARED.format("|S0", "(4000, 1000000000000)")),
        header("(" * 9000),
        header("{" * 200 + "}" * 200),
        header("x" * 60_000),
        header("", version=2, length=2**32 - 1),
        header(DECLARED.format("<f8", "(4096, 4096)")) + bytes(64),
        header(DECLARED.format("<f8", "(2, 4)")) + bytes(63),
        header(DECLARED.format("<f8", f"({'1,' * 4000})")),
        header("'\0"),
        header("{'descr': '<f8'}"),
    ],
)
def test_a_crafted_array_is_refused_in_little_memory(tmp_path, content):
    (tmp_path / "bad.npy").write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(ParameterError, match=r"'bad.npy'") as refused:
            memories.load(str(tmp_path / "bad.npy"))
        # What the largest set that is allowed takes, not what was declared.
        assert tracemalloc.get_traced_memory()[1] < 2**28
    finally:
        tracemalloc.stop()
    assert len(str(refused.value)) < 400


def test_another_format_of_arrays_is_named(tmp_path):
    with (tmp_path / "set.npy").open("wb") as opened:
        np.lib.format.write_array(opened, np.ones((1, 4)), version=(2, 0))
    with pytest.raises(PatternError, match=r"format \(1, 0\); got \(2, 0\)"):
        memories.load(str(tmp_path / "set.npy"))


def test_an_array_of_old_is_read_in_silence(tmp_path):
    # Python 2 wrote its long integers so; numpy warns of it.
    spins = np.array([1, 1, 1, -1], "<i8")
    content = header(DECLARED.format("<i8", "(1L, 4L)")) + spins.tobytes()
    (tmp_path / "old.npy").write_bytes(content)
    np.testing.assert_array_equal(
        memories.load(str(tmp_path / "old.npy")).patterns, [spins]
    )
