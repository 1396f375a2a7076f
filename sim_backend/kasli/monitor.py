"""Port 1383: what digital channels are at, for the dashboard; nothing is overridden."""

from __future__ import annotations

import contextlib
import logging
import socket
import struct
import threading
from typing import Final

from ccqed_ctrl.errors import TimelineError
from sim_backend.crate.chips.phy import OutputLine
from sim_backend.crate.chips.ttl import BidirectionalLine
from sim_backend.crate.rtio import Rtio

from .connection import Connection, GoneError, ProtocolError
from .log import CoreLog

PORT: Final = 1383
_MAGIC: Final = b"ARTIQ moninj\n"
#: Requests of the host, and the form of each.
_WATCH, _INJECT, _ASK, _WATCH_INJECTION = 0, 1, 2, 3
_FORMS = {_WATCH: "<BIB", _INJECT: "<IBB", _ASK: "<IB", _WATCH_INJECTION: "<BIB"}
#: What a channel can be asked for.
_LEVEL, _DRIVES = 0, 1
#: How often a change is looked for, s, as on a Kasli.
_PERIOD: Final = 0.2
#: A channel on a satellite has more bits.
_CHANNELS: Final = 1 << 16


class Monitor:
    """Serves whoever watches the channels of an RTIO core."""

    def __init__(self, rtio: Rtio, log: CoreLog) -> None:
        self._rtio, self._log = rtio, log

    def accept(self, given: socket.socket) -> None:
        """Serve a connection on threads of its own."""
        threading.Thread(target=self._serve, args=(given,), daemon=True).start()

    def value(self, channel: int, probe: int) -> int:
        """Return what a channel is at: its level, whether it drives; else 0."""
        try:
            phy = self._rtio.phy(channel)
        except TimelineError:
            return 0
        if probe == _LEVEL and isinstance(phy, OutputLine):
            return int(phy.level)
        return int(probe == _DRIVES and isinstance(phy, BidirectionalLine)
                   and phy.is_output)  # fmt: skip

    def _serve(self, given: socket.socket) -> None:
        watched = _Watched(Connection(given), self)
        try:
            if (word := watched.connection.take(len(_MAGIC))) != _MAGIC:
                raise ProtocolError(f"wrong magic {word!r}")
            teller = threading.Thread(target=watched.tell, daemon=True)
            teller.start()
            try:
                while True:
                    watched.answer()
            finally:
                watched.over.set()
                teller.join()
        except GoneError:
            pass
        except ProtocolError as error:
            self.say(f"connection aborted: {error}")
        finally:
            watched.connection.close()

    def say(self, text: str) -> None:
        """Log what is refused."""
        self._log.write("runtime::moninj", text, logging.ERROR)


class _Watched:
    """What one host watches, and was told last."""

    def __init__(self, connection: Connection, monitor: Monitor) -> None:
        self.connection, self._monitor = connection, monitor
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._probes: dict[tuple[int, int], int | None] = {}

    def answer(self) -> None:
        """Take a request."""
        kind = self.connection.take(1)[0]
        if kind not in _FORMS:
            raise ProtocolError(f"unexpected request {kind}")
        form = _FORMS[kind]
        words = struct.unpack(form, self.connection.take(struct.calcsize(form)))
        channel = words[1] if kind in (_WATCH, _WATCH_INJECTION) else words[0]
        if channel >= _CHANNELS:
            raise ProtocolError(f"there is no DRTIO satellite {channel >> 16}")
        if kind == _WATCH:
            enable, channel, probe = words
            with self._lock:
                self._probes.pop((channel, probe), None)
                if enable:
                    self._probes[channel, probe] = None
        elif kind == _INJECT:
            self._monitor.say(f"channel {channel:#x} cannot be overridden yet")
        elif kind == _ASK or words[0]:
            override = words[-1]
            self.connection.raw(struct.pack("<BIBB", 1, channel, override, 0))

    def tell(self) -> None:
        """Send each change of what is watched, until it is over."""
        with contextlib.suppress(GoneError):
            while not self.over.wait(_PERIOD):
                with self._lock:
                    for (channel, probe), before in self._probes.items():
                        value = self._monitor.value(channel, probe)
                        if value != before:
                            self._probes[channel, probe] = value
                            told = struct.pack("<BIBQ", 0, channel, probe, value)
                            self.connection.raw(told)
