"""The compiled loops of recall trials: corrupt a known minimum, relax, compare.

They work in the gauge of the minimum, in which it is all up and its fields are known.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._descent import settle
from ._fixed_point import BLOCK, DIAGONAL
from ._random_descent import settle_at_random
from ._steps import Blocks, add_rows, compiled, part
from ._streams import GOLDEN, below, hashed, start

#: States held at a time: few, to leave the cache to the couplings.
CHUNK = 32


@part
def choose(deck: NDArray[np.int64], cuts: NDArray[np.int64], word: np.uint64) -> None:
    """Deal `cuts.size` distinct spins, all sets alike, to the front of the deck."""
    for k in range(cuts.size):
        word += GOLDEN
        cuts[k] = k + below(hashed(word), deck.size - k)
        deck[k], deck[cuts[k]] = deck[cuts[k]], deck[k]


@part
def gather(deck: NDArray[np.int64], cuts: NDArray[np.int64]) -> None:
    """Undo `choose`, so that no trial depends on the one before."""
    for k in range(cuts.size - 1, -1, -1):
        deck[k], deck[cuts[k]] = deck[cuts[k]], deck[k]


@part
def corrupt(
    doubled: Blocks,
    fields: Blocks,
    distance: int,
    seed: np.uint64,
    first: int,
    shifted: Blocks,
    down: Blocks,
) -> None:
    """Flip spins of T states that are all up, state t by stream `first` + t."""
    deck = np.empty(len(doubled), np.int64)
    for i in range(deck.size):
        deck[i] = i
    cuts = np.empty(distance, np.int64)
    flipped = deck[:distance]
    for t in range(len(down)):
        for b in range(len(fields)):
            for c in range(BLOCK):
                shifted[t, b, c] = fields[b, c]
                down[t, b, c] = 0
        choose(deck, cuts, start(seed, first + t))
        add_rows(doubled, flipped, np.int32(-1), shifted[t], 0, len(fields))
        for i in flipped:
            b, c = i // BLOCK, i % BLOCK
            shifted[t, b, c] += np.int32(DIAGONAL - 1)
            down[t, b, c] = -1
        gather(deck, cuts)


@part
def all_up(down: Blocks) -> bool:
    """Say whether a state is all up."""
    any_down = np.int32(0)
    for b in range(len(down)):
        for c in range(BLOCK):
            any_down |= down[b, c]
    return bool(any_down == 0)


@compiled
def recall(
    doubled: Blocks,
    fields: Blocks,
    distance: int,
    trials: int,
    seed: np.uint64,
    first: int,
) -> int:
    """Count the trials that steepest descent returns to all up."""
    state = np.empty((2, CHUNK, len(fields), BLOCK), np.int32)
    flips = np.empty(CHUNK, np.int64)
    returned = 0
    for chunk in range(first, first + trials, CHUNK):
        count = min(first + trials - chunk, CHUNK)
        shifted, down = state[0, :count], state[1, :count]
        corrupt(doubled, fields, distance, seed, chunk, shifted, down)
        settle(doubled, shifted, down, flips[:count])
        for t in range(count):
            returned += all_up(down[t])
    return returned


@compiled
def recall_at_random(
    doubled: Blocks,
    fields: Blocks,
    distance: int,
    trials: int,
    seed: np.uint64,
    first: int,
) -> int:
    """Count the trials that 0TMH returns to all up."""
    state = np.empty((2, CHUNK, len(fields), BLOCK), np.int32)
    flips = np.empty(CHUNK, np.int64)
    # The streams that chose the spins are not those that choose the flips.
    other = hashed(seed)
    returned = 0
    for chunk in range(first, first + trials, CHUNK):
        count = min(first + trials - chunk, CHUNK)
        shifted, down = state[0, :count], state[1, :count]
        corrupt(doubled, fields, distance, seed, chunk, shifted, down)
        settle_at_random(doubled, shifted, down, other, chunk, flips[:count])
        for t in range(count):
            returned += all_up(down[t])
    return returned
