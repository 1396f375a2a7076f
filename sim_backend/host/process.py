"""Run an experiment in a process of its own, as ARTIQ does.

Nothing heavy is imported on this side, and whatever happens to the experiment, this
side lives to report it.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

from ccqed_ctrl import cli
from ccqed_ctrl.errors import CcqedError

_STOP = b"stop"
#: Wakes the child's main thread; those of a process group come to the parent alone.
_WAKE = getattr(signal, "SIGUSR1", signal.SIGTERM)


def run(request: dict[str, Any]) -> int:
    """Run `runner.Request(**request)` in a new process; return its exit code.

    Ctrl-C, SIGTERM and SIGHUP become wishes that the experiment should end (see
    `scheduler.Termination`); the other process hears of them through a pipe alone. A
    terminal goes once, however many tell; under nohup that is no wish.

    Raises
    ------
    CcqedError
        The process died without an exit code of its own.
    """
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    level = logging.getLogger().getEffectiveLevel()
    child = spawn.Process(target=_child, args=(request, level, theirs))
    wishes = _wishes()

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if number not in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        with contextlib.suppress(OSError):  # it has just ended
            ours.send_bytes(_STOP)

    before = {number: signal.signal(number, signal.SIG_IGN) for number in wishes}
    try:
        child.start()  # ignored signals stay ignored in the child
        for number in wishes:
            signal.signal(number, pass_on)
        theirs.close()
        child.join()
        reported = _report(ours)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        ours.close()
    if reported is None:
        message = (
            "the experiment's process ended without a report "
            f"({_how(child.exitcode)}); `ccqed recover` makes a results file of what "
            "it had measured"
        )
        raise CcqedError(message)
    return reported


def _wishes() -> list[signal.Signals]:
    wishes = [signal.SIGINT, signal.SIGTERM]
    hangup: signal.Signals | None = getattr(signal, "SIGHUP", None)
    if hangup is not None and signal.getsignal(hangup) != signal.SIG_IGN:
        wishes.append(hangup)
    return wishes


def _report(connection: Connection) -> int | None:
    try:
        return connection.recv() if connection.poll() else None
    except (EOFError, OSError):
        return None


def _how(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"killed by {signal.Signals(-exit_code).name}"
    return f"exit code {exit_code}"


def _child(request: dict[str, Any], level: int, wishes: Connection) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", None)):
        if number is not None:
            signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError):  # multiprocessing replaces it by nothing
        sys.stdin = os.fdopen(0, closefd=False)
    cli.outlive_readers()
    logging.basicConfig(level=level, format="%(levelname)s: %(name)s: %(message)s")
    # Imported here: the parent needs none of it and should start at once.
    from . import runner, scheduler, worker

    termination = scheduler.Termination()
    signal.signal(_WAKE, termination.request)
    termination.watch()
    threading.Thread(target=_listen, args=(wishes,), daemon=True).start()
    wishes.send(worker.work(runner.Request(**request), termination))


def _listen(wishes: Connection) -> None:
    """Turn each wish into a signal; a parent that has gone counts as one."""
    while True:
        try:
            wishes.recv_bytes()
        except (EOFError, OSError):
            _interrupt_main()
            return
        _interrupt_main()


def _interrupt_main() -> None:
    if hasattr(signal, "pthread_kill"):  # also ends a sleep or a read
        signal.pthread_kill(threading.main_thread().ident or 0, _WAKE)
    else:
        signal.raise_signal(_WAKE)
