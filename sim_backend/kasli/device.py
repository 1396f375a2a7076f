"""The emulated core device: one CPU, one board, and the hosts that come and go."""

from __future__ import annotations

import logging
import socket
import threading
from typing import Any, Final

from sim_backend.crate.board import Board

from . import firmware, mathematics, runtime
from .calls import Call, handler
from .connection import Connection, GoneError, ProtocolError
from .exceptions import Exceptions
from .log import CoreLog
from .machine import Handler, Machine, PanicError
from .session import Session

_MAKERS = ("artiq", "nac3")
_EXCEPTIONS = ("raise", "resume", "end_catch", "personality")
#: All that kernels can call, but what the runtime has itself.
CALLS: Final = (
    *firmware.CALLS, *mathematics.KINDS, "core_log", "rtio_log", "strlen", "rpc_send",
    "rpc_send_async", "rpc_recv", "_Unwind_Resume",
    *(f"__{maker}_{what}" for maker in _MAKERS for what in _EXCEPTIONS),
)  # fmt: skip


class Device:
    """A simulated core device over a board.

    Parameters
    ----------
    board
        What hangs on its channels.
    version
        Of ARTIQ, which hosts compare with their own.
    """

    def __init__(self, board: Board, version: str = "9.0") -> None:
        self.board = board
        #: What it says of itself: never taken for hardware.
        self.ident = f"{version};simulation"
        self.log = CoreLog()
        self._rebooting = False
        self.finished_cleanly = True
        #: What hosts wrote there, until the process ends.
        self.configuration: dict[bytes, bytes] = {}
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._connection: Connection | None = None
        self.machine = Machine(runtime.library(), CALLS)
        self.exceptions = Exceptions(self.machine)
        self.firmware = firmware.Firmware(board, self.machine)
        self.machine.attach(self._handlers())

    def _handlers(self) -> dict[str, Handler]:
        calls = self.firmware.calls() | mathematics.calls() | {
            "core_log": Call("v", "*", self.log.print),
            "rtio_log": Call("v", "*", self.log.print),
            "strlen": Call("i", "u", lambda at: len(self.machine.memory.text(at))),
            "rpc_send": Call("v", "uuu", lambda *given: self._host.call(*given)),
            "rpc_send_async": Call(
                "v", "uuu", lambda *given: self._host.call_later(*given)
            ),
            "rpc_recv": Call("u", "u", lambda slot: self._host.receive(slot)),
        }  # fmt: skip
        made = {
            name: handler(self.machine, self.exceptions, call)
            for name, call in calls.items()
        }
        end = handler(self.machine, self.exceptions, Call("v", "", self._end_catch))
        for maker in _MAKERS:
            made[f"__{maker}_raise"] = self.exceptions.raise_
            made[f"__{maker}_resume"] = self.exceptions.resume
            made[f"__{maker}_end_catch"] = end
            made[f"__{maker}_personality"] = _personality
        return made | {"_Unwind_Resume": self.exceptions.resume}

    def _end_catch(self) -> None:
        self.exceptions.end_catch()

    @property
    def _host(self) -> Session:
        if self._session is None:
            raise PanicError("there is no host")
        return self._session

    def connect(self) -> socket.socket:
        """Return the host's end of a connection within this process."""
        theirs, ours = socket.socketpair()
        self.accept(ours)
        return theirs

    def accept(self, given: socket.socket) -> None:
        """Serve a host on a thread of its own; one that is there before is hung up."""
        threading.Thread(target=self._serve, args=(given,), daemon=True).start()

    def close(self) -> None:
        """Hang up, and wait until the kernel that runs has ended."""
        if (connection := self._connection) is not None:
            connection.hang_up()
        with self._lock:
            pass

    def reboot(self) -> None:
        """Hang up and forget what kernels left; time goes on, and so does the plant."""
        # Before the host hears of it: the next one, who may be quicker, has it new.
        self._rebooting = True
        self.close()
        with self._lock:
            self._restart()

    def _restart(self) -> None:
        """Forget what kernels left, if a reboot is due."""
        if not self._rebooting:
            return
        self._rebooting = False
        self.firmware = firmware.Firmware(self.board, self.machine)
        self.machine.attach(self._handlers())
        self.finished_cleanly = True
        self.log.write("runtime", "restarted", logging.WARNING)

    def _serve(self, given: socket.socket) -> None:
        connection = Connection(given)
        if (before := self._connection) is not None:
            before.hang_up()
        with self._lock:
            self._restart()
            self._connection, self._session = connection, Session(self, connection)
            try:
                self._session.serve()
            except GoneError as error:
                self._say(str(error) or "connection closed")
            except (PanicError, ProtocolError) as error:
                self._say(f"session aborted: {error}", logging.ERROR)
            except Exception as error:  # whatever board and plant may raise
                message = f"session aborted: {type(error).__name__}: {error}"
                self._say(message, logging.ERROR)
            finally:
                self._connection = self._session = None
                connection.close()

    def _say(self, text: str, level: int = logging.INFO) -> None:
        self.log.write("runtime::session", text, level)


def _personality() -> Any:
    raise PanicError("a kernel called its table of frames")
