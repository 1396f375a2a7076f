"""From a results file back to the readers that analysed it, other settings allowed.

What is repeated follows from what a file holds, not from which experiment wrote it:
raw frames and positions are decoded, and scored too where there are memories.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np

from ccqed_ctrl import notation
from ccqed_ctrl.errors import ParameterError, SchemaError
from ccqed_ctrl.holograms import HologramRecord
from ccqed_ctrl.memories import MemorySet
from ccqed_ctrl.model.encoder import Encoder
from ccqed_ctrl.model.plan import SURE_FIELD
from ccqed_ctrl.params import Axis, Cavity, Cloud, Cue, Imaging
from ccqed_ctrl.quantities import Declared, Parameters
from ccqed_ctrl.recalling import RecallRecord
from ccqed_ctrl.records import Entry

from ..readout.holograms import HologramReader
from ..readout.scoring import RecallReader
from .run import Run

Group = TypeVar("Group", bound=Parameters)

#: What demodulation, decoding and scoring depend on: groups, and fields of each.
ANALYSED: Final[Mapping[str, tuple[type[Parameters], tuple[str, ...]]]] = {
    "cavity": (Cavity, ("waist", "kappa", "pump_detuning")),
    "cloud": (Cloud, ("size",)),
    "imaging": (Imaging, tuple(set(Imaging.declared()) - {"readout_time"})),
    "axis": (Axis, ("x", "y")),
    "cue": (Cue, ("memory",)),
}
#: What a shot is read from, and what it is scored by.
RAW: Final = (HologramRecord.frames, HologramRecord.saturated)
#: What devices told, of files that have it: the verdict follows from it.
TOLD: Final = (
    HologramRecord.sequence, HologramRecord.pattern_shown, HologramRecord.cavity_locked,
    HologramRecord.occupied, HologramRecord.lateness, HologramRecord.exposure,
)  # fmt: skip
SCORING: Final = (
    RecallRecord.names, RecallRecord.patterns, RecallRecord.image_shape,
    RecallRecord.cued, RecallRecord.encoder, RecallRecord.decoder,
    RecallRecord.condition, RecallRecord.cue,
)  # fmt: skip


def parse_change(text: str) -> tuple[str, Any]:
    """Return "group.field" and value (SI) of `GROUP.FIELD=VALUE`, as `cloud.size=4um`.

    Raises
    ------
    ParameterError
        No such field, one that the analysis does not depend on, or a bad value.
    """
    name, equals, value = text.partition("=")
    group, _, field = name.strip().partition(".")
    if not equals or group not in ANALYSED:
        allowed = ", ".join(ANALYSED)
        raise ParameterError(
            f"a setting is GROUP.FIELD=VALUE with a group of {allowed}; got {text!r}"
        )
    kind, known = ANALYSED[group]
    if field not in known:
        near = difflib.get_close_matches(field, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ParameterError(
            f"the analysis depends on no {field!r} of {group}{hint} "
            f"(it does on {', '.join(sorted(known))})"
        )
    name = f"{group}.{field}"
    return name, _value(_declared(name), value.strip())


def stored_values(run: Run, name: str) -> list[Any]:
    """Return what "group.field" was (SI): its values along the scan, once each.

    A field that is not stored is younger than the file: it had its default.
    """
    group, _, field = name.partition(".")
    default = _declared(name).default
    found = (run.settings(point).get(group, {}) for point in range(run.points))
    return list(dict.fromkeys(settings.get(field, default) for settings in found))


def written(name: str, value: Any) -> str:
    """Return a value of "group.field" as it is typed: "4 um" for 4e-6 of cloud.size."""
    if isinstance(value, str) or value is None:
        return str(value)
    return notation.written(value, _declared(name).meaning.unit)


def _declared(name: str) -> Declared:
    group, _, field = name.partition(".")
    return ANALYSED[group][0].declared()[field]


def _value(declared: Declared, text: str) -> Any:
    if declared.kind is str:
        return declared.validated(text)
    try:
        number = notation.number(text, declared.meaning.unit)
    except ParameterError as error:
        raise ParameterError(f"{declared.label} {error}") from error
    return declared.validated(number)


def obstacle(run: Run) -> str:
    """Say why nothing of a run can be repeated; empty if something can.

    Raises
    ------
    ResultsError
        What is missing is in a journal that cannot be read.
    """
    missing = [e.key for e in (*RAW, HologramRecord.positions) if not run.has(e.key)]
    if missing and run.journal is not None:
        there = run.journal.row_keys  # what `has` keeps to itself is said here
        missing = [key for key in missing if key not in there]
    if missing:
        return f"nothing to repeat: {run.path.name} holds no {' and no '.join(missing)}"
    if run.shots == 0:
        return f"nothing to repeat: {run.path.name} holds no complete shot"
    return ""


@dataclass(frozen=True)
class StoredReader:
    """Reads the stored shots of one point again.

    hologram: decodes frames. recall: scores; None where no memories are stored.
    """

    run: Run
    hologram: HologramReader
    recall: RecallReader | None

    def read(self, index: int) -> dict[Entry, Any]:
        """Return everything that follows from the frames of shot `index`."""
        told = (entry for entry in TOLD if self.run.has(entry.key))
        raw = {entry: self.run.row(entry.key, index) for entry in (*RAW, *told)}
        reading = self.hologram.decode(raw, self._written(index))
        rows = {**reading.rows, HologramRecord.verdict: str(reading.verdict)}
        if self.recall is not None:
            cue = self.run.row(RecallRecord.cue.key, index)
            rows |= self.recall.score(cue, rows[RecallRecord.spins])
        return rows

    def _written(self, index: int) -> Any:
        """Return the state (N,) that the field surely wrote, None if not known."""
        record = HologramRecord
        if not (
            self.run.has(record.couplings.key) and self.run.has(record.dmd_pattern.key)
        ):
            return None
        point = int(self.run.row(record.point.key, index))
        chosen = self.run.settings(point).get("sequence", {})
        if chosen.get("field_ratio", 0.0) < SURE_FIELD:
            return None
        couplings = self.run.at(record.couplings.key, point)
        return np.sign(couplings @ self.run.row(record.dmd_pattern.key, index))


def reader_of(
    run: Run,
    point: int,
    changes: Mapping[str, Any],
    previous: StoredReader | None = None,
) -> StoredReader:
    """Rebuild the reader of one point of a run from its file.

    Parameters
    ----------
    run : Run
    point : int
    changes : mapping of "group.field" to SI value
        Settings to use instead of the stored ones, see `parse_change`.
    previous : StoredReader, optional
        Of another point: its templates serve again where they fit.

    Raises
    ------
    SchemaError
        The file lacks something, or contradicts itself.
    ParameterError
        A change out of its bounds.
    """
    imaging = _group(run, "imaging", Imaging, point, changes)
    _check_frames(run, imaging)
    hologram = HologramReader.of_layout(
        run.at(HologramRecord.positions.key, point),
        _group(run, "cavity", Cavity, point, changes),
        _group(run, "cloud", Cloud, point, changes),
        imaging,
        _group(run, "axis", Axis, point, changes, optional=True),
        None if previous is None else previous.hologram,
    )
    scored = all(run.has(entry.key) for entry in SCORING)
    return StoredReader(
        run, hologram, _recall(run, hologram, point, changes) if scored else None
    )


def _recall(
    run: Run, hologram: HologramReader, point: int, changes: Mapping[str, Any]
) -> RecallReader:
    names, patterns, shape, cued, *encoder, _ = (
        run.at(entry.key, point) for entry in SCORING
    )
    memories = MemorySet(tuple(names), patterns, (int(shape[0]), int(shape[1])))
    if "cue.memory" in changes:
        cued = memories.index(changes["cue.memory"])
    if not 0 <= cued < len(names):
        raise SchemaError(
            f"{run.path.name}: memory {cued} was cued, of {len(names)} stored"
        )
    return RecallReader(hologram, memories, int(cued), Encoder(*encoder))


def _group(
    run: Run,
    name: str,
    kind: type[Group],
    point: int,
    changes: Mapping[str, Any],
    optional: bool = False,
) -> Group:
    """Return a stored group with the changes that concern it.

    A field that is not stored is younger than the file: it has its default; so has an
    optional group.
    """
    stored = run.settings(point).get(name, {} if optional else None)
    if stored is None:
        raise SchemaError(
            f"{run.path.name} has no settings.{name}: it does not say how its frames "
            "are to be read"
        )
    known = {field: stored[field] for field in kind.declared() if field in stored}
    mine = {
        key.removeprefix(f"{name}."): value
        for key, value in changes.items()
        if key.startswith(f"{name}.")
    }
    try:
        group = kind(**known)
    except ParameterError as error:
        raise SchemaError(f"{run.path.name}: {error}") from error
    return group.replace(**mine)


def _check_frames(run: Run, imaging: Imaging) -> None:
    """Refuse an image size that is not the frames', before templates are made."""
    frames = run.row(HologramRecord.frames.key, 0)
    if frames.shape[1:] != (imaging.pixels, imaging.pixels):
        raise SchemaError(
            f"{run.path.name}: frames are {frames.shape[1:]}, but imaging.pixels is "
            f"{imaging.pixels}; give --set imaging.pixels={frames.shape[-1]}"
        )
