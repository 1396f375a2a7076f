"""Where results go if their folder fails, and whether there is room for them."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from .errors import ResultsError, StorageError

if sys.platform != "win32":
    import fcntl

logger = logging.getLogger(__name__)

#: Of the environment, which reaches `ccqed run` and ARTIQ's workers alike: the second
#: results folder, on another disk.
SPARE: Final = "CCQED_SPARE"
#: What this process holds.
_HELD: Final[dict[Path, BinaryIO]] = {}


def spare() -> Path | None:
    """Return the hour's folder in the second results folder, if there is to be one.

    Raises
    ------
    StorageError
        It is configured, and is no folder, or cannot be written.
    """
    root = _second()
    if root is None:
        return None
    folder = root / time.strftime("%Y-%m-%d/%H")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} cannot be made: {error.strerror}") from error
    return folder


def unused(folder: Path, stem: str, suffix: str) -> Path:
    """Return a file's path; a number goes after a name that is taken."""
    path, number = folder / f"{stem}{suffix}", 0
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}{suffix}"
    return path


def hold(path: Path) -> None:
    """Let no other process claim a file, until it is released or this one is gone.

    The lock is of the open file: SQLite's own are lost whenever the process closes the
    same file once more. Windows keeps what is open from being removed.

    Raises
    ------
    OSError
        It is gone, or claimed.
    """
    _HELD[path.resolve()] = _locked(path, alone=False)


def release(path: Path) -> None:
    """Let others claim a file, if it was held."""
    file = _HELD.pop(path.resolve(), None)
    if file is not None:
        file.close()


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Use a file alone.

    Raises
    ------
    ResultsError
        It is held.
    """
    try:
        file = _locked(path, alone=True)
    except OSError as error:
        raise ResultsError(f"{path}: its run is still going on") from error
    with file:
        yield


def _locked(path: Path, *, alone: bool) -> BinaryIO:
    file = path.open("rb")
    if sys.platform != "win32":
        try:
            kind = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise
    return file


def check_room(folder: Path, shots: int, size: int) -> None:
    """Refuse a run whose shots of `size` bytes cannot be kept; warn if hardly.

    A results file is made while the shots are in the journal, too.

    Raises
    ------
    StorageError
        There is no room for the shots, here or in the second folder.
    """
    second = _second()
    needed, free = shots * size, _free(folder)
    told = f"{shots} shots of {_mb(size)} take {_mb(needed)}, and {folder}"
    if needed > free and (second is None or needed > _free(second)):
        raise StorageError(
            f"{told} has room for {_mb(free)}; ask for fewer shots, make room, or "
            f"name a folder on a larger disk in {SPARE}"
        )
    if needed > free:
        logger.warning("%s has room for %s; they go on in %s", told, _mb(free), second)
    elif 2 * needed > free:
        logger.warning(
            "%s has room for %s: enough for the journal, not for the results file "
            "beside it; make room before the run ends",
            told, _mb(free),
        )  # fmt: skip


def _second() -> Path | None:
    root = os.environ.get(SPARE)
    if root and not Path(root).is_dir():
        raise StorageError(
            f"{SPARE} must name the second folder for results; {root!r} is no folder: "
            "is its disk mounted?"
        )
    return Path(root).absolute() if root else None


def _free(folder: Path) -> int:
    there = next(place for place in (folder, *folder.parents) if place.is_dir())
    return shutil.disk_usage(there).free


def _mb(size: float) -> str:
    return f"{size / 1e6:.3g} MB"
