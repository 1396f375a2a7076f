"""The results folder: run numbers, result files in ARTIQ's layout, checkpoints."""

from __future__ import annotations

import os
import re
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import h5py

from ccqed_ctrl.errors import ResultsError
from ccqed_ctrl.journal import SUFFIX, Journal, fold_in
from ccqed_ctrl.records import annotation

from . import hdf5
from .datasets import Snapshot

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_CHECKPOINT = ".checkpoint.h5"


@dataclass(frozen=True)
class Contents:
    """What a result file holds.

    `roots` are ARTIQ's root keys beside the two groups: artiq_version, expid, rid,
    run_time, start_time. `extra` fills the group `ccqed`; nested mappings are groups.
    `journal` has rows that are no datasets of the run, to be folded in.
    """

    datasets: Snapshot
    roots: Mapping[str, Any]
    extra: Mapping[str, Any]
    journal: Path | None = None


class ResultsFolder:
    """`results/YYYY-MM-DD/HH/{rid:09d}-Class.h5`, as `artiq_master` fills it."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root).absolute()

    def check_writable(self) -> None:
        """Refuse a folder that could not take the results, before the run starts.

        Raises
        ------
        ResultsError
            The folder cannot be made or written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            message = f"results folder {self.root} cannot be written: {error.strerror}"
            raise ResultsError(message) from error

    def new_rid(self) -> int:
        """Return the next run number; two processes never get the same one."""
        path = self.root / "last_rid.pyon"
        with path.open("a+", encoding="utf-8") as file, _locked(file):
            file.seek(0)
            text = file.read().strip()
            rid = 1 + (int(text) if text.isdecimal() else self._last_rid())
            file.seek(0)
            file.truncate()
            file.write(f"{rid}\n")
        return rid

    def path(self, rid: int, class_name: str, start_time: float) -> Path:
        """Return where the results of a run go; its folder is made."""
        hour = time.strftime("%Y-%m-%d/%H", time.localtime(start_time))
        folder = self.root / hour
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{rid:09d}-{class_name}.h5"

    def leftovers(self) -> list[Path]:
        """Return checkpoints whose run is gone: killed, or the machine went down."""
        found = sorted(self.root.glob(f"*/*/*{_CHECKPOINT}"))
        return [path for path in found if not _owner_lives(path)] + self._orphans()

    def _orphans(self) -> list[Path]:
        """Return journals that no results file stands beside, and nobody writes."""
        found = []
        for path in sorted(self.root.glob(f"*/*/*{SUFFIX}")):
            if path.with_suffix(".h5").exists():
                continue
            with suppress(ResultsError), Journal.open(path):
                found.append(path)
        return found

    def _last_rid(self) -> int:
        found = (re.match(r"\d{9}", path.name) for path in self.root.glob("*/*/*.h5"))
        return max((int(match[0]) for match in found if match), default=-1)


def checkpoint_path(path: Path) -> Path:
    """Return where the checkpoints of a run go while it lasts."""
    return path.with_suffix(_CHECKPOINT)


def write(path: Path, contents: Contents) -> list[str]:
    """Write a result file in one step; return a sentence per dataset left out.

    Raises
    ------
    ResultsError
        The file cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        refused = _fill(partial, contents)
        _sync(partial)
        partial.replace(path)
        if os.name == "posix":  # the name is on disk when its folder is
            _sync(path.parent)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ResultsError(f"{path} cannot be written: {error}") from error
    return refused


def _fill(path: Path, contents: Contents) -> list[str]:
    with h5py.File(path, "w") as file:
        refused = contents.datasets.write(file)
        if contents.journal is not None:
            with Journal.open(contents.journal) as journal:
                fold_in(journal, file["datasets"])
        annotation.annotate(file["datasets"])
        for key, value in contents.roots.items():
            file[key] = value
        _write_group(file.create_group("ccqed"), {**contents.extra, "refused": refused})
    return refused


def _write_group(group: h5py.Group, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if isinstance(value, Mapping):
            _write_group(group.create_group(key), value)
        elif isinstance(value, list):
            group.create_dataset(key, data=value, dtype=h5py.string_dtype())
        else:
            group[key] = value


def _sync(path: Path) -> None:
    flags = os.O_RDONLY if path.is_dir() else os.O_RDWR
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _locked(file: IO[str]) -> Iterator[None]:
    """Hold a lock that the system releases even if this process dies."""
    if sys.platform == "win32":
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
        try:
            yield
            file.flush()
        finally:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
            file.flush()
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)


def owner() -> str:
    """Return who writes: host and process, for checkpoints."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _owner_lives(checkpoint: Path) -> bool:
    try:
        host, _, pid = str(hdf5.read(checkpoint, "ccqed/owner")).rpartition(":")
    except (OSError, KeyError):
        return False
    if host != socket.gethostname() or os.name != "posix":
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
