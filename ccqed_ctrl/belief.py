"""What this laboratory believes of itself, value by value, with where each came from.

`laboratory.toml` states every value with unit, date and source. Calibration records,
persistent datasets `calibration.GROUP.FIELD`, stand above it. The device database says
where the file is: an entry `laboratory` of class `Laboratory` with an absolute path,
since ARTIQ's worker changes its folder.
"""

from __future__ import annotations

import dataclasses
import hashlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from . import notation
from .calibration.record import Record, key
from .errors import CalibrationError, ParameterError
from .model.imaging import Region
from .params import (
    Axis,
    Cavity,
    Cloud,
    Imaging,
    LongitudinalCalibration,
    Pump,
    PumpCalibration,
    Timing,
    Tones,
    Traps,
)
from .quantities import Declared, Parameters
from .units import SCALES, si_unit

Group = TypeVar("Group", bound=Parameters)

#: The device that knows the file.
DEVICE = "laboratory"
#: What a value's entry in laboratory.toml may say.
_ENTRY = ("value", "unit", "date", "source", "why")


@dataclass(frozen=True)
class Apparatus:
    """What is believed of the laboratory."""

    cavity: Cavity = Cavity()
    pump: Pump = Pump()
    cloud: Cloud = Cloud()
    pump_calibration: PumpCalibration = PumpCalibration()
    longitudinal: LongitudinalCalibration = LongitudinalCalibration()
    imaging: Imaging = Imaging()
    region: Region = Region()
    axis: Axis = Axis()
    traps: Traps = Traps()
    tones: Tones = Tones()
    timing: Timing = Timing()


#: The groups that are believed, by the names of the file's tables.
GROUPS: Mapping[str, type[Parameters]] = {
    item.name: type(item.default)  # type: ignore[misc]
    for item in dataclasses.fields(Apparatus)
}


@dataclass(frozen=True)
class Source:
    """Where a value came from: default, typed by hand, measured in run N, argument."""

    source: str
    date: str = ""
    why: str = ""


@dataclass(frozen=True)
class Belief:
    """All that is believed, and why.

    sources: by "group.field". path, text, sha256: of the laboratory.toml. records:
    what was measured, by "group.field".
    """

    apparatus: Apparatus
    sources: Mapping[str, Source]
    path: Path
    text: str = field(repr=False)
    records: Mapping[str, Record] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Of the file's text, as it was read."""
        return hashlib.sha256(self.text.encode()).hexdigest()


class Laboratory:
    """The entry `laboratory` of the device database, as ARTIQ makes a local device."""

    def __init__(self, dmgr: Any, path: str) -> None:  # noqa: ARG002 (ARTIQ's interface)
        self.path = Path(path)

    def belief(self, calibration: Callable[[str], Any] | None = None) -> Belief:
        """Return what is believed now.

        Parameters
        ----------
        calibration : callable, optional
            Returns the persistent dataset of a name, None without one.

        Raises
        ------
        CalibrationError
            No file, or something in it, or a record, that is not a value of ours.
        """
        text = _read(self.path)
        values, sources = parse(text, self.path)
        records = {}
        for name, declared in named().items():
            stored = calibration and calibration(key(name))
            if stored is not None:
                record = records[name] = _recorded(name, declared, stored)
                values[name] = declared.validated(record.value)
                sources[name] = _source(record, declared)
        apparatus = _apparatus(values, self.path)
        return Belief(apparatus, sources, self.path, text, records)


def named() -> dict[str, Declared]:
    """Return every believed field by "group.field"."""
    return {
        f"{name}.{field}": declared
        for name, group in GROUPS.items()
        for field, declared in group.declared().items()
    }


def parse(text: str, path: Path) -> tuple[dict[str, Any], dict[str, Source]]:
    """Return values in SI and their sources, by "group.field", of a laboratory.toml.

    Raises
    ------
    CalibrationError
        Naming file and value: no TOML, an unknown name, one that is missing, a unit of
        another dimension, or a bad value.
    """
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CalibrationError(f"{path} is no TOML: {error}") from error
    known, values, sources = named(), {}, {}
    for group, table in tables.items():
        for name, entry in table.items() if isinstance(table, dict) else [("", table)]:
            key = f"{group}.{name}" if name else group
            if key not in known or not isinstance(entry, dict):
                raise CalibrationError(
                    f"{path}: {key!r} is no value of the laboratory; a line looks like "
                    "[cavity] kappa = { value = 150, unit = '2pi kHz', date = "
                    "2026-11-25, source = 'default' }, and `ccqed belief` lists all"
                )
            values[key], sources[key] = _stated(f"{path}: {key}", known[key], entry)
    missing = [key for key in known if key not in values]
    if missing:
        raise CalibrationError(
            f"{path} does not say {', '.join(missing)}; add a line for each"
        )
    return values, sources


