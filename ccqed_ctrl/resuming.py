"""Going on with an earlier run: the same plan, and the shots that it finished."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from .errors import ParameterError
from .records import SHOTS, Entry, Record, ShotRecord
from .records.declaration import SHAPE, Datasets

_SCANNED = ShotRecord.scanned.key


class Earlier(Datasets, Protocol):
    """An earlier run, opened."""

    @property
    def title(self) -> str:
        """What to call it in messages."""

    @property
    def shots(self) -> int:
        """How many shots it finished."""


def in_order(earlier: Earlier, name: str, values: Sequence[Any]) -> tuple[Any, ...]:
    """Return the values of a scan in the order in which an earlier run had them.

    A scan in random order has another one each time it is made. Other values than the
    earlier ones stay as they are, to be refused by `check`.

    Parameters
    ----------
    earlier : Earlier
    name : str
        "group.field" of what is scanned.
    values : sequence
        Those asked for now.
    """
    names = list(earlier.get(_SCANNED)) if earlier.has(_SCANNED) else []
    if name not in names:
        return tuple(values)
    shape = [int(size) for size in earlier.get(SHAPE)]
    stored = np.reshape(earlier.get(f"settings.{name}"), shape)
    axis = names.index(name)
    before = np.moveaxis(stored, axis, 0).reshape(shape[axis], -1)[:, 0].tolist()
    return tuple(before if sorted(before) == sorted(values) else values)


def check(earlier: Earlier, plan: Mapping[Entry, Any], points: Sequence[int]) -> None:
    """Refuse an earlier run that was planned otherwise.

    Parameters
    ----------
    earlier : Earlier
    plan : mapping
        All that is planned and set now, but what each shot has.
    points : sequence of int
        Of each shot that is wanted now.

    Raises
    ------
    ParameterError
        Naming what differs, or that nothing is left to be done.
    """
    for entry, value in plan.items():
        if entry.key.startswith("settings.run."):
            continue
        stored = earlier.get(entry.key) if earlier.has(entry.key) else None
        if stored is None or not np.array_equal(stored, np.asarray(value)):
            raise ParameterError(
                f"{earlier.title} cannot be gone on with: it had {entry.key} = "
                f"{_shown(stored)}, now it is {_shown(value)}; give the same arguments"
            )
    done = earlier.shots
    if done >= len(points):
        raise ParameterError(
            f"{earlier.title} has {done} shots, and {len(points)} are asked for: "
            "nothing is left to be done; ask for more shots"
        )
    if [int(point) for point in earlier.get("shot.point")] != list(points[:done]):
        raise ParameterError(
            f"{earlier.title} had another number of shots at each point of its scan; "
            "give the same"
        )


def finished(earlier: Earlier, record: type[Record]) -> Iterator[dict[Entry, Any]]:
    """Return the rows of each shot that an earlier run finished."""
    kept = [
        entry
        for entry in record.entries()
        if entry.axes[:1] == (SHOTS,) and earlier.has(entry.key)
    ]
    for index in range(earlier.shots):
        rows = {entry: earlier.row(entry.key, index) for entry in kept}
        yield {ShotRecord.rejected: ""} | rows  # older files do not have it


def _shown(value: Any) -> str:
    return (
        "nothing" if value is None else np.array2string(np.asarray(value), threshold=4)
    )
