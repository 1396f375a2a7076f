"""Where tasks run: in this process, or in processes of this machine.

An engine is a function (study, tasks) -> outcomes in the order they finish. Closing
the iterator stops what still runs.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection

from ccqed_ctrl import checks

from .study import Study, Task
from .work import Outcome, attempt, attempt_packed

Engine = Callable[[Study, Iterable[Task]], Generator[Outcome, None, None]]

#: Tasks handed out per worker: one running, one waiting for it.
AHEAD = 2
#: What a task is recorded as, whose worker died even when it ran alone.
DIED = (
    "the worker process died: killed, out of memory, or it could not start (a script "
    "needs `if __name__ == '__main__'`)"
)


def in_process(study: Study, tasks: Iterable[Task]) -> Generator[Outcome, None, None]:
    """Run the tasks one after another here."""
    for task in tasks:
        yield attempt(study, task)


@dataclass(frozen=True)
class Processes:
    """Processes of this machine; None means one per core."""

    workers: int | None = None

    def __call__(
        self, study: Study, tasks: Iterable[Task]
    ) -> Generator[Outcome, None, None]:
        """Run the tasks; a worker's death costs no task.

        Of the tasks that ran or waited when a worker died, each is then run alone; the
        one whose worker dies again is recorded as failed.
        """
        workers = checks.integer("workers", self.workers or os.cpu_count() or 1, 1)
        todo = iter(tasks)
        while suspects := (yield from _run(study, todo, workers)):
            for suspect in suspects:
                for task in (yield from _run(study, iter([suspect]), 1)):
                    yield Outcome(task, None, 0.0, DIED)


def _run(
    study: Study, tasks: Iterator[Task], workers: int
) -> Generator[Outcome, None, list[Task]]:
    """Run tasks in one pool; return those in flight when a worker died."""
    packed = pickle.dumps(study)
    in_flight: dict[str, Task] = {}
    futures: set[Future[Outcome]] = set()
    with _pool(workers) as pool:
        try:
            while True:
                for task in islice(tasks, AHEAD * workers - len(in_flight)):
                    in_flight[task.key] = task
                    futures.add(pool.submit(attempt_packed, packed, task))
                if not in_flight:
                    return []
                done, futures = wait(futures, return_when=FIRST_COMPLETED)
                for future in done:
                    outcome = future.result()
                    del in_flight[outcome.task.key]
                    yield outcome
        except BrokenProcessPool:
            return list(in_flight.values())


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Give processes that go when this one does, however it goes.

    They watch a pipe whose other end is held here alone.
    """
    context = multiprocessing.get_context("spawn")
    watched, held = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(workers, context, _start_worker, (watched,))
    try:
        yield pool
    finally:
        held.close()
        pool.shutdown(cancel_futures=True)
        watched.close()


def _start_worker(watched: Connection) -> None:
    # The other cores belong to the other workers; and the client decides when to stop.
    os.environ["NUMBA_NUM_THREADS"] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with, args=(watched,), daemon=True).start()


def _leave_with(watched: Connection) -> None:
    """End this process when the other end of the pipe is gone."""
    watched.poll(None)
    os._exit(1)
