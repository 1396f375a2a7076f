"""The results folder: run numbers, and result files in ARTIQ's layout."""

from __future__ import annotations

import logging
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import h5py

from ccqed_ctrl.errors import ResultsError
from ccqed_ctrl.hdf5_files import fold_in, new_hdf5, sweep
from ccqed_ctrl.journal import SUFFIX, Journal
from ccqed_ctrl.records import annotation

from .datasets import Groups

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

logger = logging.getLogger(__name__)

#: Digits of the run number in a file's name, and the most of a believable counter.
_DIGITS = 9


@dataclass(frozen=True)
class Contents:
    """What a result file holds.

    `roots` are ARTIQ's root keys beside the two groups: artiq_version, expid, rid,
    run_time, start_time. `extra` fills the group `ccqed`; nested mappings are groups.
    `journal` has rows that are no datasets of the run, to be folded in.
    """

    datasets: Groups
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
        """Return the next run number; two processes never get the same one.

        A counter that is broken, or behind the files, is mended from them.

        Raises
        ------
        ResultsError
            The counter cannot be read and written.
        """
        path = self.root / "last_rid.pyon"
        try:
            with path.open("a+b") as file, _locked(file):
                file.seek(0)
                content = file.read(100)
                counted, used = _counted(content), self._last_rid()
                if content and counted < used:
                    logger.warning(
                        "%s held %.20r; run numbers go on after the %d of the files",
                        path, content.strip(), used,
                    )  # fmt: skip
                rid = 1 + max(counted, used)
                file.truncate(0)
                file.write(b"%d\n" % rid)
        except OSError as error:
            message = f"{path} cannot be used to number runs: {error.strerror}"
            raise ResultsError(message) from error
        return rid

    def path(self, rid: int, class_name: str, start_time: float) -> Path:
        """Return where the results of a run go; its folder is made.

        Raises
        ------
        ResultsError
            It cannot be made.
        """
        hour = time.strftime("%Y-%m-%d/%H", time.localtime(start_time))
        folder = self.root / hour
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ResultsError(f"{folder} cannot be made: {error.strerror}") from error
        return folder / f"{rid:0{_DIGITS}d}-{class_name}.h5"

    def tidy(self) -> None:
        """Remove or name what killed runs have left."""
        sweep(self.root)
        for journal in self._orphans():
            logger.warning(
                "a run was killed; `ccqed recover %s` makes a results file of what it "
                "had measured", journal,
            )  # fmt: skip

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
        names = (path.name for path in self.root.glob("*/*/*"))
        found = (re.match(rf"\d{{{_DIGITS},12}}(?=-)", name) for name in names)
        return max((int(match[0]) for match in found if match), default=-1)


def write(path: Path, contents: Contents) -> list[str]:
    """Write a result file in one step; return a sentence per dataset left out.

    Raises
    ------
    StorageError
        The file cannot be written.
    """
    with new_hdf5(path) as file:
        return _fill(file, contents)


def _fill(file: h5py.File, contents: Contents) -> list[str]:
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


def _counted(content: bytes) -> int:
    """Return the number that a counter holds, -1 if it holds none."""
    text = content.strip()
    return int(text) if re.fullmatch(rb"[0-9]{1,%d}" % _DIGITS, text) else -1


@contextmanager
def _locked(file: BinaryIO) -> Iterator[None]:
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
