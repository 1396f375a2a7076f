"""What `ccqed lab` does: start the controllers, show how they are, end them."""

from __future__ import annotations

import argparse
import ipaddress
import shlex
import signal
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from ccqed_ctrl import device_database
from ccqed_ctrl.ending import Ending
from ccqed_ctrl.errors import DeviceError, ExperimentError

from .process import Answer, Place, Process

#: From one look at the controllers to the next, s.
PERIOD = 1.0
#: Where the twin listens unless another port is asked for.
TWIN_PORT = 3283
STYLES = {"runs": "green", "starting": "yellow", "not answering": "yellow"}


def execute(options: argparse.Namespace) -> int:
    """Run the controllers until Ctrl-C or SIGTERM, or until none is left.

    Returns 0 if all ran until then, 1 if one did not.

    Raises
    ------
    ExperimentError
        There are no such controllers in the device database.
    DeviceError
        Somebody listens already where one should.
    """
    places = _twin(options) if options.simulation else _listed(options)
    for place in places:
        _refuse_taken(place)
    screen = Console(soft_wrap=True, highlight=False)
    with _asked_to_end() as ending:
        laboratory = _Laboratory(places, screen)
        if options.simulation:
            screen.print(
                f"with CCQED_TWIN=[::1]:{places[0].port} in the environment, "
                "`ccqed run` uses this twin"
            )
        try:
            laboratory.watch(ending)
        finally:
            laboratory.end()
    return Ending.failed.exit_code if laboratory.fallen else 0


class _Laboratory:
    """The processes, and what was last said of each."""

    def __init__(self, places: Sequence[Place], screen: Console) -> None:
        self._screen = screen
        self._processes = [Process(place, self._heard) for place in places]
        self._answers = {place.name: Answer("") for place in places}
        #: Names of those that are no more, though nobody ended them.
        self.fallen: list[str] = []

    def _heard(self, name: str, line: str) -> None:
        self._screen.print(f"{name} | {line}", markup=False)

    def watch(self, ending: threading.Event) -> None:
        """Show how the controllers are until `ending`, or until none runs."""
        with self._shown() as live:
            while not ending.is_set() and len(self.fallen) < len(self._processes):
                for process in self._processes:
                    self._look(process)
                if live:
                    live.update(self._table(), refresh=True)
                ending.wait(PERIOD)

    @contextmanager
    def _shown(self) -> Iterator[Live | None]:
        """On a terminal, keep a table below what is said."""
        if self._screen.is_terminal:
            with Live(console=self._screen, auto_refresh=False) as live:
                yield live
        else:
            yield None

    def _look(self, process: Process) -> None:
        name, answer = process.place.name, process.ask()
        if answer.state != self._answers[name].state:
            words = f": {answer.words}" if answer.words else ""
            self._screen.print(f"{name} {answer.state}{words}", markup=False)
            if answer.state in ("died", "not started"):
                self.fallen.append(name)
        self._answers[name] = answer

    def _table(self) -> Table:
        table = Table("controller", "at", "state", "says")
        for process in self._processes:
            place, answer = process.place, self._answers[process.place.name]
            style = STYLES.get(answer.state, "bold red")
            state = f"[{style}]{answer.state}[/]"
            at = escape(f"[{place.host}]:{place.port}")
            table.add_row(place.name, at, state, escape(answer.words))
        return table

    def end(self) -> None:
        """End every process, and say which did not want to."""
        for process in self._processes:
            process.end()
        for process in self._processes:
            if not process.wait():
                self._screen.print(f"{process.place.name} did not end: killed")
        self._screen.print("all controllers have ended")


@contextmanager
def _asked_to_end() -> Iterator[threading.Event]:
    """Set the event at Ctrl-C, SIGTERM, or when the terminal is closed."""
    asked = threading.Event()
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    former = {
        number: signal.signal(number, lambda *_: asked.set()) for number in numbers
    }
    try:
        yield asked
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _twin(options: argparse.Namespace) -> list[Place]:
    if options.names:
        raise ExperimentError(
            f"with --simulation one process is all controllers; {options.names[0]!r} "
            "cannot be started alone"
        )
    port = options.port or TWIN_PORT
    words = ["aqctl_ccqed_twin", "-p", str(port), "--seed", str(options.seed)]
    for text in options.twin:
        words += ["--twin", text]
    return [Place("twin", shlex.join(words), "::1", port)]


def _listed(options: argparse.Namespace) -> list[Place]:
    """Return the controllers of this machine in the device database, or those named."""
    path = options.device_db or device_database.nearest()
    found = {
        name: _place(name, entry)
        for name, entry in device_database.read(path).items()
        if isinstance(entry, dict)
        and entry.get("type") == "controller"
        and "command" in entry
        and _is_here(entry["host"])
    }
    unknown = [name for name in options.names if name not in found]
    if unknown or not found:
        known = ", ".join(found) or "none (with CCQED_BACKEND=simulation it has none)"
        wanted = f"no controller {unknown[0]!r}" if unknown else "no controllers"
        raise ExperimentError(
            f"{path} has {wanted} that would start on this machine; it has: {known}"
        )
    return [found[name] for name in options.names or found]


def _place(name: str, entry: Mapping[str, Any]) -> Place:
    """Return a controller as artiq_ctlmgr would start it, bound to this machine."""
    words = dict(entry) | {"name": name, "bind": entry["host"]}
    command = entry["command"].format(**words)
    return Place(name, command, entry["host"], entry["port"])


def _is_here(host: str) -> bool:
    try:
        found = socket.getaddrinfo(host, None)
    except OSError:
        return False
    return all(ipaddress.ip_address(info[4][0]).is_loopback for info in found)


def _refuse_taken(place: Place) -> None:
    try:
        socket.create_connection((place.host, place.port), 1.0).close()
    except OSError:
        return
    raise DeviceError(
        f"{place.name}: somebody listens at [{place.host}]:{place.port} already; does "
        "another laboratory run, or artiq_ctlmgr?"
    )
