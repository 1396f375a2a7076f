"""One run on the twin, for tests: what the wires did, by the laboratory's names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ccqed_ctrl.errors import TimelineError
from sim_backend.crate.events import Timeline

from . import devices, runner


@dataclass(frozen=True)
class Rehearsal:
    """What a run did; times are in s since the first event on any named channel.

    `channels` maps each name of the device database, aliases too, to its device.
    `datasets` are those of the result file.
    """

    timeline: Timeline
    channels: dict[str, str]
    ref_period: float
    datasets: dict[str, Any]
    minimum_slack: float | None
    left_on: list[str]

    def pulses(self, channel: str) -> list[tuple[float, float]]:
        """Return (start, stop) in s of each time a digital output was high."""
        found = self.timeline.pulses(self._device(channel))
        return [(self._time(start), self._time(stop)) for start, stop in found]

    def value(self, channel: str, signal: str, at: float | None = None) -> float:
        """Return what a signal was at a time in s, or at the end; 0 before any event.

        Raises
        ------
        TimelineError
            There is no such channel, or nothing happened on it.
        """
        moment = None if at is None else self._start + round(at / self.ref_period)
        return self.timeline.value(self._device(channel), signal, moment)

    def steps(self, channel: str, signal: str) -> list[tuple[float, float]]:
        """Return (time in s, value) of each change of a signal.

        Raises
        ------
        TimelineError
            There is no such channel, or nothing happened on it.
        """
        track = self.timeline.track(self._device(channel), signal)
        return [(self._time(time_mu), value) for time_mu, value in track]

    @property
    def _start(self) -> int:
        named = set(self.timeline.names.values())
        times = (e.time_mu for e in self.timeline.events if e.channel in named)
        return next(times, 0)

    def _time(self, time_mu: int) -> float:
        return (time_mu - self._start) * self.ref_period

    def _device(self, channel: str) -> str:
        if channel not in self.channels:
            message = f"no channel {channel!r} in the device database"
            raise TimelineError(message)
        return self.channels[channel]


def rehearse(
    file: Path,
    folder: Path,
    *,
    class_name: str | None,
    seed: int,
    twin: dict[str, Any],
    arguments: dict[str, Any],
) -> Rehearsal:
    """Run an experiment; results and datasets go into `folder`.

    Raises
    ------
    ExperimentError
        The file, class or an argument is not what was asked for.
    TimelineError
        The experiment uses no device of the core.
    Exception
        Whatever the experiment raises.
    """
    request = runner.Request(
        file=file,
        class_name=class_name,
        arguments=arguments,
        dataset_db=folder / "dataset_db.sqlite",
        results=folder / "results",
        seed=seed,
        twin=twin,
        history=True,
    )
    outcome = runner.run(request)
    if outcome.error is not None:
        raise outcome.error
    if outcome.plant is None:
        raise TimelineError(f"{outcome.class_name} uses no device of the core")
    database = devices.load_device_db(devices.find_device_db(file))
    return Rehearsal(
        outcome.plant.timeline,
        {name: _resolved(database, name) for name in database},
        outcome.core.ref_period,
        outcome.datasets.local,
        outcome.minimum_slack,
        outcome.plant.safe_state(),
    )


def _resolved(database: dict[str, Any], name: str) -> str:
    while isinstance(database[name], str):
        name = database[name]
    return name
