"""How campaigns scale: tasks per second, scheduler load and memory, cost of a task.

python -m benchmarks.campaign
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import distributed
import numpy as np
import psutil

from analysis.campaign import Cluster, Processes, Study, in_process, run
from benchmarks.problems import confocal
from ccqed_ctrl.model import relaxation

#: Tasks of a measurement without work, and with 50 ms of sleep.
TINY, NAPS = 1000, 200


def tiny(_point: Any, rng: np.random.Generator) -> dict[str, Any]:
    return {"x": rng.normal()}


def nap(_point: Any, rng: np.random.Generator) -> dict[str, Any]:
    time.sleep(0.05)
    return {"x": rng.normal()}


def timed(function: Any, seeds: int, engine: Any, folder: str) -> float:
    store = Path(folder) / f"{time.time_ns()}.sqlite"
    start = time.perf_counter()
    study = Study("bench", function, {"a": [0]}, seeds=seeds)
    run(study, store, engine=engine)
    return time.perf_counter() - start


@contextmanager
def scheduler(workers: int) -> Iterator[tuple[str, psutil.Process]]:
    """Start a scheduler in a process of its own, and workers."""
    from distributed.deploy.spec import SpecCluster
    from distributed.deploy.subprocess import SubprocessScheduler, SubprocessWorker

    options = {"cls": SubprocessWorker}
    with SpecCluster(
        workers={
            n: options | {"options": {"worker_kwargs": {"nthreads": 1}}}
            for n in range(workers)
        },
        scheduler={"cls": SubprocessScheduler, "options": {}},
    ) as cluster:
        with distributed.Client(cluster) as client:
            client.wait_for_workers(workers, timeout=60)
            pid = client.run_on_scheduler(lambda: __import__("os").getpid())
        yield cluster.scheduler_address, psutil.Process(pid)


def engines(folder: str) -> None:
    for name, engine in (
        ("in process", in_process),
        ("Processes(2)", Processes(2)),
        ("Cluster(workers=2)", Cluster(workers=2)),
    ):
        start = timed(tiny, 1, engine, folder)
        work = timed(tiny, TINY, engine, folder) - start
        print(f"{name:20} {TINY / work:8.0f} tasks/s, started in {start:.2f} s")


def dask(folder: str) -> None:
    for workers in (1, 2, 4, 8):
        with scheduler(workers) as (address, process):
            engine = Cluster(address)
            timed(tiny, 10, engine, folder)
            for name, function, count in (("tiny", tiny, TINY), ("50 ms", nap, NAPS)):
                before = process.cpu_times()
                seconds = timed(function, count, engine, folder)
                after = process.cpu_times()
                used = after.user + after.system - before.user - before.system
                print(
                    f"{workers} workers, {name}: {count / seconds:6.0f} tasks/s, "
                    f"scheduler {used / count * 1e3:.2f} ms per task, "
                    f"{process.memory_info().rss / 2**20:.0f} MiB"
                )


def costs() -> None:
    """Processor seconds: couplings, one descent, and the basin of one minimum."""
    for size in (400, 800, 1600, 3200, 10_000):
        rng = np.random.default_rng(0)
        start = time.process_time()
        fixed = relaxation.prepare(confocal(size))
        prepared = time.process_time() - start
        relaxation.sample_minima(fixed, 2, rng=rng, threads=1)
        count = max(8, 64_000 // size)
        start = time.process_time()
        minima = relaxation.sample_minima(fixed, count, rng=rng, threads=1)
        descent = (time.process_time() - start) / count
        start = time.process_time()
        basins = [
            relaxation.basin_size(fixed, m, interval=False, rng=rng) for m in minima[:2]
        ]
        each = (time.process_time() - start) / len(basins)
        trials = np.mean([basin.trials for basin in basins])
        print(
            f"N = {size:6}: prepare {prepared:6.2f} s, descent {descent * 1e3:6.2f} ms,"
            f" basin {each:6.2f} s ({trials:.0f} trials)"
        )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        engines(folder)
        dask(folder)
    costs()


if __name__ == "__main__":
    main()
