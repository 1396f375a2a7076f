"""What `ccqed calibrations` does: show which hold, run them, accept and reject."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.text import Text

from .. import cli
from ..belief import named
from ..errors import CalibrationError, ParameterError
from ..tables import Column, Fitted, console
from . import stored
from .finding import Event, accepted, remembered
from .graph import GRAPH, State, Status, due, duration, run_of, statuses
from .record import Record, history_key, key

_SHOWN = (
    Column("calibration"),
    Column("state"),
    Column("found", rank=2),
    Column("run", rank=3),
    Column("age", rank=1),
    Column("why", wraps=True),
    Column("next"),
)
_PAST = (
    Column("time", rank=1),
    Column("run"),
    Column("what"),
    Column("found"),
    Column("why", wraps=True),
)


@dataclass(frozen=True)
class Kept:
    """What the datasets hold of calibrations: records by "group.field", histories."""

    records: Mapping[str, Record]
    past: Mapping[str, list[Any]]

    @classmethod
    def read(cls, path: Path) -> Kept:
        """Return what a file of datasets holds."""
        values = stored.read(path)
        records = {of: values[key(of)] for of in named() if key(of) in values}
        past = {name: values.get(history_key(name), []) for name in GRAPH}
        return cls({of: Record.of(record) for of, record in records.items()}, past)

    def statuses(self) -> dict[str, Status]:
        """Return how all calibrations are now."""
        return statuses(self.records, datetime.now(UTC))

    def last(self, name: str) -> Event | None:
        """Return what befell a calibration last."""
        return Event.of(self.past[name][-1]) if self.past[name] else None

    def of(self, name: str) -> dict[str, Record]:
        """Return the records of a calibration."""
        given = GRAPH[name].gives if name in GRAPH else ()
        return {of: self.records[of] for of in given if of in self.records}


def execute(options: argparse.Namespace) -> int:
    """Show, run, accept or reject."""
    names = _known([*options.names, *filter(None, [options.history, options.accept,
                                                   options.reject])])  # fmt: skip
    if options.history:
        console().print(_history(options.history, Kept.read(options.dataset_db)))
        return 0
    if options.accept or options.reject:
        _decide(options)
    code = _run(options) if options.run else 0
    console().print(_table(Kept.read(options.dataset_db), names or None))
    return code


def _known(names: Iterable[str]) -> list[str]:
    found = list(names)
    unknown = [name for name in found if name not in GRAPH]
    if unknown:
        raise ParameterError(
            f"no calibration is called {unknown[0]!r}; there are {', '.join(GRAPH)}"
        )
    return found


def _run(options: argparse.Namespace) -> int:
    """Run what was named, else all that is due, each once, in order; say how it went.

    One that finds its value again leaves those that rest on it as they are: what is
    due is asked after each.
    """
    done: list[str] = []
    while True:
        found = Kept.read(options.dataset_db).statuses()
        waiting = [name for name in due(found, options.names) if name not in done]
        if not waiting:
            return 0
        name = waiting[0]
        before = Kept.read(options.dataset_db).past[name]
        code = cli.main(["run", name, *_passed_on(options)])
        event = Kept.read(options.dataset_db).last(name)
        if code:
            return code
        if event is None or Kept.read(options.dataset_db).past[name] == before:
            raise CalibrationError(f"{name} ran, and kept nothing: was it told to?")
        if event.event == "refused":
            raise CalibrationError(
                f"{name} found nothing to believe: {event.why}. What rests on it was "
                "not run"
            )
        done.append(name)


def _passed_on(options: argparse.Namespace) -> list[str]:
    """Return what `ccqed run` is given."""
    paths = {
        "--dataset-db": options.dataset_db,
        "--results": options.results,
        "--device-db": options.device_db,
        "--seed": options.seed,
    }
    given = [f"{name}={value}" for name, value in paths.items() if value is not None]
    return [*given, *(f"--twin={each}" for each in options.twin)]


def _decide(options: argparse.Namespace) -> None:
    """Accept a calibration that does not hold, or reject one that does."""
    if not options.why.strip():
        raise ParameterError("say why: --accept NAME --why 'checked by hand, p. 12'")
    name = options.accept or options.reject
    kept = Kept.read(options.dataset_db)
    records = kept.of(name)
    if not records:
        raise CalibrationError(f"there is nothing to decide: {name} was never measured")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    rid = next(iter(records.values())).rid
    what = "accepted" if options.accept else "rejected"
    changes: dict[str, Any] = {key(of): None for of in records}
    if options.accept:
        held = kept.statuses()
        used = {need: held[need].id for need in GRAPH[name].needs}
        changes = {
            key(of): accepted(record, now, used).to_dict()
            for of, record in records.items()
        }
    event = replace(Event(what, now, rid), why=options.why)
    changes[history_key(name)] = remembered(kept.past[name], event)
    stored.write(options.dataset_db, changes)


def _table(kept: Kept, wanted: Iterable[str] | None) -> Fitted:
    """Return the table of all calibrations, or of those wanted."""
    found = kept.statuses()
    steps = {name: str(step) for step, name in enumerate(due(found), 1)}
    rows = []
    for name, status in found.items():
        if wanted is not None and name not in wanted:
            continue
        event = kept.last(name) if name in GRAPH else None
        why = status.reason
        if event is not None and event.event == "refused":
            why = f"{why}; run {event.rid} was refused: {event.why}"
        age = "" if status.age is None else duration(status.age)
        run = run_of(status.id).removeprefix("run ") if status.id else ""
        values = {of: (r.value, r.uncertainty) for of, r in kept.of(name).items()}
        rows.append((name, _coloured(status.state), _values(values), run, age, why,
                     steps.get(name, "")))  # fmt: skip
    return Fitted(_SHOWN, rows)


def _coloured(state: State) -> Text:
    colours = {State.green: "green", State.amber: "yellow", State.red: "bold red"}
    return Text(str(state), colours[state])


def _values(values: Mapping[str, tuple[float, float | None]]) -> str:
    """Return values with their errors, a line each."""
    declared = named()
    lines = []
    for of, (value, error) in values.items():
        shown = declared[of].shown(value, 6)
        if error is not None:
            shown = f"{shown} +- {declared[of].shown(error, 2)}"
        lines.append(f"{of} = {shown}")
    return "\n".join(lines)


def _history(name: str, kept: Kept) -> Fitted:
    """Return what befell a calibration, the last at the end."""
    events = [Event.of(stored) for stored in kept.past[name]]
    return Fitted(
        _PAST,
        [
            (each.time, str(each.rid), each.event, _values(_pairs(each)), each.why)
            for each in events
        ],
    )


def _pairs(event: Event) -> dict[str, tuple[float, float]]:
    known = named()
    return {of: (v, e) for of, (v, e) in (event.values or {}).items() if of in known}
