"""The record of a calibrated value, as a persistent dataset holds it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Self

from ..errors import CalibrationError

#: What datasets of records are called, GROUP.FIELD behind it, and those of histories,
#: with the calibration's name behind it.
RECORDS: Final = "calibration"
HISTORY: Final = "calibration_history"


def key(name: str) -> str:
    """Return the dataset that holds the record of "group.field"."""
    return f"{RECORDS}.{name}"


def history_key(name: str) -> str:
    """Return the dataset that holds what befell a calibration."""
    return f"{HISTORY}.{name}"


@dataclass(frozen=True)
class Record:
    """One value that was measured.

    value: SI. rid: the run that measured it. time: when, ISO 8601. uncertainty: one
    standard error, SI; None if nobody knows. unit: the SI unit. by: the calibration
    that measured it; empty: none of ours. validity: for how long, s; None: for ever.
    parents: ids of what it was measured with, by calibration; "" where that had never
    been measured. checked: when it was last found to hold; `time` if never.
    """

    value: float | int
    rid: int
    time: str
    uncertainty: float | None = None
    unit: str = ""
    by: str = ""
    validity: float | None = None
    parents: Mapping[str, str] = field(default_factory=dict)
    checked: str = ""

    def __post_init__(self) -> None:
        _number("value", self.value)
        for name in ("uncertainty", "validity"):
            if getattr(self, name) is not None:
                _number(name, getattr(self, name), 0.0)
        for name in ("time", "unit", "by", "checked"):
            if not isinstance(getattr(self, name), str):
                raise CalibrationError(f"{name} must be text")
        if not isinstance(self.rid, int) or isinstance(self.rid, bool):
            raise CalibrationError(f"rid must be a whole number; got {self.rid!r}")
        if not isinstance(self.parents, Mapping):
            raise CalibrationError(f"parents must be a table; got {self.parents!r}")

    @classmethod
    def of(cls, stored: Any) -> Self:
        """Return the record that a dataset holds.

        Raises
        ------
        CalibrationError
            It is none: something is missing, unknown or of another kind.
        """
        if not isinstance(stored, Mapping):
            raise CalibrationError(f"a record is a table; got {stored!r}")
        known = {item.name for item in dataclasses.fields(cls)}
        missing = sorted({"value", "rid", "time"} - set(stored))
        unknown = sorted(set(stored) - known)
        if missing or unknown:
            raise CalibrationError(
                f"missing: {', '.join(missing) or 'nothing'}; unknown: "
                f"{', '.join(unknown) or 'nothing'}"
            )
        return cls(**{name: stored[name] for name in known & set(stored)})

    def to_dict(self) -> dict[str, Any]:
        """Return what a dataset holds of it."""
        return dataclasses.asdict(self) | {"parents": dict(self.parents)}

    @property
    def id(self) -> str:
        """What tells this measurement from all others."""
        return f"{self.rid}@{self.time}"

    def age(self, now: datetime) -> float | None:
        """Return for how long it has held, s; None if its time cannot be read."""
        try:
            then = datetime.fromisoformat(self.checked or self.time)
        except ValueError:
            return None
        if then.tzinfo is None:
            then = then.replace(tzinfo=UTC)
        return (now - then).total_seconds()

    def holds(self, time: str, parents: Mapping[str, str]) -> Record:
        """Return the record once another run has found the same value.

        Value and id stay, so that what was measured with it holds, too.
        """
        return dataclasses.replace(self, checked=time, parents=dict(parents))


def _number(name: str, value: Any, minimum: float = -math.inf) -> None:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    if not plain or not math.isfinite(value) or value < minimum:
        raise CalibrationError(f"{name} must be a finite number; got {value!r}")
