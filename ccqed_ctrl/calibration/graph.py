"""What depends on what: which calibrations still hold, and which to run next.

After Kelly et al., "Physical qubit calibration on a directed acyclic graph"
(arXiv:1803.03226). A calibration gives values that are believed, and rests on others; a
record names, by their ids, the ones it was measured with.
"""

from __future__ import annotations

import graphlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from ..errors import CalibrationError
from ..units import angular
from .record import Record

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
#: Share of its validity after which a record is due.
DUE: Final = 0.75


@dataclass(frozen=True)
class Node:
    """One calibration: the experiment of its name in repository/calibrations.

    gives: "group.field" of what it measures, each with the change (SI) that matters to
    nobody: a value found again to within that is the same value. needs: what it rests
    on. validity: s.
    """

    gives: Mapping[str, float]
    needs: tuple[str, ...]
    validity: float


#: The laboratory's calibrations (lab.md 4).
GRAPH: Final[Mapping[str, Node]] = {
    "camera_background": Node(
        gives={
            "imaging.offset": 1.0,
            "imaging.electrons_per_count": 0.01,
            "imaging.read_noise": 0.1,
        },
        needs=(),
        validity=7 * DAY,
    ),
    "cavity_spectrum": Node(
        # A hundredth of kappa; of Delta_C half a per cent of the couplings.
        gives={
            "cavity.kappa": angular(1.5e3),
            "cavity.pump_detuning": angular(15e3),
        },
        needs=(),
        validity=DAY,
    ),
    "cavity_axis": Node(
        # An offset d turns J_ij by 2 d.(r_i + r_j)/w0^2: 0.1 um costs nothing.
        gives={"axis.x": 0.1e-6, "axis.y": 0.1e-6},
        needs=("camera_background",),
        validity=4 * HOUR,
    ),
    "tweezer_map": Node(
        # 0.1 um, 50 um from the axis.
        gives={
            **dict.fromkeys(("traps.xx", "traps.xy", "traps.yx", "traps.yy"), 2e-3),
            **dict.fromkeys(("traps.x", "traps.y"), 0.1e-6),
        },
        needs=("cavity_axis",),
        validity=DAY,
    ),
    "cloud_size": Node(
        # 10 % cost a tenth of the recalls.
        gives={"cloud.size": 0.04e-6},
        needs=("tweezer_map",),
        validity=DAY,
    ),
    "emission_phase": Node(
        # The sign of all spins is told up to half pi.
        gives={"imaging.phase": 0.1},
        needs=("camera_background", "tweezer_map"),
        validity=4 * HOUR,
    ),
    "drive_phase": Node(
        # The field goes as the cosine.
        gives={"longitudinal.phase": 0.1},
        needs=("emission_phase",),
        validity=4 * HOUR,
    ),
    "pump_threshold": Node(
        # 2 % of the power.
        gives={"pump_calibration.rabi_frequency_1v": 9e6},
        needs=("camera_background", "cloud_size"),
        validity=4 * HOUR,
    ),
}


class State(StrEnum):
    """How a calibration is; its text is what tables say."""

    green = "green"
    amber = "amber"
    red = "red"


@dataclass(frozen=True)
class Status:
    """How one calibration is, and why.

    id: of its measurement; empty: never measured. age: s since it was found to hold.
    """

    state: State
    reason: str
    id: str = ""
    age: float | None = None

    @property
    def due(self) -> bool:
        """Whether running it, and not one of those it rests on, mends something."""
        return self.state is not State.green and not self.reason.startswith("rests on")


def order(graph: Mapping[str, Node] = GRAPH) -> tuple[str, ...]:
    """Return all calibrations, each after what it rests on, else as they are listed.

    Raises
    ------
    CalibrationError
        One rests on itself, or on one that there is not.
    """
    unknown = {need for node in graph.values() for need in node.needs} - set(graph)
    if unknown:
        raise CalibrationError(f"no calibration is called {', '.join(sorted(unknown))}")
    sorter = graphlib.TopologicalSorter({name: graph[name].needs for name in graph})
    try:
        return tuple(sorter.static_order())
    except graphlib.CycleError as error:
        circle = " <- ".join(error.args[1])
        raise CalibrationError(f"calibrations rest on themselves: {circle}") from error


