"""Many runs as one table: a row each of facts, settings and summary."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TextIO

import numpy as np

from ccqed_ctrl.errors import CcqedError, ParameterError

from . import listing
from .arrays import required
from .header import arguments
from .portrait import clipped, shown
from .run import Run

#: What every run has a column of.
FACTS: Final = (
    "rid", "time", "class", "status", "backend", "shots", "result", "path",
)  # fmt: skip


@dataclass(frozen=True)
class Runs:
    """Runs, a row each: values by column, SI; what a run does not have is not in it.

    columns: facts, settings ("group.field"; where scanned a tuple of what it ran
    through), summary (by name). units: of display.
    """

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]
    units: Mapping[str, str]

    def resolve(self, name: str) -> str:
        """Return the column that is meant by its name, or its name's last part.

        Raises
        ------
        ParameterError
            There is none, or there are several.
        """
        if name in self.columns:
            return name
        ends = [c for c in self.columns if c.rpartition(".")[2] == name]
        if len(ends) == 1:
            return ends[0]
        if ends:
            raise ParameterError(f"{name!r} may be {', '.join(ends)}; write which")
        near = difflib.get_close_matches(name, self.columns, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ParameterError(
            f"no run has {name!r}{hint} (columns: {', '.join(self.columns)})"
        )

    def texts(self, columns: Sequence[str]) -> list[list[str]]:
        """Return the cells of some columns for people, in display units."""
        return [[self._text(row, column) for column in columns] for row in self.rows]

    def _text(self, row: Mapping[str, Any], column: str) -> str:
        unit = self.units.get(column, "")
        return clipped(shown(row[column], unit)) if column in row else ""

    def write_csv(self, file: TextIO) -> None:
        """Write all as CSV, SI; values of a scan with commas between them."""
        writer = csv.writer(file)
        writer.writerow(self.columns)
        for row in self.rows:
            writer.writerow([_plain(row.get(column, "")) for column in self.columns])

    def frame(self) -> Any:
        """Return all as a `pandas.DataFrame`.

        Raises
        ------
        ResultsError
            pandas is not installed.
        """
        pandas = required("pandas")
        frame = pandas.DataFrame(list(self.rows), columns=list(self.columns))
        return frame.astype({"rid": "Int64", "shots": "Int64"})


def tabulate(found: Iterable[listing.Run]) -> Runs:
    """Read settings and summaries of the runs of a listing."""
    rows, units = [], {}
    for run in found:
        row, known = _row(run)
        rows.append(row)
        units.update(known)
    columns = {column: None for row in rows for column in row if column not in FACTS}
    ordered = sorted(columns, key=lambda column: "." not in column)
    return Runs((*FACTS, *ordered), tuple(rows), units)


def _row(found: listing.Run) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the values of one run, and display units of its settings."""
    header = found.header
    facts: dict[str, Any]
    facts = {"status": found.status, "result": found.result, "path": str(found.path)}
    if header is None:
        return facts, {}
    facts |= {"rid": header.rid, "time": header.started}
    facts |= {"class": header.class_name, "backend": header.backend}
    try:
        with Run(found.path) as run:
            return {**facts, "shots": run.shots, **_values(run)}, _units(run)
    except CcqedError as error:
        return {**facts, "result": str(error)}, {}


def _values(run: Run) -> dict[str, Any]:
    values = {
        f"{group}.{name}": value
        for group, fields in run.settings().items()
        for name, value in fields.items()
    }
    for name, along in run.scanned.items():
        values[name] = tuple(dict.fromkeys(np.asarray(along).tolist()))
    if not values:  # nobody resolved them
        values = dict(arguments(run.file))
    for key in run.keys:
        if key.startswith("summary.") and not run.entry(key).axes:
            name = key.removeprefix("summary.")
            values[key if name in FACTS else name] = run.get(key)
    return values


def _units(run: Run) -> dict[str, str]:
    return {key.partition(".")[2]: entry.unit for key, entry in run.entries.items()
            if entry.unit}  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return value.isoformat() if hasattr(value, "isoformat") else value
