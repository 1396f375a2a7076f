"""What a results file says of its run, whoever wrote it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from ccqed_ctrl import pyon
from ccqed_ctrl.backend import DOUBTFUL, HARDWARE
from ccqed_ctrl.ending import status_word
from ccqed_ctrl.errors import ResultsError, SchemaError

from .pairing import open_journal
from .results_file import ResultsFile

#: Who wrote a file.
EMBEDDED, MASTER, ARTIQ_RUN = "embedded host", "artiq_master", "artiq_run"
#: Characters of PYON and JSON that are parsed, and of a line that is shown.
_LONGEST: Final = 2**18
_LONGEST_LINE: Final = 300


@dataclass(frozen=True)
class Header:
    """One run, as far as its file tells.

    rid: run number, None from `artiq_run`. class_name: of the experiment, "?" if
    unknown. started: UTC, None if unknown. status: how it ended (`ccqed_ctrl.ending`),
    "running" if it did not, yet or ever; where nothing says so, "complete" or
    "incomplete" by its progress, or "unknown". backend: "hardware", "simulation",
    "doubtful" where the run did not know, the file contradicts itself, or nothing but
    datasets, which anybody sets, says hardware; or "?". provenance: versions, seeds and
    the like, as the experiment stored them.
    """

    writer: str
    rid: int | None
    class_name: str
    started: datetime | None
    status: str
    backend: str
    provenance: Mapping[str, Any]


def read_header(file: ResultsFile) -> Header:
    """Read what is known of the run, and no more: files are listed by thousands.

    Raises
    ------
    SchemaError
        A fact of the wrong type, an expid that is no PYON, or no results file at all.
    ResultsError
        The file is damaged.
    """
    expid, rid = _mapping(file, "expid"), file.scalar("rid", int)
    embedded = file.scalar("ccqed/status", str)
    if embedded is None and rid is None and not file.has_group("datasets"):
        raise SchemaError(f"{file.path.name} is no results file: it has no datasets")
    provenance = _provenance(file)
    return Header(
        writer=EMBEDDED if embedded else ARTIQ_RUN if rid is None else MASTER,
        rid=rid,
        class_name=_class_name(file, expid.get("class_name"), provenance.get("class")),
        started=_time(file, file.scalar("start_time", float, int)),
        status=_status(file, embedded),
        backend=_backend(file, provenance),
        provenance=provenance,
    )


def arguments(file: ResultsFile) -> Mapping[str, Any]:
    """Return a run's arguments: resolved, else as given.

    Raises
    ------
    SchemaError, ResultsError
        As `read_header`.
    """
    resolved = _mapping(file, "ccqed/arguments") or _provenance(file).get("arguments")
    found = resolved or _mapping(file, "expid").get("arguments")
    return found if isinstance(found, Mapping) else {}


def artiq_version(file: ResultsFile) -> str:
    """Return the version of the ARTIQ that ran, or of the stand-in for it; or "?".

    Raises
    ------
    SchemaError, ResultsError
        As `read_header`.
    """
    return shown(file.scalar("artiq_version", str))


def describe(header: Header) -> str:
    """Return a run's name for titles and messages."""
    rid = "?" if header.rid is None else header.rid
    return f"run {rid}, {header.backend}, {header.status}"


def shown(found: Any) -> str:
    """Return a text as one line that a terminal can show; "?" for what is no text."""
    text = found if isinstance(found, str) and found else "?"
    return "".join(c if c.isprintable() else "?" for c in text[:_LONGEST_LINE])


def _provenance(file: ResultsFile) -> Mapping[str, Any]:
    """Return what an experiment of ours stored of its run; others' mean another."""
    ours = file.has("datasets/schema_revision")
    return _mapping(file, "datasets/provenance") if ours else {}


def _mapping(file: ResultsFile, key: str) -> Mapping[str, Any]:
    text = file.scalar(key, str)
    if text is None:
        return {}
    if len(text) > _LONGEST:
        message = f"is {len(text)} characters long; at most {_LONGEST} are read"
        raise SchemaError(f"{file.path.name}: {key} {message}")
    try:
        value = pyon.decode(text)
    except ValueError as error:
        raise SchemaError(f"{file.path.name}: {key} is {error}") from error
    if not isinstance(value, Mapping):
        raise SchemaError(f"{file.path.name}: {key} is no mapping")
    return value


def _class_name(file: ResultsFile, *named: Any) -> str:
    match = re.fullmatch(r"\d{9}-(\w+?)(\.checkpoint)?\.h5", file.path.name)
    words = map(shown, (*named, match and match[1]))
    return next((word for word in words if word != "?"), "?")


def _time(file: ResultsFile, seconds: float | None) -> datetime | None:
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        message = f"{file.path.name}: start_time {seconds!r} is no time"
        raise SchemaError(message) from error


def _backend(file: ResultsFile, provenance: Mapping[str, Any]) -> str:
    """Return what all that speak of the backend agree on."""
    # Of a host or an export; no `set_dataset` reaches there.
    vouched = file.scalar("ccqed/backend", str)
    said = {
        file.scalar("datasets/backend", str),
        vouched,
        shown(provenance["backend"]) if "backend" in provenance else None,
    } - {None}
    if said == {HARDWARE} and vouched is None:
        vouched = _journalled_backend(file)
    if len(said) > 1 or (said == {HARDWARE} and vouched != HARDWARE):
        return DOUBTFUL
    return shown(said.pop() if said else None)


def _journalled_backend(file: ResultsFile) -> Any:
    """Return what the journal of a run says, None where there is none to be read."""
    try:
        journal = open_journal(file)
        if journal is None:
            return None
        with journal:
            return journal.get("backend")
    except ResultsError:
        return None


def _status(file: ResultsFile, embedded: str | None) -> str:
    """Return how a run ended; how far it came where nothing says so."""
    stored = embedded or file.scalar("datasets/status", object)
    if isinstance(stored, str) and stored:
        return status_word(shown(stored))
    done, total = (
        file.scalar(f"datasets/progress.{part}", object) for part in ("done", "total")
    )
    if type(done) is not int or type(total) is not int or not 0 <= done <= total:
        return "unknown"
    return "complete" if done == total else "incomplete"
