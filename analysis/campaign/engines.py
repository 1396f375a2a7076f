"""Where tasks run: in this process, or in processes of this machine.

An engine is a function (study, tasks) -> outcomes in the order they finish. Closing
the iterator stops the work that was still to come.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import Connection
from typing import Any

from ccqed_ctrl import checks

from .study import Study, Task
from .work import Outcome, attempt

Engine = Callable[[Study, Iterable[Task]], Iterator[Outcome]]

#: Tasks handed out per worker: one running, one waiting for it.
AHEAD = 2
#: What a task is recorded as, whose worker died with it alone.
DIED = "the worker process died (killed, or out of memory)"


def in_process(study: Study, tasks: Iterable[Task]) -> Iterator[Outcome]:
    """Run the tasks one after another here."""
    return (attempt(study, task) for task in tasks)


@dataclass(frozen=True)
class Processes:
    """Processes of this machine; None means one per core."""

    workers: int | None = None

    def __call__(self, study: Study, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """Run the tasks; a worker's death costs no task.

        Of the tasks that ran or waited when a worker died, each is then run alone: the
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
    pending: dict[Future[Outcome], Task] = {}
    handed: Task | None = None
    with _pool(workers) as pool:
        try:
            while True:
                for handed in islice(tasks, AHEAD * workers - len(pending)):
                    pending[pool.submit(attempt, study, handed)] = handed
                if not pending:
                    return []
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    outcome = future.result()
                    del pending[future]
                    yield outcome
        except BrokenProcessPool:
            lost = list(pending.values())
            refused = handed is not None and handed not in lost
            return lost
