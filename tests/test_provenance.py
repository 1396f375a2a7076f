"""Where a result comes from."""

from __future__ import annotations

import hashlib
import subprocess

import numpy as np

from ccqed_ctrl import provenance


def git(folder, *arguments):
    identity = ("-c", "user.name=x", "-c", "user.email=x@x")
    command = ["git", "-C", str(folder), *identity, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_versions():
    found = provenance.versions()
    assert found["numpy"] == np.__version__
    assert set(found) >= {"python", "scipy", "h5py", "numba", "artiq", "ccqed-ctrl"}


def test_git_state(tmp_path):
    file = tmp_path / "x.py"
    file.write_text("1")
    assert provenance.git_state(file) == {"commit": "", "dirty": True}
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "x.py")
    git(tmp_path, "commit", "-q", "-m", "first")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert provenance.git_state(file) == {"commit": commit, "dirty": False}
    other = tmp_path / "y.py"
    other.write_text("2")
    assert provenance.git_state(file)["dirty"] is False
    assert provenance.git_state(other) == {"commit": commit, "dirty": True}
    file.write_text("3")
    assert provenance.git_state(file) == {"commit": commit, "dirty": True}


def test_a_copy_of_a_revision_is_known_by_it_wherever_it_lies(tmp_path):
    git(tmp_path, "init", "-q")
    copy = tmp_path / "x.py"
    copy.write_text("1")
    known = {"commit": "abc", "dirty": False}
    assert provenance.git_state(copy, "abc") == known
    assert provenance.git_state(copy, "N/A") == {"commit": "", "dirty": True}


def test_sha256(tmp_path):
    file = tmp_path / "device_db.py"
    file.write_bytes(b"abc")
    assert provenance.sha256(file) == hashlib.sha256(b"abc").hexdigest()
    assert provenance.sha256(None) == ""
