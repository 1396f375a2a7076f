"""The compiled loop of Glauber and Metropolis dynamics at a temperature."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ._fixed_point import BLOCK
from ._steps import Blocks, Spins, compiled, load, part, unload
from ._streams import GOLDEN, below, hashed, start, uniform


@part
def turn(row: Blocks, shifted: Blocks, down: Blocks, spin: int) -> None:
    """Flip one spin and update the fields."""
    place, lane = spin // BLOCK, spin % BLOCK
    was, field = down[place, lane], shifted[place, lane]
    now = np.int32(~was)
    for b in range(down.shape[0]):
        for c in range(BLOCK):
            step = np.int32(np.int32(row[b, c] ^ now) - now)
            shifted[b, c] = np.int32(shifted[b, c] + step)
    down[place, lane] = now
    shifted[place, lane] = np.int32(field + now - was)


@compiled
def equilibrate(
    doubled: Blocks,
    row_sums: Blocks,
    spins: Spins,
    seed: np.uint64,
    first: int,
    exponent: float,
    steps: int,
    glauber: bool,
    flips: NDArray[np.int64],
    energies: NDArray[np.float64],
) -> None:
    """Propose `steps` random flips to each row of `spins` (B, N), in place.

    A flip at stability k (counts) has dE/T = `exponent` k and is accepted with
    1 / (1 + exp(dE/T)) if `glauber` (Eq. 23), else min(1, exp(-dE/T)) (Eq. 24). Row b
    draws stream `first` + b.
    """
    count, size = spins.shape
    blocks = doubled.shape[1]
    state = np.empty((2, blocks, BLOCK), np.int32)
    shifted, down = state[0], state[1]
    for trial in range(count):
        word = start(seed, first + trial)
        load(doubled, row_sums, spins[trial : trial + 1], state[0:1], state[1:2])
        done = 0
        for _ in range(steps):
            word += GOLDEN
            spin = below(hashed(word), size)
            word += GOLDEN
            b = spin // BLOCK
            c = spin - b * BLOCK
            cost = exponent * np.int32(shifted[b, c] ^ down[b, c])
            weight = math.exp(-abs(cost))
            if glauber:
                accept = (1.0 if cost < 0.0 else weight) / (1.0 + weight)
            else:
                accept = 1.0 if cost <= 0.0 else weight
            if uniform(hashed(word)) < accept:
                turn(doubled[spin], shifted, down, spin)
                done += 1
        flips[trial] = done
        energies[trial], _ = unload(shifted, down, spins[trial])
