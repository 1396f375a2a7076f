"""Counter-based random streams for compiled loops: one per trial, none shared.

SplitMix64 (Steele, Lea and Flood, OOPSLA 2014, doi:10.1145/2660193.2660195): word t
of the stream that starts at s is a hash of s + t GOLDEN. The start of trial b is itself
the hash of the call's seed and b, so a trial draws the same numbers on any thread, in
any order.
"""

from __future__ import annotations

import numpy as np

from ..errors import ParameterError
from ._steps import part

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)


def draw_seed(rng: np.random.Generator | None, purpose: str) -> np.uint64:
    """Return the seed of one call's streams.

    Raises
    ------
    ParameterError
        No generator.
    """
    if not isinstance(rng, np.random.Generator):
        message = f"rng must be a numpy Generator for {purpose}; got {rng!r}"
        raise ParameterError(message)
    return rng.integers(2**64, dtype=np.uint64)


@part
def hashed(word: np.uint64) -> np.uint64:
    """Return SplitMix64's mixing of a 64-bit word."""
    word = (word ^ (word >> np.uint64(30))) * FIRST
    word = (word ^ (word >> np.uint64(27))) * SECOND
    return word ^ (word >> np.uint64(31))


@part
def start(seed: np.uint64, trial: int) -> np.uint64:
    """Return where the stream of a trial starts."""
    return hashed(np.uint64(seed) + GOLDEN * np.uint64(trial + 1))


@part
def below(word: np.uint64, count: int) -> np.int64:
    """Return a uniform integer in [0, count), uneven by less than count / 2^32."""
    return np.int64(((word >> np.uint64(32)) * np.uint64(count)) >> np.uint64(32))


@part
def uniform(word: np.uint64) -> float:
    """Return a uniform number in [0, 1) of 53 bits."""
    return np.float64(word >> np.uint64(11)) * 2.0**-53
