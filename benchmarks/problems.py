"""The problems that all relaxation benchmarks share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Placement width in waists: the associative-memory side of the transition.
WIDTH = 1.5


def confocal(size: int, seed: int = 0) -> NDArray[np.float64]:
    """Return ideal confocal couplings cos(2 r_i.r_j / w0^2), zero diagonal."""
    positions = WIDTH * np.random.default_rng(seed).normal(size=(size, 2))
    couplings = np.cos(2 * positions @ positions.T)
    np.fill_diagonal(couplings, 0.0)
    return couplings


def random_states(count: int, size: int, seed: int = 1) -> NDArray[np.int8]:
    rng = np.random.default_rng(seed)
    return rng.choice(np.array([-1, 1], np.int8), size=(count, size))


def binary_quadratic_model(couplings: NDArray[np.float64]) -> Any:
    """Return the same problem for dwave-samplers: E = sum_{i<j} (-2 J_ij) s_i s_j."""
    import dimod

    size = len(couplings)
    model = dimod.BinaryQuadraticModel(size, "SPIN")
    pairs = zip(*np.triu_indices(size, 1), strict=True)
    model.add_quadratic_from(
        (int(i), int(j), -2 * float(couplings[i, j])) for i, j in pairs
    )
    return model
