"""Compiled pieces that every dynamics shares: fields and table look-ups.

Numba's cache of a compiled caller does not notice a change in this file or in
`_dormand_prince`: whoever edits them deletes `__pycache__/*.nb?`.
"""

from __future__ import annotations

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
def add_product(matrix: Floats, weights: Floats, out: Floats) -> None:
    """Add weights @ matrix to the fields, four rows at a time.

    As fast as one thread of BLAS, whose threads wait for each other on a busy machine.
    """
    fours = weights.size - weights.size % 4
    for j in range(0, fours, 4):
        a, b, c, d = matrix[j], matrix[j + 1], matrix[j + 2], matrix[j + 3]
        u, v, w, x = weights[j], weights[j + 1], weights[j + 2], weights[j + 3]
        for i in range(out.size):
            out[i] += u * a[i] + v * b[i] + w * c[i] + x * d[i]
    for j in range(fours, weights.size):
        add_row(matrix[j], weights[j], out)


@numba.njit(cache=True)
def kernel(
    energy: float,
    line: float,
    cavity: float,
    nodes: Floats,
    scalars: tuple[float, float, float, bool],
) -> float:
    """Return `KernelTable.kernel` in 1/s for weights a = line, b = cavity.

    scalars: origin, 1/spacing, omega_z, exact.
    """
    origin, density, omega_z, exact = scalars
    position = (energy - origin) * density
    pole = energy * energy + omega_z * omega_z if exact else 1.0
    rate = line * read(nodes, position, 4) + cavity * read(nodes, position, 6) / pole
    return max(rate, 0.0)
