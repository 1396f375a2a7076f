"""What a results file says of its run, whoever wrote it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ccqed_ctrl import pyon
from ccqed_ctrl.errors import SchemaError

from .results_file import ResultsFile

#: Who wrote a file.
EMBEDDED, MASTER, ARTIQ_RUN = "embedded host", "artiq_master", "artiq_run"


@dataclass(frozen=True)
class Header:
    """One run, as far as its file tells.

    rid: run number, None from `artiq_run`. class_name: of the experiment, "?" if
    unknown. started: UTC, None if unknown. status: ok, exception, terminated, running
    (a checkpoint), or, where the writer keeps none, complete, incomplete or unknown.
    backend: hardware, simulation or "?". arguments: as given or resolved.
    """

    writer: str
    rid: int | None
    class_name: str
    started: datetime | None
    status: str
    backend: str
    arguments: Mapping[str, Any]
    artiq_version: str


def read_header(file: ResultsFile) -> Header:
    """Read what is known of the run.

    Raises
    ------
    SchemaError
        A fact of the wrong type, an expid that is no PYON, or no results file at all.
    ResultsError
        The file is damaged.
    """
    expid = _mapping(file, "expid")
    embedded = file.scalar("ccqed/status", str)
    rid = file.scalar("rid", int)
    started = file.scalar("start_time", float, int)
    if embedded is None and rid is None and not file.has_group("datasets"):
        raise SchemaError(f"{file.path.name} is no results file: it has no datasets")
    return Header(
        writer=EMBEDDED if embedded else ARTIQ_RUN if rid is None else MASTER,
        rid=rid,
        class_name=_class_name(file, expid),
        started=_time(file, started),
        status=embedded or _progress(file),
        backend=_backend(file),
        arguments=_arguments(file, expid),
        artiq_version=file.scalar("artiq_version", str) or "?",
    )


def _arguments(file: ResultsFile, expid: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the resolved arguments; those given where nobody resolved them."""
    resolved = _mapping(file, "ccqed/arguments")
    given = expid.get("arguments", {})
    return resolved or (given if isinstance(given, Mapping) else {})


def _mapping(file: ResultsFile, key: str) -> Mapping[str, Any]:
    text = file.scalar(key, str)
    if text is None:
        return {}
    try:
        value = pyon.decode(text)
    except ValueError as error:
        raise SchemaError(f"{file.path.name}: {key} is {error}") from error
    if not isinstance(value, Mapping):
        raise SchemaError(f"{file.path.name}: {key} is no mapping")
    return value


def _class_name(file: ResultsFile, expid: Mapping[str, Any]) -> str:
    named = expid.get("class_name")
    if isinstance(named, str) and named:
        return named
    match = re.fullmatch(r"\d{9}-(\w+?)(\.checkpoint)?\.h5", file.path.name)
    return match[1] if match else "?"


def _time(file: ResultsFile, seconds: float | None) -> datetime | None:
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        message = f"{file.path.name}: start_time {seconds!r} is no time"
        raise SchemaError(message) from error


def _backend(file: ResultsFile) -> str:
    return (
        file.scalar("datasets/backend", str) or file.scalar("ccqed/backend", str) or "?"
    )


def _progress(file: ResultsFile) -> str:
    """Return how far a run came whose writer keeps no status."""
    done = file.scalar("datasets/progress.done", int)
    total = file.scalar("datasets/progress.total", int)
    if done is None or total is None:
        return "unknown"
    return "complete" if done >= total else "incomplete"


def describe(header: Header) -> str:
    """Return a run's name for titles and messages."""
    rid = "?" if header.rid is None else header.rid
    return f"run {rid}, {header.backend}, {header.status}"
