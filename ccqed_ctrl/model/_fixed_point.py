"""Couplings as 32-bit integers: fields that do not drift, ties that are ties.

A float field that is updated flip by flip drifts; an integer one does not, sums in any
order give the same, and equal stabilities compare equal. Couplings that are multiples
of a common quantum (Hebbian ones, +-J) become exactly those multiples; others are
rounded to the finest scale at which no field can overflow, and `margin` says by how
much a field may then be off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..errors import ShapeError
from . import ising

#: Spins per block, the unit of padding and of the search for the best flip.
BLOCK = 64

#: Blocks in a page of memory (4 KiB).
PAGE = 16

#: Makes a spin look stable while it is being flipped: see `_descent.flip`.
DIAGONAL = -(2**31 - 1)

#: Every field, and one count more, must fit in 32 bits.
LARGEST_FIELD = 2**31 - 2

#: Of the largest coupling: differences below this are rounding.
ROUNDING = 1e-12

#: Of the largest coupling: a common quantum below this is coincidence.
SMALLEST_QUANTUM = 1e-8


@dataclass(frozen=True)
class FixedPoint:
    """Couplings ready for the compiled loops; `prepare` makes them.

    Attributes
    ----------
    couplings : (N, N) float64
        Symmetric, zero diagonal.
    doubled : (N, K, BLOCK) int32
        2 J_ij / quantum, rows padded with zeros to K blocks, 64-byte aligned. May wrap:
        fields, the only sums taken of it, do not. The diagonal is DIAGONAL.
    row_sums : (K, BLOCK) int32
        sum_j J_ij / quantum.
    quantum : float
        The coupling that one count stands for.
    margin : int
        Counts by which an integer field may differ from the float64 one; 0 if exact.
    tolerance : float
        What counts as zero for a float64 field, in the unit of the couplings.
    """

    couplings: NDArray[np.float64]
    doubled: NDArray[np.int32]
    row_sums: NDArray[np.int32]
    quantum: float
    margin: int
    tolerance: float

    @property
    def size(self) -> int:
        """Number of spins N."""
        return len(self.couplings)

    @property
    def arrays(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """What every compiled loop takes first: `doubled`, `row_sums`."""
        return self.doubled, self.row_sums

    def gauged(
        self, spins: NDArray[np.int8]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the problem in which `spins` (N,) is all up: J_ij s_i s_j.

        Returns `doubled` (N, K, BLOCK) and the fields of that state (K, BLOCK).
        """
        up = spins > 0
        gauge = np.ones(self.row_sums.shape, np.int32)
        gauge.reshape(-1)[: self.size] = spins
        fields = self.doubled[up].sum(axis=0, dtype=np.int32) - self.row_sums
        fields.reshape(-1)[: self.size][up] -= np.int32(DIAGONAL)
        doubled = aligned(self.doubled.shape)
        np.multiply(self.doubled, gauge, out=doubled)
        np.multiply(doubled, spins[:, None, None], out=doubled)
        return doubled, fields * gauge


def prepare(couplings: ArrayLike | FixedPoint) -> FixedPoint:
    """Return the couplings in fixed point; what is prepared already passes through.

    Raises
    ------
    ShapeError
        Not square, not finite, not symmetric, or without spins.
    """
    if isinstance(couplings, FixedPoint):
        return couplings
    given = checks.symmetric("couplings", couplings)
    if not given.size:
        raise ShapeError("couplings must hold at least one spin; got shape (0, 0)")
    matrix = (given + given.T) / 2
    np.fill_diagonal(matrix, 0.0)
    quantum, margin = _scale(matrix)
    counts = np.rint(matrix / quantum).astype(np.int64)
    size = len(matrix)
    blocks = -(-size // BLOCK)
    # Rows that all start at the same place of a page would fight for the same cache.
    blocks += blocks % PAGE == 0
    doubled = aligned((size, blocks, BLOCK))
    rows = doubled.reshape(size, -1)[:, :size]
    rows[:] = (2 * counts).astype(np.int32)
    np.fill_diagonal(rows, DIAGONAL)
    row_sums = aligned(doubled.shape[1:])
    row_sums.reshape(-1)[:size] = counts.sum(axis=0)
    return FixedPoint(
        matrix, doubled, row_sums, quantum, margin, ising.rounding(matrix)
    )


def aligned(shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Return int32 zeros that start on a cache line (64 bytes)."""
    size = 4 * math.prod(shape)
    buffer = np.zeros(size + 64, np.uint8)
    start = -buffer.ctypes.data % 64
    return buffer[start : start + size].view(np.int32).reshape(shape)


def _scale(matrix: NDArray[np.float64]) -> tuple[float, int]:
    """Return the quantum of the couplings and the margin it leaves, in counts."""
    size = len(matrix)
    row_sum = float(np.max(np.sum(np.abs(matrix), axis=0)))
    if row_sum == 0.0:
        return 1.0, 0
    common = _common_quantum(matrix)
    if common and row_sum < (LARGEST_FIELD - size) * common:
        return common, 0
    return row_sum / (LARGEST_FIELD - size), size // 2 + 1


def _common_quantum(matrix: NDArray[np.float64]) -> float:
    """Return the largest q of which all entries are multiples, or 0 if there is none.

    Euclid's algorithm on the entry that fits worst, until all fit; first in one row,
    which settles it for most couplings.
    """
    entries = np.abs(matrix)
    largest = float(np.max(entries))
    quantum, floor = largest, SMALLEST_QUANTUM * largest
    for group in (entries[0], entries):
        misfit = _misfit(group, quantum)
        while misfit > ROUNDING * largest:
            if misfit <= floor:
                return 0.0
            while misfit > floor:
                rest = abs(quantum - misfit * round(quantum / misfit))
                quantum, misfit = misfit, rest
            quantum = largest / round(largest / quantum)
            misfit = _misfit(group, quantum)
    return quantum


def _misfit(entries: NDArray[np.float64], quantum: float) -> float:
    """Return how far the worst entry is from a multiple of the quantum."""
    return float(np.max(np.abs(entries - quantum * np.rint(entries / quantum))))
