"""Points of a scan: the product of what is to be scanned, settings at each."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from .arguments import Arguments
from .belief import GROUPS, Apparatus, Belief, Source
from .errors import ParameterError
from .notation import MOST_POINTS
from .quantities import Parameters


@dataclass(frozen=True)
class Point:
    """One point: the groups that are chosen, and what is believed, there."""

    chosen: Mapping[str, Parameters]
    apparatus: Apparatus

    @property
    def groups(self) -> dict[str, Parameters]:
        """Every group by name, the chosen ones first."""
        believed = {
            item.name: getattr(self.apparatus, item.name)
            for item in fields(self.apparatus)
        }
        return {**self.chosen, **believed}


@dataclass(frozen=True)
class Scans:
    """All points of a run, in order.

    names: "group.field" of each scan, slowest first. shape: points of each. points: of
    the product. sources: of every believed value, by "group.field".
    """

    names: tuple[str, ...]
    shape: tuple[int, ...]
    points: tuple[Point, ...]
    sources: Mapping[str, Source]


def product(handles: Mapping[str, Arguments[Any]], belief: Belief) -> Scans:
    """Return the points that the handles' scans span.

    A handle of a believed group supersedes what is believed.

    Raises
    ------
    ParameterError
        A value out of bounds, or more points than `MOST_POINTS`.
    """
    scans = {
        (group, name): values
        for group, handle in handles.items()
        for name, values in handle.scans.items()
    }
    shape = tuple(len(values) for values in scans.values())
    total = 1
    for size in shape:
        total *= size
    if total > MOST_POINTS:
        raise ParameterError(
            f"the scans of {', '.join(f'{g}.{n}' for g, n in scans)} span {total} "
            f"points; at most {MOST_POINTS}"
        )
    points = tuple(
        _point(handles, belief.apparatus, dict(zip(scans, values, strict=True)))
        for values in itertools.product(*scans.values())
    )
    names = tuple(f"{group}.{name}" for group, name in scans)
    return Scans(names, shape, points, _sources(handles, belief))


def _point(
    handles: Mapping[str, Arguments[Any]],
    believed: Apparatus,
    values: Mapping[tuple[str, str], Any],
) -> Point:
    made = {}
    for group, handle in handles.items():
        mine = {
            name: value for (owner, name), value in values.items() if owner == group
        }
        made[group] = handle.collect(mine, getattr(believed, group, None))
    apparatus = {name: made.pop(name) for name in list(made) if name in GROUPS}
    return Point(made, Apparatus(**(vars(believed) | apparatus)))


def _sources(
    handles: Mapping[str, Arguments[Any]], belief: Belief
) -> dict[str, Source]:
    asked = {
        f"{group}.{name}": Source("argument")
        for group, handle in handles.items()
        if group in GROUPS
        for name in (*handle.given, *handle.scans)
    }
    return dict(belief.sources) | asked