def ancestors(name: str, graph: Mapping[str, Node] = GRAPH) -> frozenset[str]:
    """Return all that a calibration rests on, at whatever distance."""
    needs = frozenset(graph[name].needs)
    return needs.union(*(ancestors(need, graph) for need in needs))


def statuses(
    records: Mapping[str, Record],
    now: datetime,
    graph: Mapping[str, Node] = GRAPH,
) -> dict[str, Status]:
    """Return how every calibration is, in the order in which to run them.

    Green: measured, in time, with what holds now. Amber: never measured, soon due, or
    resting on one that is red. Red: too old; stale, what it was measured with has
    changed; orphaned, what it was measured with is gone, or its values are not of one
    run. Records of calibrations that there are not come last, red.

    records: by "group.field".
    """
    found: dict[str, Status] = {}
    for name in order(graph):
        mine = {of: records[of] for of in graph[name].gives if of in records}
        status = _own(name, graph[name], mine, now)
        found[name] = _with_parents(status, graph[name], mine, found)
    given = {of: name for name, node in graph.items() for of in node.gives}
    for of, record in records.items():
        if record.by and record.by != given.get(of):
            reason = f"orphaned: there is no calibration {record.by!r} that gives {of}"
            found[record.by if record.by not in graph else given.get(of, of)] = Status(
                State.red, reason, record.id
            )
    return found


def _own(name: str, node: Node, records: Mapping[str, Record], now: datetime) -> Status:
    """Return how a calibration is by its own records."""
    if not records:
        return Status(State.amber, "never measured")
    some = next(iter(records.values()))
    if not all(record.by for record in records.values()):
        return Status(State.amber, "stored by no calibration", some.id)
    ids = {record.id for record in records.values()}
    if len(records) < len(node.gives) or len(ids) > 1:
        missing = [of for of in node.gives if of not in records]
        lacking = f"no {', '.join(missing)}" if missing else "values of several runs"
        return Status(State.red, f"orphaned: {lacking}", some.id)
    age = some.age(now)
    validity = node.validity if some.validity is None else some.validity
    if age is None:
        return Status(State.red, f"measured at no known time ({some.time!r})", some.id)
    if age > validity:
        reason = f"too old: valid for {duration(validity)}"
        return Status(State.red, reason, some.id, age)
    if age > DUE * validity:
        return Status(State.amber, f"due in {duration(validity - age)}", some.id, age)
    return Status(State.green, f"measured by {name}", some.id, age)


def _with_parents(
    own: Status,
    node: Node,
    records: Mapping[str, Record],
    found: Mapping[str, Status],
) -> Status:
    """Return the status once those that it rests on are looked at."""
    if own.state is State.red or not own.id or own.age is None:
        return own
    used = next(iter(records.values())).parents
    for need in node.needs:
        then, now = used.get(need, ""), found[need].id
        if then == now:
            continue
        reason = f"stale: {need} was measured anew ({run_of(now)})"
        if not now:
            reason = f"orphaned: {need} ({run_of(then)}) is gone"
        return Status(State.red, reason, own.id, own.age)
    for need in node.needs:
        if found[need].state is State.red or found[need].reason.startswith("rests on"):
            reason = f"rests on {need}"
            return Status(State.amber, reason, own.id, own.age)
    return own


def run_of(record_id: str) -> str:
    """Return the run of a record's id, as people say it."""
    return f"run {record_id.partition('@')[0]}"


def due(found: Mapping[str, Status], wanted: Iterable[str] = ()) -> list[str]:
    """Return which calibrations to run, in order: those wanted, else all that are due.

    What rests on a red one alone may hold again once that is measured.
    """
    names = set(wanted) or {name for name in found if found[name].due}
    return [name for name in found if name in names]


def refusal(found: Mapping[str, Status], needed: Iterable[str]) -> str:
    """Return why nothing may rest on `needed`, and what mends it; empty if it may."""
    red = [name for name in needed if found[name].state is State.red]
    if not red:
        return ""
    said = "; ".join(f"{name} is {found[name].reason}" for name in red)
    return (
        f"calibrations do not hold: {said}. Mend it with `ccqed calibrations --run`, "
        "say that one holds with `ccqed calibrations --accept NAME --why TEXT`, or run "
        "all the same with stale=True"
    )


def duration(seconds: float) -> str:
    """Return a time span as people say it."""
    for unit, size in (("d", DAY), ("h", HOUR), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
