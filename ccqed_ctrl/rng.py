"""Random streams: one root seed per run, one named child per purpose."""

from __future__ import annotations

import zlib

import numpy as np

from . import checks


def stream(root_seed: int, purpose: str, index: int = 0) -> np.random.Generator:
    """Return the generator of one purpose of a run.

    Adding a consumer does not shift the others: the child depends only on the root
    seed, the name of the purpose and its index (a shot, say).

    Raises
    ------
    ParameterError
        A seed or index that is negative or not whole.
    """
    root = checks.integer("root seed", root_seed, 0)
    child = checks.integer("stream index", index, 0)
    key = (zlib.crc32(purpose.encode()), child)
    return np.random.default_rng(np.random.SeedSequence(root, spawn_key=key))
