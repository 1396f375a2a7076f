"""The compiled loop of zero-temperature Metropolis-Hastings (0TMH)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._fixed_point import BLOCK
from ._steps import CHUNK, Blocks, Spins, compiled, load, part, unload
from ._streams import GOLDEN, below, hashed, start

#: Spins counted at a time when looking for one within a block.
GROUP = 8


@part
def count_unstable(shifted: Blocks, down: Blocks, unstable: Blocks) -> np.int64:
    """Count the spins with negative stability, block by block; return the total."""
    result = np.int64(0)
    for b in range(down.shape[0]):
        count = np.int32(0)
        for c in range(BLOCK):
            count -= np.int32(shifted[b, c] ^ down[b, c]) >> np.int32(31)
        unstable[b] = count
        result += count
    return result


@part
def flip_and_count(
    row: Blocks, shifted: Blocks, down: Blocks, spin: int, unstable: Blocks
) -> np.int64:
    """Flip one spin and return what `count_unstable` would, in one pass.

    The flipped spin is written last, as in `_descent.flip`.
    """
    place, lane = spin // BLOCK, spin % BLOCK
    was, field = down[place, lane], shifted[place, lane]
    now = np.int32(~was)
    result = np.int64(0)
    for b in range(down.shape[0]):
        count = np.int32(0)
        for c in range(BLOCK):
            here = np.int32(shifted[b, c] + np.int32(row[b, c] ^ now) - now)
            shifted[b, c] = here
            count -= np.int32(here ^ down[b, c]) >> np.int32(31)
        unstable[b] = count
        result += count
    down[place, lane] = now
    shifted[place, lane] = np.int32(field + now - was)
    return result


@part
def pick(shifted: Blocks, down: Blocks, unstable: Blocks, rank: int) -> int:
    """Return the unstable spin that has `rank` unstable ones before it."""
    block = 0
    while rank >= unstable[block]:
        rank -= unstable[block]
        block += 1
    first = 0
    while True:
        count = np.int32(0)
        for c in range(first, first + GROUP):
            count -= np.int32(shifted[block, c] ^ down[block, c]) >> np.int32(31)
        if rank < count:
            break
        rank -= int(count)
        first += GROUP
    spin = block * BLOCK + first
    left = np.int64(rank)
    for c in range(first, first + GROUP):
        stable = np.int32(shifted[block, c] ^ down[block, c]) >= 0
        # Pass `rank` unstable spins, and the stable ones up to the next unstable.
        spin += (left > 0) | ((left == 0) & stable)
        left -= 1 - stable
    return spin


@part
def settle_at_random(
    doubled: Blocks,
    shifted: Blocks,
    down: Blocks,
    seed: np.uint64,
    first: int,
    flips: NDArray[np.int64],
) -> None:
    """Relax states (T, K, BLOCK) in place; state t draws stream `first` + t."""
    unstable = np.empty(doubled.shape[1], np.int32)
    for t in range(flips.size):
        word = start(seed, first + t)
        candidates = count_unstable(shifted[t], down[t], unstable)
        flips[t] = 0
        while candidates > 0:
            word += GOLDEN
            rank = below(hashed(word), candidates)
            spin = pick(shifted[t], down[t], unstable, rank)
            candidates = flip_and_count(
                doubled[spin], shifted[t], down[t], spin, unstable
            )
            flips[t] += 1


@compiled
def descend_at_random(
    doubled: Blocks,
    row_sums: Blocks,
    spins: Spins,
    seed: np.uint64,
    first: int,
    flips: NDArray[np.int64],
    energies: NDArray[np.float64],
    weakest: NDArray[np.int32],
) -> None:
    """Relax each row of `spins` (B, N) in place; row b draws stream `first` + b.

    Writes the number of `flips` (B,), the final `energies` (B,) and the `weakest`
    stability (B,), both in counts.
    """
    blocks = doubled.shape[1]
    shifted = np.empty((CHUNK, blocks, BLOCK), np.int32)
    down = np.empty((CHUNK, blocks, BLOCK), np.int32)
    for chunk in range(0, len(spins), CHUNK):
        end = min(len(spins), chunk + CHUNK)
        load(doubled, row_sums, spins[chunk:end], shifted, down)
        settle_at_random(doubled, shifted, down, seed, first + chunk, flips[chunk:end])
        for t in range(chunk, end):
            outcome = unload(shifted[t - chunk], down[t - chunk], spins[t])
            energies[t], weakest[t] = outcome
