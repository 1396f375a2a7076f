"""`python -m benchmarks large_basins`: is the basin extensive? (Fig. 12)

Mean basins of the confocal cavity's own minima under steepest descent, as Fig. 12 of
the paper has them, at w = 1.5 w0 and of SK couplings, on a graphics card, to numbers of
spins at which the forms that fit smaller ones part. The protocol is that of
`analysis/paper/fig12.py`. Sets of couplings that are measured are kept in
docs/large_basins: the same command goes on where it stopped, on another machine, too,
and where all are there it needs no card.
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
from numpy.typing import NDArray

from analysis.paper.basin_studies import random_couplings
from ccqed_ctrl.model import relaxation
from ccqed_ctrl.rng import stream

from ..sweep import ROOT, Row, sweep

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
    Size(800, 4, 120), Size(1600, 4, 60), Size(3200, 4, 40), Size(6400, 6, 12),
)  # fmt: skip
#: Width in w0, or none: SK couplings.
KINDS: dict[str, dict[str, float]] = {"confocal": {"width": 1.5}, "sk": {}}


def measure(kind: str, size: Size, batch: int) -> Row:
    """Return the basins of one batch: sizes (layouts, MINIMA), what it took."""
    from . import kernels

    begun = time.perf_counter()
    rng = stream(batch, f"large_basins.{kind}.{size.ensembles}")
    children = rng.spawn(size.layouts)
    point = KINDS[kind] | {"ensembles": size.ensembles}
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


def take(kind: str, size: Size, store: Path) -> list[Row]:
    """Return all rows of one kind and size."""
    return sweep(
        f"{kind}_{size.ensembles}",
        {"minima": MINIMA, "layouts": size.layouts},
        range(size.batches),
        lambda batch: measure(kind, size, batch),
        store=store,
        version=sources(),
    )


def sources() -> str:
    """Return a digest of what rows depend on."""
    digest = hashlib.sha256()
    for name in SOURCES:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()[:10]


def basins(rows: Sequence[Row], size: int) -> NDArray[np.float64]:
    """Return basins over N (couplings, MINIMA) of rows."""
    return np.concatenate([np.array(row["sizes"], float) for row in rows]) / size


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser("python -m benchmarks large_basins")
    parser.add_argument("--store", type=Path, default=STORE, help="where rows are kept")
    parser.add_argument("--kind", choices=KINDS, action="append", help="default: all")
    parser.add_argument("--largest", type=int, default=SIZES[-1].ensembles)
    options = parser.parse_args(arguments)
    kinds = options.kind or list(KINDS)
    found = {}
    for size in SIZES:
        for kind in kinds:
            if size.ensembles <= options.largest:
                found[kind, size.ensembles] = take(kind, size, options.store)
                told = basins(found[kind, size.ensembles], size.ensembles)
                print(f"{kind}, N = {size.ensembles}: {told.mean():.5f}", flush=True)
    return 0
