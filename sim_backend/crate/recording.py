"""The plant of a device database that names none: it remembers, and plays scripts."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Any

from ccqed_ctrl import checks
from ccqed_ctrl.errors import ParameterError

from .events import Event
from .plant import Laboratory

#: Changes of a wired input that wait to be looked at; an endless kernel makes more.
REMEMBERED = 1 << 15

#: Machine units in a second, for what comes over a wire from a clock.
SECOND = 1e9

#: Changes of one input: (time_mu, value), by time.
Steps = list[tuple[int, float]]


class RecordingPlant:
    """Wires from outputs to inputs, and inputs by script; else nothing happens.

    Parameters
    ----------
    wires
        Output's device_db key (a digital output or a clock) to that of the digital
        input it is connected to, or to several: a pin and the counter of its edges.
    inputs
        ``device`` (a digital input) or ``device.signal`` (``sampler0.adc3``) to its
        (time_mu, value) steps; before the first it is 0.

    Raises
    ------
    ParameterError
        A script that is not of this form.
    """

    def __init__(
        self,
        wires: Mapping[str, str | Sequence[str]] | None = None,
        inputs: Mapping[str, Sequence[tuple[int, float]]] | None = None,
    ) -> None:
        self._wires = {
            output: [driven] if isinstance(driven, str) else list(driven)
            for output, driven in (wires or {}).items()
        }
        self._steps: dict[tuple[str, str], Steps] = {}
        for name, steps in (inputs or {}).items():
            self.script(name, steps)

    def script(self, name: str, steps: Sequence[tuple[int, float]]) -> None:
        """Let an input, named as in `inputs`, follow (time_mu, value) steps.

        Raises
        ------
        ParameterError
            A script that is not of this form.
        """
        self._steps[_input(name)] = _script(name, steps)

    def advance(self, events: list[Event], until_mu: int) -> None:
        """Carry levels, and the frequencies of clocks, over the wires."""
        del until_mu
        for event in events:
            for driven in self._wires.get(event.channel, ()):
                steps = self._steps.setdefault((driven, event.signal), [])
                steps.append((event.time_mu, event.value))
                if len(steps) > 2 * REMEMBERED:
                    del steps[:REMEMBERED]

    def observe(self, channel: str, signal: str, time_mu: int) -> float:
        """Return the value of an input by its script or wire, 0 without."""
        held = self._held(channel, signal, time_mu, time_mu + 1)
        return held[-1][1] if held else 0.0

    def edges(self, channel: str, start_mu: int, stop_mu: int) -> list[tuple[int, int]]:
        """Return (time_mu, level) of each change of an input in [start, stop)."""
        found, level = [], False
        for time_mu, value in self._held(channel, "level", start_mu - 1, stop_mu):
            if bool(value) != level:
                level = bool(value)
                if time_mu >= start_mu:
                    found.append((time_mu, int(level)))
        return found

    def _held(self, channel: str, signal: str, start_mu: int, stop_mu: int) -> Steps:
        """Return the step that holds at the start, if any, and those up to the stop."""
        clock = self._steps.get((channel, "frequency"))
        if clock and signal == "level":
            return _ticks(clock, start_mu, stop_mu)
        steps = self._steps.get((channel, signal), [])
        first = bisect_right(steps, start_mu, key=itemgetter(0))
        last = bisect_left(steps, stop_mu, first, key=itemgetter(0))
        return steps[max(first - 1, 0) : last]

    def safe_state(self) -> list[str]:
        """Return nothing: what would be safe is not known here."""
        return []


def _ticks(clock: Steps, start_mu: int, stop_mu: int) -> Steps:
    """Return the steps of a clock, which goes high when its frequency is set."""
    ticks: Steps = []
    for (begin, frequency), (end, _) in pairwise([*clock, (stop_mu, 0.0)]):
        if begin >= stop_mu:
            break
        if frequency == 0:
            ticks.append((begin, 0.0))
            continue
        half = SECOND / frequency / 2
        count = max(0, int((start_mu - begin) // half))
        while (time_mu := begin + round(count * half)) < min(end, stop_mu):
            ticks.append((time_mu, float(count % 2 == 0)))
            count += 1
    return ticks


def _input(name: str) -> tuple[str, str]:
    channel, _, signal = name.partition(".")
    return channel, signal or "level"


def _script(name: str, steps: Any) -> Steps:
    made: Steps = []
    for step in steps:
        try:
            time_mu, value = step
        except (TypeError, ValueError):
            message = f"input {name!r}: steps are (time_mu, value); got {step!r}"
            raise ParameterError(message) from None
        time_mu = checks.integer(f"time of input {name!r}", time_mu, 0)
        made.append((time_mu, checks.number(f"input {name!r}", value)))
    return sorted(made)


def record(
    wiring: Mapping[str, str], truth: Mapping[str, Any], seed: int
) -> RecordingPlant:
    """Return a plant; its wires and scripts stand in the device database."""
    del wiring, seed
    return RecordingPlant(truth.get("wires"), truth.get("inputs"))


LABORATORY = Laboratory(plant=f"{__name__}:record")
