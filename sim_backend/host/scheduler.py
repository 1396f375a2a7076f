"""The virtual devices `scheduler` and `ccb`, and the operator's wish to stop."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from artiq.language.core import TerminationRequested, host_only
from artiq.language.types import TBool

logger = logging.getLogger(__name__)

#: A kernel that goes on for this long after the first wish is interrupted, s.
PATIENCE = 0.16


class Termination:
    """First wish: end at the next pause. Second: now, by KeyboardInterrupt.

    A kernel may be endless and never come to a pause: once `watch` has been called, one
    that goes on for `PATIENCE` after the first wish, and has not asked, is interrupted.
    """

    def __init__(self) -> None:
        self.requested = False
        #: The experiment has been told, by `pause`, `check_pause` or its like.
        self.seen = False
        #: Returns the core device, None where the run has none.
        self.core: Callable[[], Any] = lambda: None
        self._watching = False
        self._interruptible = False
        self._kernel = 0
        self._interrupted = 0

    def request(self, *_: Any) -> None:
        """Note a wish; may be used as a signal handler."""
        if not self.requested:
            logger.warning("ending at the next pause; once more to interrupt at once")
            self.requested = True
            self._kernel = self._running()
            self._wait()
        elif self._interruptible:
            self._interrupt()

    def watch(self) -> None:
        """Interrupt kernels that do not end; to be called in the main thread."""
        if hasattr(signal, "setitimer"):
            signal.signal(signal.SIGALRM, self._insist)
            self._watching = True

    def _wait(self) -> None:
        if self._watching:
            signal.setitimer(signal.ITIMER_REAL, PATIENCE)

    def _insist(self, *_: Any) -> None:
        """Interrupt a kernel that ran a while ago, too, or again what did not end."""
        running = self._running()
        deaf = running == self._kernel and not self.seen
        if running and self._interruptible and (deaf or running == self._interrupted):
            self._interrupt()
        elif not self.seen:
            self._kernel = running
            self._wait()

    def _interrupt(self) -> None:
        self.seen = True
        self._interrupted = self._running()
        if not (self._interrupted and self.core().rtio.interrupt()):
            raise KeyboardInterrupt
        self._wait()

    def _running(self) -> int:
        """Return the number of the kernel that runs, 0 between kernels."""
        return int(getattr(self.core(), "running", 0))

    def tell(self) -> bool:
        """Return True if the run should end."""
        self.seen = self.seen or self.requested
        return self.requested

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Allow the second wish to interrupt what is inside: the experiment's code."""
        self._interruptible = True
        try:
            yield
        finally:
            self._interruptible = False


class Scheduler:
    """ARTIQ's scheduler as one run sees it; submissions are logged, not run.

    folder: where the results will be, which for ARTIQ's worker is the present one.
    """

    def __init__(
        self,
        rid: int,
        expid: dict[str, Any],
        termination: Termination,
        folder: Path | None = None,
    ) -> None:
        self.folder = folder or Path.cwd()
        self.rid = rid
        self.pipeline_name = "main"
        self.priority = 0
        self.expid = expid
        self._termination = termination
        self._last_submitted = rid

    def pause_noexc(self) -> bool:
        """Return True if the run should end."""
        return self._termination.tell()

    @host_only
    def pause(self) -> None:
        """Raise TerminationRequested if the run should end."""
        if self.pause_noexc():
            raise TerminationRequested

    def check_pause(self, rid: int | None = None) -> TBool:
        """Return True if `pause` would not return at once."""
        return self.check_termination(rid)

    def check_termination(self, rid: int | None = None) -> TBool:
        """Return True if the run should end."""
        return rid in (None, self.rid) and self._termination.tell()

    def submit(
        self,
        pipeline_name: str | None = None,
        expid: dict[str, Any] | None = None,
        priority: int | None = None,
        due_date: float | None = None,
        flush: bool = False,
    ) -> int:
        """Log a submission and return a run number; it is not run."""
        self._last_submitted += 1
        logger.warning(
            "submission noted, not run: RID %d, pipeline %s, priority %s, due %s%s: %s",
            self._last_submitted,
            pipeline_name or self.pipeline_name,
            self.priority if priority is None else priority,
            due_date,
            ", flush" if flush else "",
            expid or self.expid,
        )
        return self._last_submitted

    def request_termination(self, rid: int) -> None:
        """Ask a run to end; this one, or none."""
        if rid == self.rid:
            self._termination.request()
        else:
            logger.warning("no run %d to terminate", rid)

    def delete(self, rid: int) -> None:
        """Ask a run to end, as there is no other process to kill it."""
        self.request_termination(rid)

    def get_status(self) -> dict[int, dict[str, Any]]:
        """Return the runs: this one."""
        return {
            self.rid: {
                "pipeline": self.pipeline_name,
                "expid": self.expid,
                "priority": self.priority,
                "due_date": None,
                "flush": False,
                "status": "running",
                "repo_msg": None,
            }
        }


class CCB:
    """The client control broadcast: no dashboard listens, so requests are logged."""

    def issue(self, service: str, *args: Any, **kwargs: Any) -> None:
        """Log a request."""
        logger.info("client control %s: %s %s", service, args, kwargs)
