"""Between the core device and the plant: events down, readings up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from ccqed_ctrl.errors import DeviceError

from .events import Event, Timeline
from .plant import Doubtful, EdgeSource, FrameSource, Plant, Stalling, laboratory
from .twin import RemotePlant

#: The plant of a device database that names none.
RECORDING = "sim_backend.crate.recording"


class Link:
    """The device `plant` of a simulated device_db: the twin behind the wires.

    Parameters
    ----------
    dmgr
        ARTIQ's device manager; unused, but every device is given one.
    wiring
        Name in the laboratory to the device_db key that bears it.
    truth
        What is true of the plant, every value; its own defaults without.
    seed
        Root of the plant's random streams.
    history
        Whether the timeline keeps events that the plant has lived through.
    module
        Module whose `LABORATORY` makes the plant (`crate.plant.Laboratory`).
    twin
        HOST:PORT of the process that holds the plant, with a truth and a seed of its
        own; in this process without.
    plant
        Another plant than the one `module` makes; for tests.
    """

    def __init__(
        self,
        dmgr: Any,  # noqa: ARG002
        wiring: Mapping[str, str],
        truth: Mapping[str, Any] | None = None,
        seed: int = 0,
        history: bool = True,
        module: str = RECORDING,
        twin: str = "",
        *,
        plant: Plant | None = None,
    ) -> None:
        self.wiring = dict(wiring)
        self.seed = seed
        self.timeline = Timeline(self.wiring, history=history)
        self.truth: Mapping[str, Any] = {}
        if plant is None and twin:
            plant = remote = RemotePlant(twin, module, self.wiring)
            self.truth, self.seed = remote.truth(), remote.seed
            if truth is not None:
                remote.close()
                raise DeviceError(
                    f"the twin at {twin} has a truth of its own, and keeps it; give "
                    "--twin to aqctl_ccqed_twin instead"
                )
        elif plant is None:
            found = laboratory(module)
            self.truth = found.options.resolve({}) if truth is None else truth
            plant = found.make(self.wiring, self.truth, seed)
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

    def stalls(self) -> Mapping[int, float]:
        """Return before which output events the CPU stands still, for how long, s."""
        return self.plant.stalls() if isinstance(self.plant, Stalling) else {}

    def learn(self) -> None:
        """Learn what is true by now, where others change it, too."""
        if isinstance(self.plant, RemotePlant):
            self.truth = self.plant.truth()

    def doubts(self) -> list[str]:
        """Return where the plant says that it is not to be relied upon."""
        return self.plant.doubts() if isinstance(self.plant, Doubtful) else []

    def close(self) -> None:
        """Leave the process that holds the plant, if there is one."""
        if isinstance(self.plant, RemotePlant):
            self.plant.close()

    def safe_state(self) -> list[str]:
        """Return the names of wired actuators that are not in their safe state."""
        return self.plant.safe_state()
