"""Port 1382: what RTIO was given since it was last asked for, as the gateware tells."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Final

from sim_backend.crate.dump import dump
from sim_backend.crate.rtio import Rtio

PORT: Final = 1382


class Analyzer:
    """Serves whoever asks for the events, each of which is told once."""

    def __init__(self, rtio: Rtio) -> None:
        self._rtio = rtio
        self._told = 0
        self._lock = threading.Lock()

    def accept(self, given: socket.socket) -> None:
        """Send a dump on a thread of its own, and end the connection."""
        threading.Thread(target=self._serve, args=(given,), daemon=True).start()

    def _serve(self, given: socket.socket) -> None:
        with given, self._lock, contextlib.suppress(OSError):
            # A copy: the kernel that runs adds to them.
            words = [one for one in self._rtio.submitted.copy()
                     if one[0].order > self._told]  # fmt: skip
            given.sendall(dump(words, self._rtio.counter))
            if words:
                self._told = words[-1][0].order
