"""Linear maps with a threshold and a wide margin: support vector machines.

Axes: B examples, I inputs, O outputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Spins = NDArray[np.int8]

#: Steps of accelerated gradient descent per penalty.
STEPS = 250


def sign(values: Floats) -> Spins:
    """Return the sign with ties at +1, as spins."""
    return np.where(values >= 0, 1, -1).astype(np.int8)


def widest(
    outputs: Spins,
    inputs: Spins,
    penalties: Sequence[float],
    weights: Floats | None = None,
) -> Floats:
    """Return the widest map (O, I) that is exact, or the one with the fewest errors.

    outputs: (B, O). inputs: (B, I). penalties: relative to I, the widest margin first;
    tried until all outputs are right. weights: (B,) of the examples, default 1.
    """
    x, t = inputs.astype(np.float64), outputs.astype(np.float64)
    each = np.ones(len(x)) if weights is None else weights
    best, fewest = np.zeros((t.shape[1], x.shape[1])), t.size + 1
    for matrix in _descent(t, x, each[:, None], penalties):
        wrong = int(np.count_nonzero(sign(x @ matrix.T) != outputs))
        if wrong < fewest:
            best, fewest = matrix, wrong
        if not wrong:
            break
    return best


def _descent(
    t: Floats, x: Floats, weights: Floats, penalties: Sequence[float]
) -> Iterator[Floats]:
    """Minimise penalty I |m|^2 + sum_b w_b max(0, 1 - t_b m.x_b)^2 for each output.

    Accelerated gradient descent on all outputs at once, each penalty from the last
    one's solution. With no more examples than inputs, m = c x, and c is sought.
    """
    size, weighted = x.shape[1], weights * x
    steepest = float(np.linalg.norm(np.sqrt(weights) * x, 2)) ** 2
    # Interpolation of nearly dependent patterns has huge entries: start from a ridge.
    ridge = 1e-3 * size
    if few := len(x) <= size:
        features = x @ x.T
        start = np.linalg.solve(features + np.diagflat(ridge / weights), t).T
    else:
        features = x
        gram = x.T @ weighted + ridge * np.eye(size)
        start = np.linalg.solve(gram, weighted.T @ t).T
    solution = start
    for relative in penalties:
        penalty = relative * size
        ahead, momentum = solution, 1.0
        for _ in range(STEPS):
            short = weights * t * np.maximum(0.0, 1 - t * (features @ ahead.T))
            slope = penalty * ahead - (short.T if few else short.T @ x)
            after = ahead - slope / (steepest + penalty)
            faster = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
            ahead = after + (momentum - 1) / faster * (after - solution)
            solution, momentum = after, faster
        yield solution @ x if few else solution
