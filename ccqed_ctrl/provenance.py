"""Where a result comes from: versions, code, device database."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_PACKAGES = ("numpy", "scipy", "h5py", "numba", "ccqed-ctrl")
#: What ARTIQ calls the revision of a repository that is a plain folder.
UNKNOWN: Final = "N/A"


def versions() -> dict[str, str]:
    """Return the version of everything that computes."""
    # The embedded stand-in has a version of its own, and no package.
    artiq = getattr(sys.modules.get("artiq"), "__version__", "not imported")
    found = {"python": platform.python_version(), "artiq": artiq}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def sha256(path: Path | None) -> str:
    """Return the SHA-256 of a file, or an empty text without one."""
    return "" if path is None else hashlib.sha256(path.read_bytes()).hexdigest()


def device_db_sha256(device_db: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a device database as JSON, keys in order."""
    text = json.dumps(device_db, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


def git_state(file: Path, revision: str = UNKNOWN) -> dict[str, str | bool]:
    """Return commit and dirty flag of the repository of a file.

    Dirty means that the commit does not tell what ran: tracked files have changed, or
    the file itself is not tracked. Without a repository the commit is empty. `revision`
    is that of which the file is a copy, as ARTIQ's master makes them.
    """
    if revision != UNKNOWN:
        return {"commit": revision, "dirty": False}
    commit = _git(file, "rev-parse", "HEAD")
    if commit is None:
        return {"commit": "", "dirty": True}
    changed = _git(file, "status", "--porcelain", "--untracked-files=no")
    tracked = _git(file, "ls-files", "--error-unmatch", file.name)
    return {"commit": commit, "dirty": changed != "" or tracked is None}


def _git(file: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(file.resolve().parent), *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
