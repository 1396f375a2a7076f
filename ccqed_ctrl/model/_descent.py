"""The compiled loop of steepest descent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._fixed_point import BLOCK
from ._steps import CHUNK, Blocks, Spins, compiled, find, load, part, unload


@part
def least_stable(shifted: Blocks, down: Blocks) -> int:
    """Return the spin with the most negative stability (lowest if tied), or -1."""
    best = np.int32(0)
    block = -1
    for b in range(down.shape[0]):
        lowest = np.int32(0)
        for c in range(BLOCK):
            lowest = min(lowest, np.int32(shifted[b, c] ^ down[b, c]))
        if lowest < best:
            best = lowest
            block = b
    return find(shifted, down, block, best) if block >= 0 else -1


@part
def flip(row: Blocks, shifted: Blocks, down: Blocks, spin: int) -> int:
    """Flip one spin, whose doubled couplings are `row`, and return the next or -1.

    One pass updates the fields and searches them. The flipped spin itself is written
    last: a write just before the vector loads that contain it would stall them. Until
    then the row's diagonal entry makes it look stable.
    """
    place, lane = spin // BLOCK, spin % BLOCK
    was, field = down[place, lane], shifted[place, lane]
    now = np.int32(~was)
    best = np.int32(0)
    block = -1
    for b in range(down.shape[0]):
        lowest = np.int32(0)
        for c in range(BLOCK):
            # (x ^ now) - now is x for a spin now up and -x for one now down.
            here = np.int32(shifted[b, c] + np.int32(row[b, c] ^ now) - now)
            shifted[b, c] = here
            lowest = min(lowest, np.int32(here ^ down[b, c]))
        if lowest < best:
            best = lowest
            block = b
    following = find(shifted, down, block, best) if block >= 0 else -1
    down[place, lane] = now
    shifted[place, lane] = np.int32(field + now - was)
    return following


@part
def settle(
    doubled: Blocks, shifted: Blocks, down: Blocks, flips: NDArray[np.int64]
) -> None:
    """Relax states (T, K, BLOCK) in place, two at a time.

    Two independent chains of flips keep the processor busy while each waits for its
    next row.
    """
    count = flips.size
    for t in range(count):
        flips[t] = 0
    a, b, waiting = 0, min(1, count - 1), min(2, count)
    i = least_stable(shifted[a], down[a])
    j = least_stable(shifted[b], down[b]) if b > a else -1
    while True:
        while i >= 0 and j >= 0:
            i = flip(doubled[i], shifted[a], down[a], i)
            j = flip(doubled[j], shifted[b], down[b], j)
            flips[a] += 1
            flips[b] += 1
        if waiting == count:
            break
        if i < 0:
            a = waiting
            i = least_stable(shifted[a], down[a])
        else:
            b = waiting
            j = least_stable(shifted[b], down[b])
        waiting += 1
    if i < 0:
        a, i = b, j
    while i >= 0:
        i = flip(doubled[i], shifted[a], down[a], i)
        flips[a] += 1


@compiled
def descend(
    doubled: Blocks,
    row_sums: Blocks,
    spins: Spins,
    flips: NDArray[np.int64],
    energies: NDArray[np.float64],
    weakest: NDArray[np.int32],
) -> None:
    """Relax each row of `spins` (B, N) in place.

    Writes the number of `flips` (B,), the final `energies` (B,) and the `weakest`
    stability (B,), both in counts.
    """
    blocks = doubled.shape[1]
    shifted = np.empty((CHUNK, blocks, BLOCK), np.int32)
    down = np.empty((CHUNK, blocks, BLOCK), np.int32)
    for first in range(0, len(spins), CHUNK):
        end = min(len(spins), first + CHUNK)
        load(doubled, row_sums, spins[first:end], shifted, down)
        settle(doubled, shifted, down, flips[first:end])
        for t in range(first, end):
            outcome = unload(shifted[t - first], down[t - first], spins[t])
            energies[t], weakest[t] = outcome
