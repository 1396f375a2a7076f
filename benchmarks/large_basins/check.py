"""`python -m benchmarks.large_basins.check N ...`: does the card agree with the host?

The minima of random states, and their basins from the same seeds, are bit for bit those
of `ccqed_ctrl.model.relaxation`. Ends with exit code 1 where they are not.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from analysis.paper.basin_studies import random_couplings
from ccqed_ctrl.model import relaxation

from . import kernels


def agree(
    size: int, *, layouts: int = 2, each: int = 8, threads: int = 256, **test: float
) -> bool:
    """Compare minima and basins of random couplings; test: as of `basin_size`."""
    rng = np.random.default_rng(size)
    point = {"ensembles": size, "width": 1.5}
    problems = [
        relaxation.prepare(random_couplings(point, rng)) for _ in range(layouts)
    ]
    states = 2 * rng.integers(0, 2, (layouts, each, size), dtype=np.int8) - 1
    streams = [rng.spawn(each) for _ in problems]
    minima = kernels.descend(problems, states, threads=threads)
    seeds = np.array([[upcoming(own) for own in row] for row in streams], np.uint64)
    found, used = kernels.basin_sizes(problems, minima, seeds, threads=threads, **test)
    begun = time.perf_counter()
    wrong = 0
    for n, problem in enumerate(problems):
        relaxed = relaxation.relax(problem, states[n]).spins
        wrong += int(np.any(relaxed != minima[n]))
        for m in range(each):
            own = streams[n][m]
            basin = relaxation.basin_size(
                problem, minima[n, m], interval=False, rng=own, **test
            )
            wrong += (basin.size, basin.trials) != (found[n, m], used[n, m])
    took = time.perf_counter() - begun
    print(f"N = {size}: {wrong} of {layouts * each} differ; the host took {took:.1f} s")
    return wrong == 0


def upcoming(rng: np.random.Generator) -> np.uint64:
    """Return the word that a generator gives next, and leave it as it was."""
    state = rng.bit_generator.state
    word = rng.integers(2**64, dtype=np.uint64)
    rng.bit_generator.state = state
    return word


if __name__ == "__main__":
    sys.exit(sum(not agree(int(size)) for size in sys.argv[1:]))
