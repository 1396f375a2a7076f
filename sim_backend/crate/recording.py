"""The plant of a device database that names none: it remembers, and plays scripts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from ccqed_ctrl import checks
from ccqed_ctrl.errors import ParameterError

from .events import Event
from .plant import Laboratory

#: Changes of a wired input that wait to be looked at; an endless kernel makes more.
REMEMBERED = 1 << 15

#: Changes of one input: (time_mu, value), by time.
Steps = list[tuple[int, float]]


class RecordingPlant:
    """Wires from outputs to inputs, and inputs by script; else nothing happens.

    Parameters
    ----------
    wires
        Output's device_db key to that of the digital input it is connected to.
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
        wires: Mapping[str, str] | None = None,
        inputs: Mapping[str, Sequence[tuple[int, float]]] | None = None,
    ) -> None:
        self._wires: dict[str, list[str]] = {}
        for output, driven in (wires or {}).items():
            self._wires.setdefault(output, []).append(driven)
        self._steps = {
            _input(name): _script(name, steps) for name, steps in (inputs or {}).items()
        }

    def advance(self, events: list[Event], until_mu: int) -> None:
        """Carry levels over the wires."""
        del until_mu
        for event in events:
            if event.signal == "level":
                for driven in self._wires.get(event.channel, ()):
                    steps = self._steps.setdefault((driven, "level"), [])
                    steps.append((event.time_mu, event.value))
                    if len(steps) > 2 * REMEMBERED:
                        del steps[:REMEMBERED]

    def observe(self, channel: str, signal: str, time_mu: int) -> float:
        """Return the value of an input by its script or wire, 0 without."""
        steps = self._steps.get((channel, signal), [])
        index = bisect_right(steps, time_mu, key=lambda step: step[0])
        return steps[index - 1][1] if index else 0.0

    def edges(self, channel: str, start_mu: int, stop_mu: int) -> list[tuple[int, int]]:
        """Return (time_mu, level) of the changes of a digital input in [start, stop)."""
        steps = self._steps.get((channel, "level"), [])
        first = bisect_right(steps, start_mu - 1, key=lambda step: step[0])
        found, level = [], bool(steps[first - 1][1]) if first else False
        for time_mu, value in steps[first:]:
            if time_mu >= stop_mu:
                break
            if bool(value) != level:
                level = bool(value)
                found.append((time_mu, int(level)))
        return found

    def safe_state(self) -> list[str]:
        """Return nothing: what would be safe is not known here."""
        return []


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
