"""What stands behind the wires: a plant, and what its laboratory says of itself."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

from numpy.typing import NDArray

from ccqed_ctrl.errors import DeviceError, ParameterError

from .events import Event

DeviceDB = Mapping[str, Any]


class Plant(Protocol):
    """Apparatus that lives through what the wires do."""

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


@runtime_checkable
class Doubtful(Protocol):
    """A plant that knows where its answers are not to be relied upon."""

    def doubts(self) -> list[str]:
        """Return what was outside its validity so far, by name."""


@runtime_checkable
class Stalling(Protocol):
    """A plant whose laboratory holds up the CPU of the core device."""

    def stalls(self) -> Mapping[int, float]:
        """Return before which output events of a run, and for how long, s."""


class Knob(NamedTuple):
    """One value of a plant's truth: name for ``--twin``, default, its unit, meaning."""

    name: str
    default: Any
    unit: str
    doc: str


class Truth(Protocol):
    """The options of a laboratory's own truth; what they mean is its business."""

    def parse(self, texts: Sequence[str]) -> dict[str, Any]:
        """Turn what was typed after ``--twin`` into changes of the truth."""

    def resolve(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return every value of the truth, plain, with the changes made.

        Raises
        ------
        ParameterError
            A name or value that this truth does not have.
        """

    def knobs(self) -> list[Knob]:
        """Return every value there is to change."""


class NoTruth:
    """The truth of a plant that has nothing to choose."""

    def parse(self, texts: Sequence[str]) -> dict[str, Any]:
        """Keep what was typed, for `resolve` to refuse."""
        return dict.fromkeys(texts, True)

    def resolve(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return nothing.

        Raises
        ------
        ParameterError
            Something is to be changed.
        """
        if changes:
            given = ", ".join(changes)
            raise ParameterError(
                f"this device database's plant has no truth to change, so --twin "
                f"{given} means nothing here"
            )
        return {}

    def knobs(self) -> list[Knob]:
        """Return nothing."""
        return []


def parts(device_db: DeviceDB) -> set[str]:
    """Return the names that devices of a database are made of."""
    return {
        value
        for entry in device_db.values()
        if isinstance(entry, Mapping)
        for value in entry.get("arguments", {}).values()
        if isinstance(value, str)
    }


def own_names(device_db: DeviceDB) -> dict[str, str]:
    """Return name to device_db key: aliases, and devices no other device is made of.

    Aliases come first. The RF switch of a DDS channel is named after it, as
    ``NAME_switch``.
    """
    aliases = [name for name, entry in device_db.items() if isinstance(entry, str)]
    taken = {*aliases, *parts(device_db)}
    devices = [name for name in device_db if name not in taken]
    names: dict[str, str] = {}
    for name in (*aliases, *devices):
        names[name] = resolve(device_db, name)
        switch = device_db[names[name]].get("arguments", {}).get("sw_device")
        if switch is not None:
            names.setdefault(f"{name}_switch", resolve(device_db, switch))
    return names


def resolve(device_db: DeviceDB, role: str) -> str:
    """Return the device that plays a role, aliases followed.

    Raises
    ------
    DeviceError
        There is none.
    """
    key: Any = role
    for _ in range(len(device_db) + 1):
        if key not in device_db:
            message = (
                f"role {role!r} is missing from the device_db: name the device that "
                f'plays it, as in device_db["{role}"] = "ttl4"'
            )
            raise DeviceError(message)
        if not isinstance(device_db[key], str):
            return str(key)
        key = device_db[key]
    raise DeviceError(f"the alias {role!r} leads round in a circle")


def players(roles: Iterable[str]) -> Callable[[DeviceDB], dict[str, str]]:
    """Return a wiring of devices that are named like the roles they play."""
    wanted = tuple(roles)
    return lambda device_db: {role: resolve(device_db, role) for role in wanted}


@dataclass(frozen=True)
class Laboratory:
    """What a module that a device database names as plant offers as `LABORATORY`.

    References are written ``module:name``, so that a device database can be read
    without loading what its plant needs.

    Attributes
    ----------
    plant
        Reference to what makes the `Plant`: called with wiring, resolved truth, seed.
    wiring
        Which of a device database's devices play which role; names what is missing.
    controllers
        Device_db key of a network controller to the reference of its stand-in.
    truth
        Reference to the options of the plant's truth, a `Truth`.
    """

    plant: str
    wiring: Callable[[DeviceDB], dict[str, str]] = own_names
    controllers: Mapping[str, str] = field(default_factory=dict)
    truth: str = f"{__name__}:NO_TRUTH"

    def make(
        self, wiring: Mapping[str, str], truth: Mapping[str, Any], seed: int
    ) -> Plant:
        """Return a new plant of resolved `truth`, random from `seed`."""
        made: Plant = pkgutil.resolve_name(self.plant)(wiring, truth, seed)
        return made

    @property
    def options(self) -> Truth:
        """The options of this laboratory's truth."""
        found: Truth = pkgutil.resolve_name(self.truth)
        return found


NO_TRUTH = NoTruth()


def laboratory(module: str) -> Laboratory:
    """Return what a module named as plant says of itself.

    Raises
    ------
    DeviceError
        There is no such module, or it is no laboratory.
    """
    try:
        found = importlib.import_module(module).LABORATORY
    except (ImportError, AttributeError) as error:
        message = (
            f"plant {module!r} of the device_db is no laboratory: {error}; name a "
            "module that has a LABORATORY (sim_backend.crate.plant.Laboratory)"
        )
        raise DeviceError(message) from error
    if not isinstance(found, Laboratory):
        raise DeviceError(f"{module}.LABORATORY is a {type(found).__name__}")
    return found
