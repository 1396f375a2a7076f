"""`python -m benchmarks large_basins [-o PAGE.md]`: is the basin extensive? (Fig. 12)

Mean basins of the confocal cavity's own minima under steepest descent at w = 1.5 w0, as
Fig. 12 of the paper has them, on a graphics card, to numbers of spins at which the
forms that fit smaller ones part. The protocol is that of `analysis/paper/fig12.py`.
Couplings that are measured are kept in docs/large_basins: the same command goes on
where it stopped, on another machine, too. With `-o` it measures nothing, needs no card,
and writes the page of what is there.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.paper.basin_studies import random_couplings
from ccqed_ctrl.model import relaxation
from ccqed_ctrl.rng import stream

from ..sweep import ROOT, Row, sweep
from .page import write

STORE = ROOT / "docs" / "large_basins"
#: What decides what a row holds; rows of other code do not count.
SOURCES = (
    "benchmarks/large_basins/kernels.py",
    "ccqed_ctrl/model/_fixed_point.py",
    "ccqed_ctrl/model/basins.py",
    "ccqed_ctrl/model/couplings.py",
)
#: Random states relaxed for each set of couplings.
MINIMA = 80
#: Threads of the host that prepare couplings.
HANDS = 8


@dataclass(frozen=True)
class Size:
    """Spins, and how many batches of so many sets of couplings are measured."""

    ensembles: int
    batches: int
    layouts: int

    @property
    def threads(self) -> int:
        """Of a block: four spins or more each, in whole warps."""
        return min(512, max(32, 32 * (self.ensembles // 128)))


SIZES = (
    Size(50, 4, 120), Size(100, 4, 120), Size(200, 4, 120), Size(400, 4, 120),
    Size(800, 2, 120), Size(1600, 4, 60), Size(3200, 4, 40),
)  # fmt: skip
WIDTH = 1.5


def measure(size: Size, batch: int) -> Row:
    """Return the basins of one batch: sizes (layouts, MINIMA), what it took."""
    from . import kernels

    begun = time.perf_counter()
    rng = stream(batch, f"large_basins.confocal.{size.ensembles}")
    children = rng.spawn(size.layouts)
    point = {"ensembles": size.ensembles, "width": WIDTH}
    with ThreadPoolExecutor(HANDS) as pool:
        problems = list(
            pool.map(
                lambda own: relaxation.prepare(random_couplings(point, own)), children
            )
        )
    shape = size.layouts, MINIMA, size.ensembles
    states = 2 * rng.integers(0, 2, shape, dtype=np.int8) - 1
    seeds = rng.integers(2**64, size=shape[:2], dtype=np.uint64)
    ready = time.perf_counter()
    minima = kernels.descend(problems, states, threads=size.threads)
    sizes, trials = kernels.basin_sizes(problems, minima, seeds, threads=size.threads)
    return {
        "sizes": sizes.tolist(),
        "trials": int(trials.sum()),
        "host": round(ready - begun, 1),
        "card": round(time.perf_counter() - ready, 1),
    }


def take(size: Size, *, store: Path, batches: Sequence[int]) -> list[Row]:
    """Return the rows of some batches of one size."""
    return sweep(
        f"confocal_{size.ensembles}",
        {"minima": MINIMA, "layouts": size.layouts},
        batches,
        lambda batch: measure(size, batch),
        store=store,
        version=sources(),
    )


def sources() -> str:
    """Return a digest of what rows depend on."""
    digest = hashlib.sha256()
    for name in SOURCES:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()[:10]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser("python -m benchmarks large_basins")
    parser.add_argument("-o", "--output", type=Path, help="write the page of what is")
    parser.add_argument("--store", type=Path, default=STORE, help="where rows are kept")
    options = parser.parse_args(arguments)
    if options.output:
        write(options.store, options.output)
        return 0
    for size in SIZES:
        take(size, store=options.store, batches=range(size.batches))
    return 0
