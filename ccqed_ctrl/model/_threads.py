"""Many independent trials on several threads.

Plain threads over kernels that release the lock: unlike Numba's own parallel loops
they may be entered from several threads at once, and they compile in a third of the
time. Results do not depend on the slicing, because trials do not depend on each other.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from numba import config

from .. import checks

#: Slices per thread, so that a slow one is not waited for.
SLICES = 4

#: Fewer trials than this are not worth a thread.
SMALLEST_SLICE = 16


def in_slices(
    work: Callable[[slice], None], count: int, threads: int | None = None
) -> None:
    """Call `work` on slices that cover range(count), on at most `threads` threads.

    None means as many as Numba may use (NUMBA_NUM_THREADS, else the cores).

    Raises
    ------
    ParameterError
        A number of threads that is not a positive whole number.
    """
    cores: int = config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    available = cores if threads is None else threads
    workers = min(
        checks.integer("threads", available, 1), max(1, count // SMALLEST_SLICE)
    )
    if workers == 1:
        work(slice(0, count))
        return
    pieces = min(SLICES * workers, count // SMALLEST_SLICE)
    edges = [count * k // pieces for k in range(pieces + 1)]
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, map(slice, edges[:-1], edges[1:])))
