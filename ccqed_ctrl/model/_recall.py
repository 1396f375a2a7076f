"""The compiled loops of recall trials: corrupt a known minimum, relax, compare."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._descent import settle
from ._fixed_point import BLOCK, DIAGONAL
from ._kernels import CHUNK, Blocks, add_rows, compiled, part
from ._random_descent import settle_at_random
from ._streams import GOLDEN, below, hashed, start


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
    chosen: NDArray[np.int64],
    rows: NDArray[np.int64],
    shifted: Blocks,
    down: Blocks,
) -> None:
    """Flip the chosen spins of one state; `rows` is scratch of their number."""
    for sign in range(-1, 1):
        now = np.int32(sign)
        n = 0
        for i in chosen:
            rows[n] = i
            n += down[i // BLOCK, i % BLOCK] != now
        add_rows(doubled, rows[:n], now, shifted, 0, len(down))
    for i in chosen:
        place, lane = i // BLOCK, i % BLOCK
        was = down[place, lane]
        now = np.int32(~was)
        spurious = np.int32(np.int32(DIAGONAL) ^ now) - now
        shifted[place, lane] = np.int32(shifted[place, lane] + now - was - spurious)
        down[place, lane] = now


@part
def prepare_trials(
    doubled: Blocks,
    minimum: Blocks,
    distance: int,
    seed: np.uint64,
    first: int,
    shifted: Blocks,
    down: Blocks,
) -> None:
    """Make T states at a distance from the minimum, state t by stream `first` + t.

    `minimum` (2, K, BLOCK) is its `shifted` and `down`.
    """
    deck = np.empty(len(doubled), np.int64)
    for i in range(deck.size):
        deck[i] = i
    cuts = np.empty(distance, np.int64)
    rows = np.empty(distance, np.int64)
    for t in range(len(down)):
        for b in range(down.shape[1]):
            for c in range(BLOCK):
                shifted[t, b, c] = minimum[0, b, c]
                down[t, b, c] = minimum[1, b, c]
        choose(deck, cuts, start(seed, first + t))
        corrupt(doubled, deck[:distance], rows, shifted[t], down[t])
        gather(deck, cuts)


@part
def same(down: Blocks, other: Blocks) -> bool:
    """Say whether two states have the same spins."""
    difference = np.int32(0)
    for b in range(len(down)):
        for c in range(BLOCK):
            difference |= np.int32(down[b, c] ^ other[b, c])
    return bool(difference == 0)


@compiled
def recall(
    doubled: Blocks,
    minimum: Blocks,
    distance: int,
    trials: int,
    seed: np.uint64,
    first: int,
) -> int:
    """Count the trials that steepest descent returns to the minimum exactly."""
    state = np.empty((2, CHUNK, len(minimum[0]), BLOCK), np.int32)
    flips = np.empty(CHUNK, np.int64)
    returned = 0
    for chunk in range(0, trials, CHUNK):
        count = min(trials - chunk, CHUNK)
        shifted, down = state[0, :count], state[1, :count]
        prepare_trials(doubled, minimum, distance, seed, first + chunk, shifted, down)
        settle(doubled, shifted, down, flips[:count])
        for t in range(count):
            returned += same(down[t], minimum[1])
    return returned


@compiled
def recall_at_random(
    doubled: Blocks,
    minimum: Blocks,
    distance: int,
    trials: int,
    seed: np.uint64,
    first: int,
) -> int:
    """Count the trials that 0TMH returns to the minimum exactly."""
    state = np.empty((2, CHUNK, len(minimum[0]), BLOCK), np.int32)
    flips = np.empty(CHUNK, np.int64)
    # The streams that chose the spins are not those that choose the flips.
    other = hashed(seed)
    returned = 0
    for chunk in range(0, trials, CHUNK):
        count = min(trials - chunk, CHUNK)
        shifted, down = state[0, :count], state[1, :count]
        prepare_trials(doubled, minimum, distance, seed, first + chunk, shifted, down)
        settle_at_random(doubled, shifted, down, other, first + chunk, flips[:count])
        for t in range(count):
            returned += same(down[t], minimum[1])
    return returned
