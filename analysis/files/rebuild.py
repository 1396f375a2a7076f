"""From a results file back to the reader that analysed it, other settings allowed."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, TypeVar

from ccqed_ctrl import checks
from ccqed_ctrl.errors import ParameterError, SchemaError
from ccqed_ctrl.memories import MemorySet
from ccqed_ctrl.model.encoder import Encoder
from ccqed_ctrl.params import Cavity, Cloud, Imaging, Parameters
from ccqed_ctrl.schema import GROUPS

from ..readout.decode import Decoder
from ..readout.scoring import RecallReader
from .records import Record

Group = TypeVar("Group", bound=Parameters)

#: What demodulation, decoding and scoring depend on: group and fields.
ANALYSED: dict[str, tuple[str, ...]] = {
    "cavity": ("waist", "kappa", "pump_detuning"),
    "cloud": ("size",),
    "imaging": tuple(name for name in Imaging.quantities() if name != "readout_time"),
    "memory": ("memory",),
}


def parse_change(text: str) -> tuple[str, Any]:
    """Return name and value of `GROUP.FIELD=VALUE`, SI values.

    Raises
    ------
    ParameterError
        No such field, or one that the analysis does not depend on.
    """
    name, equals, value = text.partition("=")
    group, _, field = name.strip().partition(".")
    if not equals or group not in ANALYSED:
        allowed = ", ".join(ANALYSED)
        raise ParameterError(
            f"a setting is GROUP.FIELD=VALUE with a group of {allowed}; got {text!r}"
        )
    known = ANALYSED[group]
    if field not in known:
        near = difflib.get_close_matches(field, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ParameterError(
            f"the analysis depends on no {field!r} of {group}{hint} "
            f"(it does on {', '.join(known)})"
        )
    try:
        number = float(value)
    except ValueError as error:
        raise ParameterError(f"{name} must be a number; got {value!r}") from error
    return f"{group}.{field}", checks.number(name, number)


def stored_settings(record: Record, name: str) -> Parameters:
    """Return one parameter group as the run used it.

    From `settings.`, field by field; files from before those exist have resolved or
    given arguments, and what was no argument had its default.

    Raises
    ------
    SchemaError
        A value that the group does not allow.
    """
    group = GROUPS[name]
    found = {}
    for field in group.quantities():
        key = f"settings.{name}.{field}"
        if record.has(key):
            found[field] = record.get(key)
        elif field in record.header.arguments:
            found[field] = record.header.arguments[field]
    try:
        return group(**found)
    except ParameterError as error:
        raise SchemaError(f"{record.path.name}: {error}") from error


def reader_of(record: Record, changes: Mapping[str, Any] | None = None) -> RecallReader:
    """Rebuild the reader of a run from its file.

    Parameters
    ----------
    record : Record
    changes : mapping of "group.field" to SI value, optional
        Settings to use instead of the stored ones, see `parse_change`.

    Raises
    ------
    SchemaError
        The file lacks something, or contradicts itself.
    ParameterError
        A change out of its bounds.
    """
    wanted = changes or {}
    cavity = _changed(record, "cavity", Cavity, wanted)
    cloud = _changed(record, "cloud", Cloud, wanted)
    imaging = _changed(record, "imaging", Imaging, wanted)
    _check_frames(record, imaging)
    cued = record.get("memory.cued")
    if "memory.memory" in wanted:
        cued = checks.integer("memory.memory", wanted["memory.memory"], 0)
    names = record.get("memory.names")
    if not 0 <= cued < len(names):
        raise ParameterError(
            f"memory.memory must be below {len(names)}, the number of stored memories; "
            f"got {cued}"
        )
    return RecallReader(
        memories=_memories(record, names),
        cued=cued,
        cues=record.get("shot.cue"),
        encoder=Encoder(
            record.get("plan.encoder"),
            record.get("plan.decoder"),
            record.get("memory.condition"),
        ),
        imaging=imaging,
        decoder=Decoder.of_layout(record.get("plan.positions"), cavity, cloud, imaging),
    )


def _check_frames(record: Record, imaging: Imaging) -> None:
    """Refuse an image size that is not the frames', before templates are made."""
    frames = record.row("shot.frames", 0)
    if frames.shape[1:] != (imaging.pixels, imaging.pixels):
        raise SchemaError(
            f"{record.path.name}: frames are {frames.shape[1:]}, but imaging.pixels is "
            f"{imaging.pixels}"
        )


def _memories(record: Record, names: list[str]) -> MemorySet:
    patterns = record.get("memory.patterns")
    rows, columns = (int(side) for side in record.get("memory.shape"))
    return MemorySet(tuple(names), patterns, (rows, columns))


def _changed(
    record: Record, name: str, group: type[Group], changes: Mapping[str, Any]
) -> Group:
    """Return a stored group with the changes that concern it."""
    stored = stored_settings(record, name)
    mine = {
        key.partition(".")[2]: value
        for key, value in changes.items()
        if key.partition(".")[0] == name
    }
    return group.from_dict(stored.to_dict() | mine)
