"""Tasks on a Dask cluster: one that runs already, or one started here."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ccqed_ctrl import checks
from ccqed_ctrl.errors import ParameterError, ResultsError

from .study import Study, Task
from .work import Outcome, attempt

#: Tasks handed out per thread of the cluster, to keep it busy between two looks.
AHEAD = 4
#: Seconds to find the scheduler, and its first worker.
PATIENCE = 60.0


@dataclass(frozen=True)
class Cluster:
    """A Dask cluster.

    address: of a scheduler, tcp://host:port. workers: how many to start on this
    machine instead, one thread each. Exactly one of the two is given.
    """

    address: str | None = None
    workers: int | None = None

    def __call__(
        self, study: Study, tasks: Iterable[Task]
    ) -> Generator[Outcome, None, None]:
        """Run the tasks; those of a worker that dies run again on another.

        Dask gives a task up, and it is recorded as failed, after
        `distributed.scheduler.allowed-failures` workers died with it (three).

        Raises
        ------
        ParameterError
            Both or none of address and workers.
        ResultsError
            Dask is not installed, or the cluster cannot be reached (any more).
        """
        with self._client() as client:
            yield from _run(client, study, iter(tasks))

    @contextmanager
    def _client(self) -> Iterator[Any]:
        if (self.address is None) == (self.workers is None):
            raise ParameterError("a cluster needs either an address or workers")
        distributed = _import_distributed()
        where, found = self.address or "this machine", False
        try:
            with _silence(), self._scheduler(distributed) as scheduler:
                client = distributed.Client(scheduler, timeout=PATIENCE)
                with client:
                    client.wait_for_workers(1, timeout=PATIENCE)
                    found = True
                    yield client
        except (OSError, TimeoutError, CancelledError) as error:
            if isinstance(error, ResultsError):
                raise
            said = f"no Dask cluster at {where}: {error}"
            if found:
                said = (
                    f"the Dask scheduler at {where} is gone: killed, or the network "
                    f"failed ({type(error).__name__}). What was finished is stored; "
                    "the same command goes on from there"
                )
            raise ResultsError(said) from error

    @contextmanager
    def _scheduler(self, distributed: Any) -> Iterator[Any]:
        if self.address is not None:
            yield self.address
            return
        workers = checks.integer("workers", self.workers, 1)
        with distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            # By itself Dask shows its dashboard to the whole network.
            dashboard_address="127.0.0.1:0",
            host="127.0.0.1",
            env={"NUMBA_NUM_THREADS": "1"},
        ) as local:
            yield local


def _run(
    client: Any, study: Study, tasks: Iterator[Task]
) -> Generator[Outcome, None, None]:
    """Keep the cluster's threads busy and yield outcomes as they come."""
    distributed = _import_distributed()
    pending: dict[str, Task] = {}
    finished = distributed.as_completed()
    while True:
        ahead = AHEAD * max(1, sum(client.nthreads().values()))
        for task in islice(tasks, max(0, ahead - len(pending))):
            key = f"{study.name}-{study.generation[:8]}-{task.key}"
            pending[key] = task
            # Not remembered between runs: the store does that.
            finished.add(client.submit(attempt, study, task, key=key, pure=False))
        if not pending:
            return
        for future in finished.next_batch():
            yield _outcome(future, pending.pop(future.key))
            future.release()


@contextmanager
def _silence() -> Iterator[None]:
    """Keep Dask's client from writing tracebacks of what becomes our error."""
    client = logging.getLogger("distributed.client")
    level = client.level
    client.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        client.setLevel(level)


def _outcome(future: Any, task: Task) -> Outcome:
    error = future.exception()
    if error is None:
        outcome: Outcome = future.result()
        return outcome
    return Outcome(task, None, 0.0, f"{type(error).__name__}: {error}")


def _import_distributed() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise ResultsError(
            "a cluster needs Dask: pip install 'ccqed-ctrl[cluster]'"
        ) from error
    return distributed
