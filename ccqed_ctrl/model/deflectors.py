"""What crossed deflectors can hold: product grids at once, all else by turns.

Each tone in x makes a column, each in y a row, and there is a trap wherever two cross.
Traps that are no such product are lit one product after the other, each for at least
the time that sound takes across the beam, and often enough for the atoms to feel the
mean.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..errors import LimitError

Floats = NDArray[np.float64]

#: By how much traps of one column or row may differ, m: rounding.
SAME = 1e-9


def turns(positions: ArrayLike) -> int:
    """Return how many product grids light traps at positions (N, 2) m, one by one.

    Columns with the same rows are lit together, or rows with the same columns if those
    are fewer: 1 for a product grid, N for traps of which no two share a coordinate.
    """
    sites = checks.array("positions", positions, ("N", 2))
    columns, rows = _levels(sites[:, 0]), _levels(sites[:, 1])
    return min(_alike(columns, rows), _alike(rows, columns))


def grids(positions: ArrayLike) -> list[NDArray[np.intp]]:
    """Return the traps (M,), by number, of each product grid that is lit by itself.

    positions: (N, 2) m; there are `turns` of them.
    """
    sites = checks.array("positions", positions, ("N", 2))
    columns, rows = _levels(sites[:, 0]), _levels(sites[:, 1])
    lines, crossed = min(
        [(columns, rows), (rows, columns)], key=lambda one: _alike(*one)
    )
    found: dict[frozenset[int], list[int]] = {}
    for line in np.unique(lines):
        members = np.flatnonzero(lines == line)
        found.setdefault(frozenset(crossed[members].tolist()), []).extend(members)
    return [np.array(members, np.intp) for members in found.values()]


def distinct(values: Floats) -> NDArray[np.intp]:
    """Return the first of those that are alike of (N,) m, by number."""
    return np.unique(_levels(values), return_index=True)[1]


def _levels(values: Floats) -> NDArray[np.intp]:
    """Return to which of the distinct values, in order, each of (N,) belongs."""
    order = np.argsort(values, kind="stable")
    levels = np.empty(len(values), np.intp)
    levels[order] = np.cumsum(np.diff(values[order], prepend=values[order][:1]) > SAME)
    return levels


def _alike(lines: NDArray[np.intp], crossed: NDArray[np.intp]) -> int:
    """Return how many sets of crossing lines there are, of all lines."""
    return len({frozenset(crossed[lines == line]) for line in np.unique(lines)})


def enforce_turns(positions: ArrayLike, access_time: float, longest: float) -> None:
    """Raise if traps cannot be lit by turns, anywhere on positions (T, N, 2) m.

    Parameters
    ----------
    access_time : float, s
        Of one turn, at least; 0 allows any traps.
    longest : float, s
        Until a trap is lit again, at most.

    Raises
    ------
    LimitError
        With how many turns it would take.
    """
    path = checks.array("positions", positions, ("T", "N", 2))
    if access_time == 0:
        return
    worst = max((turns(sites) for sites in path), default=0)
    if worst > 1 and worst * access_time > longest:
        raise LimitError(
            f"crossed deflectors light these {path.shape[1]} traps in {worst} turns of "
            f"{access_time * 1e6:.3g} us, and can take {longest * 1e6:.3g} us: atoms "
            "would leave in between; a product grid (layout.columns) takes one turn"
        )
