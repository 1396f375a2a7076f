"""All runs of a results folder: what each was, and what came out of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ccqed_ctrl.errors import ParameterError, ResultsError, SchemaError

from .header import Header, read_header
from .records import Record
from .results_file import ResultsFile, open_file

#: What a file is called that cannot be read.
UNREADABLE = "unreadable"
_SUFFIXES = (".h5", ".hdf5")
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
    yield from (_read(path) for path in files_of(root))


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


def _age(run: Run) -> tuple[datetime, int, Path]:
    header = run.header
    started = (header.started if header else None) or _DISTANT_PAST
    rid = header.rid if header and header.rid is not None else -1
    return started, rid, run.path


def _read(path: Path) -> Run:
    try:
        with open_file(path) as file:
            return Run(path, read_header(file), _result(file))
    except (ResultsError, SchemaError) as error:
        return Run(path, None, str(error))


def _result(file: ResultsFile) -> str:
    """Return the key result in a few words."""
    if file.find("datasets/schema_revision") is None:
        return f"{len(file.datasets())} datasets"
    record = Record(file)
    if not record.has("summary.recalled_as"):
        total = record.get("progress.total")
        return f"{record.shots} of {total} shots"
    recalled, wanted = (
        record.get(f"summary.{key}") for key in ("recalled_as", "memory")
    )
    overlap = record.get("summary.recalled_overlap")
    wrong = record.get("summary.pixels_wrong")
    name = recalled if recalled == wanted else f"{wanted} taken for {recalled}"
    return f"{name}, overlap {overlap:.3f}, {wrong:.3g} px wrong"
