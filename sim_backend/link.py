"""Between the core device and the plant: events down, readings up."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from numpy.typing import NDArray

from ccqed_ctrl.errors import DeviceError
from sim_backend.plant import Plant
from sim_backend.scenario import Scenario

from .timeline import Event, Timeline


class DrivenPlant(Protocol):
    """What the link asks of a plant; the twin's is `sim_backend.plant.Plant`."""

    def advance(self, events: list[Event], until_mu: int) -> None:
        """Live through the events, in time order, up to `until_mu`."""

    def observe(self, channel: str, signal: str, time_mu: int) -> float:
        """Return what an input of the core device sees at `time_mu`."""

    def safe_state(self) -> list[str]:
        """Return the names of wired actuators that are not in their safe state."""


@runtime_checkable
class EdgeSource(Protocol):
    """A plant that also drives digital inputs."""

    def edges(self, channel: str, start_mu: int, stop_mu: int) -> list[tuple[int, int]]:
        """Return (time_mu, level) of each change of an input in [start, stop)."""


@runtime_checkable
class FrameSource(Protocol):
    """A plant with a camera on the core device's frame grabber."""

    def frames(
        self, channel: str, start_mu: int, stop_mu: int
    ) -> list[tuple[int, NDArray[Any]]]:
        """Return (time_mu, counts (ny, nx)) of each frame sent in [start, stop)."""


class Link:
    """The device `plant` of a simulated device_db: the twin behind the wires.

    Parameters
    ----------
    dmgr
        ARTIQ's device manager; unused, but every device is given one.
    wiring
        Role in the laboratory to the device_db key that plays it.
    scenario
        What is true of the simulated laboratory, as `Scenario.to_dict` gives it.
    seed
        Root of the plant's random streams.
    plant
        Another plant than the one scenario, wiring and seed make; for tests.
    """

    def __init__(
        self,
        dmgr: Any,  # noqa: ARG002
        wiring: dict[str, str],
        scenario: dict[str, Any] | None = None,
        seed: int = 0,
        *,
        plant: DrivenPlant | None = None,
    ) -> None:
        self.wiring = dict(wiring)
        self.timeline = Timeline(self.wiring)
        if plant is None:
            plant = Plant(Scenario.from_dict(scenario or {}), self.wiring, seed)
        self.plant = plant

    def output(self, time_mu: int, channel: str, signal: str, value: float) -> None:
        """Record that a device's output changed.

        Raises
        ------
        TimelineError
            The plant has already lived through that time.
        """
        self.timeline.add(Event(int(time_mu), channel, signal, float(value)))

    def sync(self, until_mu: int) -> None:
        """Seal the timeline up to `until_mu` and let the plant live through it."""
        until_mu = max(int(until_mu), self.timeline.sealed_mu)
        self.plant.advance(self.timeline.seal(until_mu), until_mu)

    def observe(self, channel: str, signal: str, time_mu: int) -> float:
        """Return what an input sees at `time_mu`, after everything up to then."""
        self.sync(time_mu)
        return float(self.plant.observe(channel, signal, int(time_mu)))

    def edges(self, channel: str, start_mu: int, stop_mu: int) -> list[tuple[int, int]]:
        """Return (time_mu, level) of the changes of a digital input in [start, stop).

        Raises
        ------
        DeviceError
            The plant drives no digital inputs.
        """
        if not isinstance(self.plant, EdgeSource):
            raise DeviceError(f"nothing in the simulated laboratory drives {channel}")
        self.sync(stop_mu)
        return self.plant.edges(channel, int(start_mu), int(stop_mu))

    def frames(
        self, channel: str, start_mu: int, stop_mu: int
    ) -> list[tuple[int, NDArray[Any]]]:
        """Return (time_mu, counts (ny, nx)) of a grabber's frames in [start, stop).

        Raises
        ------
        DeviceError
            The plant has no camera on the frame grabber.
        """
        if not isinstance(self.plant, FrameSource):
            raise DeviceError(f"no camera of the simulated laboratory is on {channel}")
        self.sync(stop_mu)
        return self.plant.frames(channel, int(start_mu), int(stop_mu))

    def safe_state(self) -> list[str]:
        """Return the names of wired actuators that are not in their safe state."""
        return self.plant.safe_state()
