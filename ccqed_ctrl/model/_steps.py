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

#: Rows and blocks of the tile of couplings that all states of a chunk share (64 KiB).
TILE_ROWS = 64
TILE_BLOCKS = 4

#: States held at a time, so that they stay in the cache.
CHUNK = 32

_jit: Callable[..., Callable[[Callable[..., Any]], Callable[..., Any]]] = numba.njit

#: How an entry point is compiled: runs without the lock, and is kept on disk.
compiled = _jit(nogil=True, cache=True, error_model="numpy")

#: How its parts are: into it, with nothing to call them from Python, in half the time.
part = _jit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)


@part
def load(
    doubled: Blocks, row_sums: Blocks, spins: Spins, shifted: Blocks, down: Blocks
) -> None:
    """Set T states (T, K, BLOCK) to `spins` (T, N): l = 2 sum_{up} J_i - sum J_i.

    A tile of couplings stays in the cache while all states use it.
    """
    count, size = spins.shape
    up = np.empty((count, size + 1), np.int64)
    many = np.zeros(count, np.int64)
    for t in range(count):
        set_all_down(row_sums, shifted[t], down[t], size)
    for first in range(0, size, TILE_ROWS):
        for t in range(count):
            n = 0
            for i in range(first, min(first + TILE_ROWS, size)):
                up[t, n] = i
                n += spins[t, i] > 0
            many[t] = n
            for i in up[t, :n]:
                b, c = i // BLOCK, i % BLOCK
                shifted[t, b, c] -= np.int32(DIAGONAL - 1)
                down[t, b, c] = 0
        for b in range(0, len(row_sums), TILE_BLOCKS):
            end = min(b + TILE_BLOCKS, len(row_sums))
            for t in range(count):
                rows = up[t, : many[t]]
                add_rows(doubled, rows, np.int32(0), shifted[t], b, end)


@part
def set_all_down(row_sums: Blocks, shifted: Blocks, down: Blocks, size: int) -> None:
    """Set one state to s = -1."""
    for b in range(len(row_sums)):
        for c in range(BLOCK):
            inside = np.int32(b * BLOCK + c < size)
            down[b, c] = -inside
            shifted[b, c] = np.int32(-row_sums[b, c] - inside)


@part
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


@part
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


@part
def find(shifted: Blocks, down: Blocks, block: int, stability: np.int32) -> int:
    """Return the lowest spin of a block with that stability."""
    place = np.int32(BLOCK)
    for c in range(BLOCK):
        here = np.int32(shifted[block, c] ^ down[block, c])
        place = min(place, np.int32(c) if here == stability else np.int32(BLOCK))
    return block * BLOCK + int(place)
