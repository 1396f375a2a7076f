"""The twin in a process of its own, for the runs of a benchmark."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sim_backend.ddb import TWIN as ADDRESS
from tests.sockets import TWIN, free_port, serving

PAGE = os.sysconf("SC_PAGE_SIZE")


class HeldTwin:
    """`aqctl_ccqed_twin` of fast dynamics and some faults, of seed 0, at one port."""

    def __init__(self, *faults: str) -> None:
        self.port = free_port()
        truth = ("dynamics=steepest_descent", f"faults={list(faults)}")
        self._command = [
            "-c", TWIN, "-p", str(self.port), "-q", "-q",
            *(word for text in truth for word in ("--twin", text)),
        ]  # fmt: skip
        self._living = ExitStack()
        self.start()

    def start(self) -> None:
        """Begin anew: atoms, time and the count of shots."""
        running = serving(*self._command, port=self.port)
        self.process = self._living.enter_context(running)

    def kill(self) -> None:
        """Kill it without warning: every controller at once, and the plant."""
        self.process.send_signal(signal.SIGKILL)
        self._living.close()

    def close(self) -> None:
        self._living.close()


@contextmanager
def held(*faults: str) -> Iterator[HeldTwin]:
    """Hold a twin that processes started meanwhile find by CCQED_TWIN."""
    twin = HeldTwin(*faults)
    former = os.environ.get(ADDRESS)
    os.environ[ADDRESS] = f"[::1]:{twin.port}"
    try:
        yield twin
    finally:
        twin.close()
        if former is None:
            del os.environ[ADDRESS]
        else:
            os.environ[ADDRESS] = former


def resident(process: int) -> int:
    """Return the resident bytes of a process."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE
