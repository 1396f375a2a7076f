"""Compiled steps on fixed-point fields, shared by the loops of every dynamics.

Axes: spin i is element i % BLOCK of block i // BLOCK; padding never flips.

A state is two int32 arrays (K, BLOCK): `down` is 0 for s = +1 and -1 for s = -1, and
`shifted` is the local field l_i plus `down`. Then `shifted ^ down` is exactly the
stability s_i l_i (-l = ~(l - 1)), one instruction per spin. Padding has stability 0.

The inner loops run over one block of constant length, so that the compiler turns them
into vector instructions; int32 casts keep Numba from widening them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ._fixed_point import BLOCK, DIAGONAL, LARGEST_FIELD

#: Blocks (K, BLOCK) of one state or one row, or all rows (N, K, BLOCK).
Blocks = NDArray[np.int32]

Spins = NDArray[np.int8]

#: Blocks per tile of columns: 256 columns of 1000 rows are half a usual L2 cache.
TILE = 4

#: States held at a time, so that they stay in the cache.
CHUNK = 32

#: How every loop here is compiled: without the lock, and kept on disk.
compiled: Callable[[Callable[..., Any]], Callable[..., Any]] = numba.njit(
    nogil=True, cache=True, error_model="numpy"
)


@compiled
def load(
    doubled: Blocks, row_sums: Blocks, spins: Spins, shifted: Blocks, down: Blocks
) -> None:
    """Set T states (T, K, BLOCK) to `spins` (T, N): l = 2 sum_{up} J_i - sum J_i.

    Columns go in tiles that stay in the cache while all states use them, rows in groups
    that share one pass over the fields.
    """
    count, size = spins.shape
    blocks = row_sums.shape[0]
    up = np.empty((count, size + 1), np.int64)
    many = np.zeros(count, np.int64)
    for t in range(count):
        down[t] = 0
        for i in range(size):
            up[t, many[t]] = i
            many[t] += spins[t, i] > 0
            down[t, i // BLOCK, i % BLOCK] = -1 if spins[t, i] < 0 else 0
        for b in range(blocks):
            for c in range(BLOCK):
                shifted[t, b, c] = np.int32(down[t, b, c] - row_sums[b, c])
        for i in up[t, : many[t]]:
            shifted[t, i // BLOCK, i % BLOCK] -= np.int32(DIAGONAL)
    for tile in range(0, blocks, TILE):
        end = min(blocks, tile + TILE)
        for t in range(count):
            rows = up[t, : many[t]]
            add_rows(doubled, rows, np.int32(0), shifted[t], tile, end)


@compiled
def add_rows(
    doubled: Blocks,
    rows: NDArray[np.int64],
    sign: np.int32,
    fields: Blocks,
    tile: int,
    end: int,
) -> None:
    """Add (`sign` 0) or subtract (-1) rows, in the blocks [tile, end) of the fields."""
    n = 0
    while n + 4 <= rows.size:
        r0, r1 = doubled[rows[n]], doubled[rows[n + 1]]
        r2, r3 = doubled[rows[n + 2]], doubled[rows[n + 3]]
        for b in range(tile, end):
            for c in range(BLOCK):
                added = np.int32(r0[b, c] + r1[b, c] + r2[b, c] + r3[b, c])
                fields[b, c] = np.int32(fields[b, c] + np.int32(added ^ sign) - sign)
        n += 4
    for k in range(n, rows.size):
        row = doubled[rows[k]]
        for b in range(tile, end):
            for c in range(BLOCK):
                added = np.int32(row[b, c] ^ sign)
                fields[b, c] = np.int32(fields[b, c] + added - sign)


@compiled
def unload(shifted: Blocks, down: Blocks, spins: Spins) -> tuple[np.int64, np.int32]:
    """Write one state's spins (N,); return its energy and least stability in counts."""
    energy = np.int64(0)
    weakest = np.int32(LARGEST_FIELD)
    for i in range(spins.size):
        b, c = i // BLOCK, i % BLOCK
        stability = np.int32(shifted[b, c] ^ down[b, c])
        spins[i] = 1 + 2 * down[b, c]
        energy -= stability
        weakest = min(weakest, stability)
    return energy, weakest


@compiled
def find(shifted: Blocks, down: Blocks, block: int, stability: np.int32) -> int:
    """Return the lowest spin of a block with that stability."""
    place = np.int32(BLOCK)
    for c in range(BLOCK):
        here = np.int32(shifted[block, c] ^ down[block, c])
        place = min(place, np.int32(c) if here == stability else np.int32(BLOCK))
    return block * BLOCK + int(place)
