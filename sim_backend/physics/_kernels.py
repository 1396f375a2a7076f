"""Compiled pieces that every dynamics shares: fields and table look-ups."""

from __future__ import annotations

import math

import numba

from .system import Floats


@numba.njit(cache=True)
def read(nodes: Floats, position: float, column: int) -> float:
    """Return the cubic Hermite value of a table column; position in spacings."""
    last = nodes.shape[0] - 2
    index = min(max(int(position), 0), last)
    t = min(max(position - index, 0.0), 1.0)
    y0, d0 = nodes[index, column], nodes[index, column + 1]
    y1, d1 = nodes[index + 1, column], nodes[index + 1, column + 1]
    rise = y1 - y0
    return y0 + t * (d0 + t * (3 * rise - 2 * d0 - d1 + t * (d0 + d1 - 2 * rise)))


@numba.njit(cache=True)
def add_row(row: Floats, weight: float, out: Floats) -> None:
    """Add weight times a row of the couplings to the fields."""
    for i in range(out.size):
        out[i] += weight * row[i]


@numba.njit(cache=True)
def kernel(
    energy: float,
    line: float,
    cavity: float,
    nodes: Floats,
    scalars: tuple[float, float, float, bool, bool],
) -> float:
    """Return `KernelTable.kernel` in 1/s for weights a = line, b = cavity.

    scalars: origin, 1/spacing, omega_z, exact, noisy (H is not zero).
    """
    origin, density, omega_z, exact, noisy = scalars
    pole, dressed = 1.0, energy
    if exact:
        pole = energy * energy + omega_z * omega_z
        if noisy:
            dressed = math.copysign(math.sqrt(pole), energy)
    rate = cavity * read(nodes, (energy - origin) * density, 4) / pole
    if noisy:
        rate += line * read(nodes, (dressed - origin) * density, 0)
    return max(rate, 0.0)
