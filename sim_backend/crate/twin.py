"""A plant that lives in a process of its own, so that it outlives runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sipyco.packed_exceptions import GenericRemoteException
from sipyco.pc_rpc import Client, IncompatibleServer

from ccqed_ctrl.errors import DeviceError, ParameterError, restored

from .events import Event, pack

#: The twin of this machine, unless it was asked to listen elsewhere.
HERE: Final = "[::1]:3283"
#: Events of one message, about 1.2 MB: sipyco's servers read at most 4 MiB.
BATCH: Final = 50_000
#: Target of the process that is the plant.
TARGET: Final = "plant"


def address(text: str) -> tuple[str, int]:
    """Return host and port of HOST:PORT; an IPv6 host may stand in brackets.

    Raises
    ------
    ParameterError
        Anything else.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise ParameterError(f"a twin's address is HOST:PORT; got {text!r}")
    return host.strip("[]"), int(port)


class TwinTarget:
    """One target of the twin at HOST:PORT, whose errors of this tree come as such.

    Raises
    ------
    DeviceError
        No twin answers there.
    """

    def __init__(self, twin: str, target: str) -> None:
        self._twin = twin
        host, port = address(twin)
        try:
            self._client = Client(host, port, target)
        except (OSError, EOFError, ValueError, IncompatibleServer) as error:
            raise DeviceError(
                f"no twin answers at {twin} ({error}); start aqctl_ccqed_twin there, "
                "or unset CCQED_TWIN to have a plant for each run"
            ) from error

    def ask(self, method: str, *arguments: Any) -> Any:
        """Call a method.

        Raises
        ------
        DeviceError
            The twin is gone.
        """
        try:
            return getattr(self._client, method)(*arguments)
        except (OSError, EOFError) as error:
            raise DeviceError(f"the twin at {self._twin} is gone: {error}") from error
        except GenericRemoteException as error:
            if known := restored(error):
                raise known from error
            raise

    def close(self) -> None:
        """Leave it as it is."""
        self._client.close_rpc()


class RemotePlant:
    """The plant of the twin at HOST:PORT, wired as role to channel (`crate.plant`).

    Raises
    ------
    DeviceError
        No twin answers there, or one of another laboratory.
    """

    def __init__(self, twin: str, module: str, wiring: Mapping[str, str]) -> None:
        self._roles: dict[str, list[str]] = {}
        for role, channel in wiring.items():
            self._roles.setdefault(channel, []).append(role)
        self._target = TwinTarget(twin, TARGET)
        self._ask = self._target.ask
        known = self._ask("identity")
        if known["module"] != module:
            self.close()
            raise DeviceError(f"the twin at {twin} is {known['module']}, not {module}")
        self.seed: int = known["seed"]

    def truth(self) -> dict[str, Any]:
        """Return what is true by now: an operator may have armed faults."""
        known: dict[str, Any] = self._ask("identity")["truth"]
        return known

    def advance(self, events: list[Event], until_mu: int) -> None:
        """Live through the events, up to `until_mu`."""
        played = [
            event._replace(channel=role)
            for event in events
            for role in self._roles.get(event.channel, (event.channel,))
        ]
        for start in range(0, len(played), BATCH):
            self._ask("add", pack(played[start : start + BATCH]))
        self._ask("advance", until_mu)

    def observe(self, channel: str, signal: str, time_mu: int) -> float:
        """Return what an input sees; 0 where none is wired."""
        roles = self._roles.get(channel)
        return float(self._ask("observe", roles[0], signal, time_mu)) if roles else 0.0

    def edges(self, channel: str, start_mu: int, stop_mu: int) -> list[tuple[int, int]]:
        """Return (time_mu, level) of each change of an input in [start, stop)."""
        roles = self._roles.get(channel)
        seen = self._ask("edges", roles[0], start_mu, stop_mu) if roles else []
        return [(int(time_mu), int(level)) for time_mu, level in seen]

    def stalls(self) -> dict[int, float]:
        """Return before which output events the CPU stands still, for how long, s."""
        return dict(self._ask("stalls"))

    def safe_state(self) -> list[str]:
        """Return the roles that are not in their safe state."""
        return list(self._ask("safe_state"))

    def doubts(self) -> list[str]:
        """Return what was outside its validity so far, by name."""
        return list(self._ask("doubts"))

    def close(self) -> None:
        """Leave it as it is."""
        self._target.close()
