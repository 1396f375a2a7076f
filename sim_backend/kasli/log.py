"""The log of the emulated core device, in the form of a Kasli's."""

from __future__ import annotations

import logging
import threading
import time

#: Characters that are kept, as on a Kasli.
SIZE = 1 << 16


class CoreLog:
    """The lines of the log; those of kernels, too, may come in pieces."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._lock = threading.Condition()
        self._lines: list[str] = []
        self._size = 0
        self._part = ""

    def write(self, target: str, text: str, level: int = logging.INFO) -> None:
        """Add lines of a part of the device."""
        logging.getLogger(f"{__package__}.{target}").log(level, "%s", text)
        seconds = time.monotonic() - self._start
        name = logging.getLevelName(level).replace("WARNING", "WARN")
        with self._lock:
            for line in text.splitlines():
                told = f"[{seconds:12.6f}s] {name:>5}({target}): {line}\n"
                self._lines.append(told)
                self._size += len(told)
            while self._size > SIZE:
                self._size -= len(self._lines.pop(0))
            self._lock.notify_all()

    def print(self, text: str) -> None:
        """Add what a kernel prints; a line is one when it ends."""
        lines, _, self._part = (self._part + text).rpartition("\n")
        if lines:
            self.write("kernel", lines)

    def end_kernel(self) -> None:
        """Add what a kernel left without the end of a line."""
        if self._part:
            self.print("\n")

    def text(self) -> str:
        """Return all there is."""
        with self._lock:
            return "".join(self._lines)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._lines.clear()
            self._size = 0

    def pull(self, seconds: float) -> str:
        """Wait for lines, not too long; return and forget all there are."""
        with self._lock:
            self._lock.wait_for(lambda: self._lines, seconds)
            text = "".join(self._lines)
            self._lines.clear()
            self._size = 0
        return text
