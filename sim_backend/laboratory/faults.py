"""What can go wrong, by name: at a shot, a time, an RTIO event, or with a probability.

Faults are part of the truth: experiments never learn of them but by what they do.
docs/faults.md says how each shows, and what a run makes of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl import checks
from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.rng import stream

from .controls import Setting

#: How much later than triggered a late exposure begins, s.
LATENESS: Final = 40e-6
#: How long after the preparation of the atoms a lock is lost, s.
HELD: Final = 100e-6
#: Electrons of a flash of stray light in each pixel: more than a camera counts.
FLASH: Final = 1e6
#: How long the core device's CPU stands still before an underflow, s.
STALL: Final = 1.0

_RULE: Final = re.compile(
    r"(?P<name>\w+)@(?P<when>shot|p|time|event)=(?P<value>[\w.+-]+)"
)


class Fault(StrEnum):
    """A fault: its name, where it acts, and what happens there."""

    where: str
    meaning: str

    dropped_frame = "dropped_frame", "camera", "the first frame is lost on its way"
    buffer_overrun = "buffer_overrun", "camera", "only the first frame finds a buffer"
    stale_frame = (
        "stale_frame", "camera", "its buffer still holds the last frame before",
    )  # fmt: skip
    frame_saturated = "frame_saturated", "camera", "stray light floods the first frame"
    late_trigger = (
        "late_trigger",
        "trigger line",
        "the second exposure begins 40 us late",
    )
    controller_slow = (
        "controller_slow",
        "camera's controller",
        "it does not answer in time",
    )
    connection_cut = "connection_cut", "camera's controller", "one connection breaks"
    controller_killed = "controller_killed", "camera's controller", "the process dies"
    dmd_slip = "dmd_slip", "DMD", "a trigger is lost: what was shown before stays"
    pattern_left = "pattern_left", "DMD", "another run shows a pattern of its own"
    dmd_full = "dmd_full", "DMD", "its memory takes no pattern any more"
    site_lost = "site_lost", "tweezers", "one trap loses its atoms, until loaded again"
    sites_merged = (
        "sites_merged", "tweezers", "one trap's atoms fall into the nearest other one",
    )  # fmt: skip
    cavity_unlocked = (
        "cavity_unlocked",
        "lock",
        "it loses the cavity in the shot, until locked again",
    )
    pump_dead = "pump_dead", "pump", "its AOM lets no light through"
    reference_flipped = "reference_flipped", "reference", "its phase turns by pi"
    rtio_underflow = (
        "rtio_underflow",
        "core device",
        "its CPU stands still for a second",
    )

    def __new__(cls, word: str, where: str, meaning: str) -> Self:
        """Make the member that is `word`."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.where, member.meaning = where, meaning
        return member


#: Those that act as the next shot is set up, before its atoms are prepared.
BEFOREHAND: Final = frozenset({Fault.dmd_slip, Fault.pattern_left, Fault.dmd_full})


@dataclass(frozen=True)
class Rule:
    """When a fault strikes: once at a shot (from 0), or from a time on, s, at the next.

    Or in every shot with a probability; or before an output event, from 0, of a run.
    """

    fault: Fault
    shot: int = -1
    probability: float = 0.0
    event: int = -1
    time: float | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read NAME@shot=N, NAME@p=P or NAME@time=S; of an underflow NAME@event=N.

        Raises
        ------
        ParameterError
            Anything else.
        """
        found = _RULE.fullmatch(text) if isinstance(text, str) else None
        if found is None or found["name"] not in list(Fault):
            raise ParameterError(
                "a fault is NAME@shot=N, NAME@p=P, NAME@time=SECONDS or "
                f"rtio_underflow@event=N, with NAME one of {', '.join(Fault)}; "
                f"got {text!r}"
            )
        fault, when = Fault[found["name"]], found["when"]
        if (when == "event") != (fault is Fault.rtio_underflow):
            raise ParameterError(
                f"of all faults, only rtio_underflow strikes at an event; got {text!r}"
            )
        try:
            value = float(found["value"])
        except ValueError as error:
            raise ParameterError(f"fault {text!r}: {error}") from error
        if when == "p":
            probability = checks.number(f"fault {fault}: p", value, 0.0, 1.0)
            return cls(fault, probability=probability)
        if when == "time":
            return cls(fault, time=checks.number(f"fault {fault}: time", value, 0.0))
        return cls(fault, **{when: checks.integer(f"fault {fault}: {when}", value, 0)})


@dataclass
class Armed:
    """A rule as it is written, and what became of it.

    It acts from the shot `since` on; in shot `cleared` it was taken back, None while it
    is not. `struck` is the last shot that it spoilt, -1 without.
    """

    text: str
    rule: Rule
    since: int
    cleared: int | None = None
    struck: int = -1

    @property
    def acts(self) -> bool:
        """Whether it was not taken back."""
        return self.cleared is None

    def strikes(self, shot: int, seed: int) -> bool:
        """Return whether it spoils a shot; of chance by a stream of `seed`."""
        if shot < self.since or (self.cleared is not None and shot > self.cleared):
            return False
        struck = self.rule.shot == shot
        if self.rule.probability:
            drawn = stream(seed, f"fault {self.rule.fault}", shot).random()
            struck = bool(drawn < self.rule.probability)
        if struck:
            self.struck = shot
        return struck


class Faults:
    """Which faults strike in which shot; a shot begins with the atoms' preparation.

    `clock` tells the time of the plant, s. Armed and cleared in the middle of a shot,
    rules change the next one: a shot is whole with a fault, or without.
    """

    def __init__(
        self,
        texts: Iterable[str] = (),
        seed: int = 0,
        clock: Callable[[], float] = float,
    ) -> None:
        self._seed, self._clock = seed, clock
        self.shot = -1
        self.rules: list[Armed] = []
        for text in texts:
            self.arm(text)
        self._triggers = 0
        self._spilt: list[tuple[int, int | None]] = []

    def arm(self, text: str) -> None:
        """Let a fault strike, from the next shot on (`Rule.parse`).

        Raises
        ------
        ParameterError
            No fault, or a shot that has begun.
        """
        rule, since = Rule.parse(text), self.shot + 1
        if 0 <= rule.shot < since:
            raise ParameterError(
                f"fault {text!r}: the next shot of this plant is {since}; "
                f"{rule.fault}@time=0 strikes there"
            )
        self.rules.append(Armed(text, rule, since))

    def clear(self, text: str = "") -> list[str]:
        """Take back a rule as it was written, a fault by name, or all; return which.

        Raises
        ------
        ParameterError
            Nothing of that is armed.
        """
        found = [
            armed
            for armed in self.rules
            if armed.acts and text in ("", armed.text, armed.rule.fault)
        ]
        if text and not found:
            known = ", ".join(one.text for one in self.rules if one.acts) or "none"
            raise ParameterError(f"no fault {text!r} is armed; armed are: {known}")
        for armed in found:
            armed.cleared = self.shot
        return [armed.text for armed in found]

    def armed_since(self, shot: int) -> list[str]:
        """Return what is armed, or was when a shot or a later one was to begin."""
        return [
            one.text for one in self.rules if one.cleared is None or one.cleared >= shot
        ]

    def begin(self, sites: NDArray[np.float64]) -> None:
        """Begin the next shot; atoms of sites (N, 2) m may leave their trap."""
        self.shot += 1
        self._triggers = 0
        self._come(set(Fault) - BEFOREHAND)
        lost, merged = map(self.now, (Fault.site_lost, Fault.sites_merged))
        if (lost or merged) and len(sites) > 1:
            draw = stream(self._seed, "fault befalls", self.shot)
            site = int(draw.integers(len(sites)))
            distance = np.linalg.norm(sites - sites[site], axis=1)
            nearest = int(np.argsort(distance)[1])
            self._spilt.append((site, nearest if merged else None))

    def load(self) -> None:
        """Fill every trap again."""
        self._spilt.clear()

    def carry(self, traps: NDArray[np.intp]) -> None:
        """Leave on only `traps` (N,), as the sites from now on."""
        now = {trap: site for site, trap in enumerate(traps.tolist())}
        self._spilt = [
            (now[site], now.get(other)) for site, other in self._spilt if site in now
        ]

    def spill(self, atoms: NDArray[np.float64]) -> None:
        """Take away, from atom numbers (N,), what has left its trap."""
        for site, other in self._spilt:
            if other is not None:
                atoms[other] += atoms[site]
            atoms[site] = 0

    def lateness(self, ref_period: float) -> int:
        """Return by how much this trigger's exposure is late, mu."""
        self._triggers += 1
        late = self._triggers == 2 and self.now(Fault.late_trigger)
        return round(LATENESS / ref_period) if late else 0

    def now(self, fault: Fault) -> bool:
        """Return whether a fault strikes in the present shot."""
        return self._strikes(fault, self.shot)

    def coming(self, fault: Fault) -> bool:
        """Return whether a fault strikes what is set up for the next shot."""
        self._come({fault}, 1)
        return self._strikes(fault, self.shot + 1)

    def lasts(self, fault: Fault) -> bool:
        """Return whether a fault has struck, and its rule was not taken back since."""
        return any(
            armed.acts and armed.struck >= 0 and armed.rule.fault is fault
            for armed in self.rules
        )

    def _come(self, faults: Collection[Fault], ahead: int = 0) -> None:
        """Let rules whose time has come strike in this shot, or `ahead` of it."""
        for armed in self.rules:
            fault, due = armed.rule.fault, armed.rule.time
            if due is not None and fault in faults and due <= self._clock():
                shot = self.shot + ahead
                armed.text, armed.rule = f"{fault}@shot={shot}", Rule(fault, shot)

    def _strikes(self, fault: Fault, shot: int) -> bool:
        # Each is asked, so that each knows.
        struck = [
            armed.strikes(shot, self._seed)
            for armed in self.rules
            if armed.rule.fault is fault
        ]
        return any(struck)

    def alter(self, setting: Setting) -> Setting:
        """Return what acts on atoms and camera of what is commanded."""
        dead = self.now(Fault.pump_dead)
        return replace(setting, rabi_frequency=0.0) if dead else setting

    def stalls(self) -> dict[int, float]:
        """Return before which output events the CPU stands still, for how long, s."""
        events = [armed.rule.event for armed in self.rules if armed.acts]
        return {event: STALL for event in events if event >= 0}
