"""Results on disk while the run lasts, so that a killed run loses seconds only."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType

from ccqed_ctrl.errors import ResultsError

logger = logging.getLogger(__name__)

#: Of its time, a run may spend this fraction on checkpoints.
_SHARE = 0.05


class Checkpoints:
    """Calls `write` from a thread whenever `revision` has moved, inside its block."""

    def __init__(
        self,
        write: Callable[[], None],
        revision: Callable[[], int],
        interval: float = 2.0,
    ) -> None:
        self._write = write
        self._revision = revision
        self._interval = interval
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="checkpoints")

    def __enter__(self) -> Checkpoints:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        written, wait = self._revision(), self._interval
        while not self._stop.wait(wait):
            revision = self._revision()
            if revision == written:
                continue
            begin = time.monotonic()
            try:
                self._write()
            except ResultsError as error:
                logger.warning("checkpoint failed: %s", error)
            written = revision
            wait = max(self._interval, (time.monotonic() - begin) / _SHARE)
