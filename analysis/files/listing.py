"""All runs of a results folder: what each was, and what came out of it."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ccqed_ctrl.errors import CcqedError, ParameterError, ResultsError

from .header import Header, read_header, shown
from .results_file import ResultsFile, open_file

#: What a file is called that cannot be read.
UNREADABLE = "unreadable"
#: What the newest run is called.
LATEST = "latest"
#: Figures of a summary that are listed.
_FIGURES = 4
_SUFFIXES = (".h5", ".hdf5")
#: The folder of an hour's results, as ARTIQ names it.
_HOUR = "[0-9]{4}-[0-9]{2}-[0-9]{2}/[0-9]{2}"
_log = logging.getLogger(__name__)
_DISTANT_PAST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Run:
    """One file of a results folder.

    header: None if the file cannot be read; result then says why.
    """

    path: Path
    header: Header | None
    result: str

    @property
    def status(self) -> str:
        """The header's status, or "unreadable"."""
        return UNREADABLE if self.header is None else self.header.status


@dataclass(frozen=True)
class Filter:
    """Which runs to show; None lets everything pass.

    class_name, status, backend: exactly these. since, until: aware times, inclusive.
    rids: run numbers. Unreadable files pass only a filter that asks nothing but their
    status.
    """

    class_name: str | None = None
    status: str | None = None
    backend: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    rids: range | None = None

    def passes(self, run: Run) -> bool:
        """Tell whether a run is wanted."""
        if self.status not in (None, run.status):
            return False
        header = run.header
        if header is None:
            return self == Filter(status=self.status)
        return (
            self.class_name in (None, header.class_name)
            and self.backend in (None, header.backend)
            and (self.rids is None or header.rid in self.rids)
            and self._in_time(header.started)
        )

    def _in_time(self, started: datetime | None) -> bool:
        if started is None:
            return self.since is None and self.until is None
        return (self.since or started) <= started <= (self.until or started)


def parse_time(text: str) -> datetime:
    """Return an ISO date or time, local unless it says otherwise.

    Raises
    ------
    ParameterError
        It is none.
    """
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError) as error:
        raise ParameterError(
            f"a time must look like 2026-03-01 or 2026-03-01T14:30; got {text!r}"
        ) from error


def parse_rids(text: str) -> range:
    """Return the run numbers of `7` or `7-12`.

    Raises
    ------
    ParameterError
        It is neither.
    """
    first, dash, last = text.partition("-")
    bounds = (first, last) if dash else (first, first)
    if not all(bound.isdecimal() for bound in bounds):
        raise ParameterError(f"run numbers must look like 7 or 7-12; got {text!r}")
    return range(int(bounds[0]), int(bounds[1]) + 1)


def scan(root: Path | str) -> Iterator[Run]:
    """Read every results file below a folder (or one file).

    Files that cannot be read are runs without a header.

    Raises
    ------
    ResultsError
        There is no such folder.
    """
    yield from map(_read, files_of(root))


def files_of(root: Path | str) -> list[Path]:
    """Return the results files below a folder, or the one file, sorted by path.

    Raises
    ------
    ResultsError
        There is nothing there.
    """
    root = Path(root)
    if root.is_file():
        return [root]
    if not root.is_dir():
        raise ResultsError(f"no results folder {str(root)!r}")
    return sorted(path for path in root.rglob("*") if path.suffix in _SUFFIXES)


def select(runs: Iterable[Run], wanted: Filter) -> list[Run]:
    """Return the runs that pass, oldest first, those without a time before them."""
    return sorted((run for run in runs if wanted.passes(run)), key=_age)


def here() -> Path:
    """Return where results are from here: ARTIQ's worker is in an hour's folder."""
    hour = Path.cwd()
    among = re.fullmatch(_HOUR, "/".join(hour.parts[-2:]))
    return hour.parents[1] if among else Path("results")


def find(run: str | int | Path, root: Path | str | None = None) -> Path:
    """Return the file of a run: "latest", a run number, or a path.

    Without a folder it is looked for where this process's results are. A number that
    several runs of the folder have is the newest one's, with a note.

    Raises
    ------
    ResultsError
        There is none; the message says which there are.
    """
    text, root = str(run), here() if root is None else root
    if text != LATEST and not re.fullmatch("[0-9]{1,18}", text):
        if os.path.exists(text):  # noqa: PTH110  a Path raises for long names
            return Path(text)
        raise ResultsError(
            f"no file {text[:80]!r}; a run is {LATEST!r}, a run number, or a path"
        )
    found = _of_number(root, int(text)) if text != LATEST else list(scan(root))
    readable = [each for each in select(found, Filter()) if each.header]
    if not readable:
        reasons = "".join(f"; {each.result}" for each in found[-1:])
        raise ResultsError(f"no run {text} in {str(root)!r}{reasons}{_numbers(root)}")
    newest = readable[-1].path
    if len(readable) < len(found):
        left_out = len(found) - len(readable)
        _log.warning("%d files cannot be read; one may be newer", left_out)
    if text != LATEST and len(readable) > 1:
        _log.warning("%d files are of run %s: taking %s", len(readable), text, newest)
    return newest


def _of_number(root: Path | str, rid: int) -> list[Run]:
    """Read the files that are called by a number; all, where none is."""
    called = [_read(path) for path in files_of(root) if _number(path) == rid]
    return called or select(scan(root), Filter(rids=range(rid, rid + 1)))


def _number(path: Path) -> int | None:
    match = re.match("[0-9]{1,18}(?=-)", path.name)
    return int(match[0]) if match else None


def _numbers(root: Path | str) -> str:
    numbers = map(_number, files_of(root))
    rids = sorted({number for number in numbers if number is not None})
    last = ", ".join(map(str, rids[-10:]))
    return f"; the last are {last}" if rids else "; no file is called by a number"


def _age(run: Run) -> tuple[datetime, int, Path]:
    header = run.header
    started = (header.started if header else None) or _DISTANT_PAST
    rid = header.rid if header and header.rid is not None else -1
    return started, rid, run.path


def _read(path: Path) -> Run:
    try:
        with open_file(path) as file:
            return Run(path, read_header(file), _result(file))
    except CcqedError as error:
        return Run(path, None, shown(str(error)))


def _result(file: ResultsFile) -> str:
    """Return the key result in a few words."""
    recalled, wanted, overlap = (
        _figure(file, f"summary.{key}")
        for key in ("recalled_as", "memory", "recalled_overlap")
    )
    if recalled:
        name = recalled if recalled == wanted else f"{wanted} taken for {recalled}"
        return f"{name}, overlap {overlap}"
    names = file.names("datasets")
    keys = [name for name in names if name.startswith("summary.")][:_FIGURES]
    if figures := [
        f"{key[8:]} {figure}" for key in keys if (figure := _figure(file, key))
    ]:
        return ", ".join(figures)
    total = _figure(file, "progress.total")
    done = _figure(file, "progress.done")
    return f"{done} of {total} shots" if total else f"{len(names)} datasets"


def _figure(file: ResultsFile, key: str) -> str:
    """Return a number or a text in short form, an empty text for all else."""
    value = file.scalar(f"datasets/{key}", object)
    if isinstance(value, int | float):
        return f"{value:.3g}"
    return shown(value) if isinstance(value, str) else ""
