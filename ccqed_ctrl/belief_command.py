"""What `ccqed belief` does: show what is believed, and change laboratory.toml.

Everything else in the file, comments too, stays as it is.
"""

from __future__ import annotations

import argparse
import datetime
import difflib
import logging
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import InlineTable

from . import belief, device_database, notation
from .belief import Belief, Laboratory
from .calibration import record, stored
from .errors import CalibrationError, ParameterError
from .quantities import Declared
from .tables import Column, Fitted, console
from .units import SCALES

logger = logging.getLogger(__name__)

_BELIEVED = (
    Column("believed"),
    Column("value"),
    Column("source", rank=1),
    Column("date", rank=3),
    Column("why", rank=2, wraps=True),
)
_CHANGED = (Column("believed"), Column("was"), Column("is"))


def execute(options: argparse.Namespace) -> int:
    """Show values or set them."""
    laboratory = find(options.device_db)
    records = stored.read(options.dataset_db)
    if options.action == "set":
        _set(laboratory, options.values, options.why, records)
    elif options.why:
        raise ParameterError("--why belongs to: ccqed belief set NAME=VALUE --why TEXT")
    else:
        read = laboratory.belief(records.get)
        table = _table(read, options.values)
        console().print(f"{read.path}", soft_wrap=True)
        console().print(table)
    return 0


def find(device_db: Path | None) -> Laboratory:
    """Return the laboratory of a device database, by default the nearest one.

    Raises
    ------
    ExperimentError
        There is no device database, or it fails to run.
    CalibrationError
        It does not say where laboratory.toml is.
    """
    device_db = device_db or device_database.nearest()
    entry = device_database.read(device_db).get(belief.DEVICE)
    path = entry.get("arguments", {}).get("path") if isinstance(entry, dict) else None
    if path is None:
        raise CalibrationError(
            f"{device_db} has no entry {belief.DEVICE!r} that says where "
            "laboratory.toml is; `ccqed new lab` writes one to copy"
        )
    return Laboratory(None, path)


def _table(read: Belief, wanted: Iterable[str]) -> Fitted:
    """Return a table of everything, or of the groups and values that are wanted."""
    known = belief.named()
    names = [name for asked in wanted for name in _matching(asked, known)]
    rows: list[tuple[str, ...]] = []
    for name in dict.fromkeys(names or known):
        if rows and rows[-1][0].partition(".")[0] != name.partition(".")[0]:
            rows.append(())
        source = read.sources[name]
        value = known[name].shown(_value(read, name))
        rows.append((name, value, source.source, source.date, source.why))
    return Fitted(_BELIEVED, rows)


def _matching(asked: str, known: Mapping[str, Declared]) -> list[str]:
    found = [name for name in known if name.partition(".")[0] == asked]
    return found or [_known(asked, known)]


def _known(name: str, known: Mapping[str, Declared]) -> str:
    """Return `name` if it is believed, else refuse it with a hint."""
    if name in known:
        return name
    fields = {full: full.partition(".")[2] for full in known}
    like = difflib.get_close_matches(name.rpartition(".")[2], fields.values(), n=1)
    near = [full for full, field in fields.items() if field in like]
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise ParameterError(
        f"the laboratory believes nothing of {name!r}{hint} (`ccqed belief` lists all)"
    )


def _value(read: Belief, name: str) -> Any:
    group, _, item = name.partition(".")
    return getattr(getattr(read.apparatus, group), item)


def _set(
    laboratory: Laboratory, given: Iterable[str], why: str, records: Mapping[str, Any]
) -> None:
    """Write values into laboratory.toml: all, or none if one is refused."""
    known, changes = belief.named(), assigned(given)
    if not why.strip():
        raise ParameterError("say where the values come from: --why 'ring-down, p. 12'")
    before = laboratory.belief()
    path = before.path.resolve()
    # The bytes: reading as text would make every line end a line feed.
    text = changed(path.read_bytes().decode(), changes, datetime.date.today(), why)
    belief.parse(text, path)
    _replace(path, text)
    rows = [
        (name, known[name].shown(_value(before, name)), known[name].shown(value))
        for name, value in changes.items()
    ]
    console().print(Fitted(_CHANGED, rows))
    for key in sorted({record.key(name) for name in changes} & set(records)):
        logger.warning("dataset %s stands above the file: delete it if it is old", key)


def assigned(given: Iterable[str]) -> dict[str, Any]:
    """Return the SI values of texts NAME=VALUE by "group.field", validated.

    Raises
    ------
    ParameterError
        None, a text without `=`, an unknown or repeated name, or a bad value.
    """
    known = belief.named()
    changes: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise ParameterError(f"a value is set by NAME=VALUE; got {text!r}")
        declared = known[_known(name.strip(), known)]
        if name.strip() in changes:
            raise ParameterError(f"{name.strip()} is set twice")
        try:
            number = notation.number(value, declared.meaning.unit)
        except ParameterError as error:
            raise ParameterError(f"{name} {error}") from error
        changes[name.strip()] = declared.validated(number)
    if not changes:
        raise ParameterError(
            "what is to be set? ccqed belief set NAME=VALUE --why TEXT"
        )
    return changes


def changed(
    text: str, changes: Mapping[str, Any], date: datetime.date, why: str
) -> str:
    """Return the text of a laboratory.toml with other values, each in the file's unit.

    Parameters
    ----------
    text : str
        Of a file that `belief.parse` takes.
    changes : mapping
        SI values by "group.field".
    """
    document = tomlkit.parse(text)
    for name, value in changes.items():
        group, _, item = name.partition(".")
        entry: Any = document[group][item]
        if isinstance(value, float):  # to the digits that scaling leaves
            value = float(f"{value / SCALES[entry.get('unit', '')]:.15g}")
        entry.update(value=value, date=date, source="typed by hand")
        reason = tomlkit.item(why)
        if isinstance(entry, InlineTable):
            reason.trivia.trail = " "  # before the brace
        entry["why"] = reason
    return tomlkit.dumps(document)


def _replace(path: Path, text: str) -> None:
    """Replace a file at once, so that no run reads half of it."""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            try:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
                shutil.copymode(path, file.name)
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink()
                raise
    except OSError as error:
        raise CalibrationError(f"{path} cannot be written: {error}") from error
