"""A controller's process on this machine: started, asked, ended."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from .program import KINDS, sipyco

#: How long an answer may take, and a process to end, s.
PATIENCE: Final = 2.0
TERMINATION: Final = 10.0


class Place(NamedTuple):
    """A controller: its name, the command that starts it, and where it then listens."""

    name: str
    command: str
    host: str
    port: int


class Answer(NamedTuple):
    """What a controller is found to be doing: `state`, and what it says of itself."""

    state: str
    words: str = ""


class Process:
    """The process of a controller, whose every line of output goes to `hear`.

    It is in a session of its own, so that Ctrl-C does not reach it.
    """

    def __init__(self, place: Place, hear: Callable[[str, str], None]) -> None:
        self.place, self._hear = place, hear
        self._last, self._answered = "", False
        self._process: subprocess.Popen[str] | None = None
        program, *words = shlex.split(place.command)
        if found := shutil.which(program, path=_path()):
            self._process = subprocess.Popen(
                [found, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )
            self._listener = threading.Thread(target=self._listen, daemon=True)
            self._listener.start()
        else:
            self._last = f"{program} is not installed"

    def _listen(self) -> None:
        output = self._process.stdout if self._process else None
        for line in output or ():
            if text := line.rstrip():
                self._last = text
                self._hear(self.place.name, text)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def ask(self) -> Answer:
        """Return what the controller is doing, after `PATIENCE` at the most."""
        if self._process is None:
            return Answer("not started", self._last)
        if self._process.poll() is not None:
            self._listener.join(1.0)
            code = self._process.returncode
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            return Answer("died", f"{how}: {self._last}" if self._last else how)
        try:
            words = _status(self.place)
        except Exception as error:  # whatever comes over the network, or nothing
            waiting = "not answering" if self._answered else "starting"
            return Answer(waiting, str(error) if self._answered else "")
        self._answered = True
        return Answer("runs", words)

    def end(self) -> None:
        """Ask the process to end."""
        if self.alive and self._process is not None:
            self._process.terminate()

    def wait(self) -> bool:
        """Return whether it has ended by itself; else it is killed."""
        if self._process is None:
            return True
        try:
            self._process.wait(TERMINATION)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return False
        return True


def _path() -> str:
    """Return where programs are, first among them those of this Python."""
    here = str(Path(sys.executable).parent)
    return os.pathsep.join([here, os.environ.get("PATH", os.defpath)])


def _status(place: Place) -> str:
    """Return what the targets of a controller say of themselves."""
    connect = sipyco("sipyco.pc_rpc:Client")
    client = connect(place.host, place.port, None, PATIENCE)
    try:
        targets, description = client.get_rpc_id()
        ours = [target for target in targets if target in KINDS]
        # One is selected in any case: servers warn of those who do not.
        client.select_rpc_target((ours or targets)[0])
        if not ours:
            return str(description or "")
        found = [_words(client.status())]
    finally:
        client.close_rpc()
    for target in ours[1:]:
        client = connect(place.host, place.port, target, PATIENCE)
        try:
            found.append(_words(client.status()))
        finally:
            client.close_rpc()
    return "; ".join(found)


def _words(status: dict[str, Any]) -> str:
    """Return a status as it is read: the model, then the rest."""
    told = {key: value for key, value in status.items() if key != "simulated"}
    model = str(told.pop("model", ""))
    return " ".join([model, *(f"{key}={value}" for key, value in told.items())])
