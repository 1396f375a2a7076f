"""Paired measurements: ours and the peer alternate, ratios are taken per repeat.

Other work on the machine slows both alike, so ratios are trusted and times are not.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table.

    `ratio` is how many times faster than the peer we are, the median of the repeats,
    or a cost in units of the peer's if `smaller_is_better`.
    """

    group: str
    case: str
    ours: str
    peer: str
    ratio: float
    target: float | None
    smaller_is_better: bool = False
    note: str = ""

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        if self.smaller_is_better:
            return self.ratio <= self.target
        return self.ratio >= self.target


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def paired(
    ours: Callable[[], float], peer: Callable[[], float], repeats: int
) -> tuple[float, float, float]:
    """Return the median times and the median of the ratios peer / ours.

    Each callable does its work once and returns the seconds that count; the first
    repeat warms up and is dropped; who goes first alternates.
    """
    times = []
    for repeat in range(repeats + 1):
        order = (ours, peer) if repeat % 2 else (peer, ours)
        first, second = order[0](), order[1]()
        times.append((first, second) if repeat % 2 else (second, first))
    kept = times[1:]
    ratios = [theirs / mine for mine, theirs in kept]
    mine, theirs = (statistics.median(column) for column in zip(*kept, strict=True))
    return mine, theirs, statistics.median(ratios)


def shown(value: float) -> str:
    """Write a time with three digits and a unit."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if value >= scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"