def _stated(
    label: str, declared: Declared, entry: Mapping[str, Any]
) -> tuple[Any, Source]:
    unknown = sorted(set(entry) - set(_ENTRY))
    if unknown or "value" not in entry or "source" not in entry:
        raise CalibrationError(
            f"{label} must have value and source, and may have unit, date, why; it has "
            f"{', '.join(entry) or 'nothing'}"
        )
    value, unit = entry["value"], entry.get("unit", "")
    scalable = isinstance(value, int | float) and not isinstance(value, bool)
    wanted = declared.meaning.unit
    if unit not in SCALES or si_unit(unit) != si_unit(wanted):
        raise CalibrationError(
            f"{label} must be in units such as {wanted or 'none'}; got {unit!r}"
        )
    try:
        if unit and scalable:  # as everywhere else: 50 us is 5e-5 to the last bit
            value = notation.number(f"{value} {unit}", wanted)
        valid = declared.validated(value)
    except ParameterError as error:
        raise CalibrationError(f"{label}: {error}") from error
    date, why = str(entry.get("date", "")), str(entry.get("why", ""))
    return valid, Source(str(entry["source"]), date, why)


def _recorded(name: str, declared: Declared, stored: Any) -> Record:
    """Return a calibration record that has a value which may be believed."""
    try:
        record = Record.of(stored)
        declared.validated(record.value)
    except (CalibrationError, ParameterError) as error:
        raise CalibrationError(
            f"dataset {key(name)} must hold value, rid and time; got {stored!r} "
            f"({error}): delete or mend it"
        ) from error
    return record


def _source(record: Record, declared: Declared) -> Source:
    """Say which run measured a value, how well, and by what."""
    why = record.by
    if record.uncertainty is not None:
        why = f"{why} +- {declared.shown(float(record.uncertainty), 2)}".strip()
    return Source(f"measured in run {record.rid}", record.time, why)


def _apparatus(values: Mapping[str, Any], path: Path) -> Apparatus:
    made: dict[str, Any] = {}
    try:
        for name, group in GROUPS.items():
            fields = {item: values[f"{name}.{item}"] for item in group.declared()}
            made[name] = group(**fields)
    except ParameterError as error:
        raise CalibrationError(f"{path}: {error}") from error
    return Apparatus(**made)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CalibrationError(
            f"what this laboratory believes cannot be read: {path} ({error}); the "
            f"device database's entry {DEVICE!r} names that file"
        ) from error


def written(apparatus: Apparatus, date: str, source: str) -> str:
    """Return the text of a laboratory.toml that states an apparatus."""
    lines = [
        "# What this laboratory believes of itself: value, unit, date, and where it",
        "# came from (default, typed by hand, measured in run N). Calibration records",
        "# in ARTIQ's persistent datasets, calibration.GROUP.NAME, stand above it.",
        "# Every result keeps this text. Change a line here, or with",
        "#   ccqed belief set cavity.kappa='2pi*152kHz' --why 'ring-down'",
    ]
    for name, group in GROUPS.items():
        lines += ["", f"# {(group.__doc__ or '').splitlines()[0]}", f"[{name}]"]
        believed = getattr(apparatus, name)
        for item, declared in group.declared().items():
            lines.append(f"# {declared.meaning.doc}")
            value = _number(getattr(believed, item), declared)
            unit = declared.meaning.unit
            shown = f'unit = "{unit}", ' if unit else ""
            lines.append(
                f"{item} = {{ value = {value}, {shown}date = {date}, "
                f'source = "{source}" }}'
            )
    return "\n".join(lines) + "\n"


def _number(value: Any, declared: Declared) -> str:
    """Return a value as TOML, in its display unit, to the digits that count."""
    if declared.kind is not float:
        return repr(value)
    shown = f"{value / declared.meaning.scale:.12g}"
    return shown if set(shown) & set(".e") else f"{shown}.0"
