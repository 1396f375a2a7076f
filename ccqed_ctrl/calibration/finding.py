"""What a calibration has found, and what becomes of the records: kept or not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ..belief import named
from ..errors import CalibrationError, ParameterError
from ..quantities import Declared
from ..records import Entry
from ..units import si_unit
from .graph import GRAPH, Node
from .record import Record

#: Events that a history goes back.
MOST_EVENTS: Final = 200


@dataclass(frozen=True)
class Finding:
    """What a run found: values and standard errors by "group.field", or why nothing."""

    values: Mapping[str, tuple[float, float]]
    refused: str = ""

    @classmethod
    def of(cls, name: str, summary: Mapping[Entry, Any]) -> Finding:
        """Return what the summary of calibration `name` says.

        `summary.GROUP_FIELD` holds value and standard error, `summary.refused` why
        there are none. What is not finite or out of its bounds is refused, too.

        Raises
        ------
        CalibrationError
            The summary lacks a value that it does not refuse.
        """
        by_key = {entry.key: value for entry, value in summary.items()}
        refused = str(by_key.get("summary.refused", ""))
        if refused:
            return cls({}, refused)
        values = {}
        for of in GRAPH[name].gives:
            place = f"summary.{of.replace('.', '_')}"
            if place not in by_key:
                raise CalibrationError(f"{name} measures {of}, but stores no {place}")
            value, error = by_key[place]
            values[of] = (float(value), float(error))
        return cls(values, _objection(values))


def _objection(values: Mapping[str, tuple[float, float]]) -> str:
    """Return what speaks against values, without asking what they were before."""
    declared = named()
    for of, (value, error) in values.items():
        if not math.isfinite(error) or error < 0:
            return f"{of} has no error: {error!r}"
        try:
            declared[of].validated(_typed(value, declared[of]))
        except ParameterError as objection:
            return str(objection)
    return ""


def _typed(value: float, declared: Declared) -> float | int:
    return round(value) if declared.kind is int and math.isfinite(value) else value


@dataclass(frozen=True)
class Event:
    """What befell a calibration: measured, confirmed, refused, accepted or rejected."""

    event: str
    time: str
    rid: int
    why: str = ""
    values: Mapping[str, tuple[float, float]] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what the history holds of it."""
        values = {of: list(pair) for of, pair in (self.values or {}).items()}
        return {**vars(self), "values": values}

    @classmethod
    def of(cls, stored: Any) -> Event:
        """Return the event that a history holds.

        Raises
        ------
        CalibrationError
            It is none.
        """
        try:
            return cls(**stored)
        except TypeError as error:
            raise CalibrationError(f"no event of a history: {stored!r}") from error


def concluded(
    name: str,
    finding: Finding,
    before: Mapping[str, Record],
    parents: Mapping[str, str],
    rid: int,
    time: str,
) -> tuple[dict[str, Record], Event]:
    """Return the records that stand after a run, none if nothing changes.

    Parameters
    ----------
    name : str
        Of the calibration.
    finding : Finding
    before : mapping
        Records that stand now, by "group.field".
    parents : mapping
        Ids of the calibrations that the run rested on.
    rid, time
        Of the run.
    """
    node = GRAPH[name]
    if finding.refused:
        return {}, Event("refused", time, rid, finding.refused, finding.values)
    mine = {of: before[of] for of in node.gives if of in before}
    if _is_same(name, node, finding, mine):
        held = {of: record.holds(time, parents) for of, record in mine.items()}
        return held, Event("confirmed", time, rid, values=finding.values)
    declared = named()
    made = {
        of: Record(
            value=_typed(value, declared[of]), rid=rid, time=time, uncertainty=error,
            unit=si_unit(declared[of].meaning.unit), by=name, validity=node.validity,
            parents=dict(parents),
        )
        for of, (value, error) in finding.values.items()
    }  # fmt: skip
    return made, Event("measured", time, rid, values=finding.values)


def _is_same(
    name: str, node: Node, finding: Finding, before: Mapping[str, Record]
) -> bool:
    """Whether the records that stand are of one run, and nothing has changed since."""
    whole = len(before) == len(node.gives)
    if not whole or len({record.id for record in before.values()}) > 1:
        return False
    return all(
        record.by == name
        and abs(finding.values[of][0] - record.value) <= node.gives[of]
        for of, record in before.items()
    )


def remembered(past: Any, event: Event) -> list[Any]:
    """Return a history with one event more."""
    return [*(past or []), event.to_dict()][-MOST_EVENTS:]


def accepted(record: Record, time: str, parents: Mapping[str, str]) -> Record:
    """Return a record that an operator says to hold, with what holds now."""
    return replace(record, checked=time, parents=dict(parents))
