"""Weight chaos: what placement and atom-number errors do to the minima (Sec. VII D).

Moving an ensemble changes all its couplings coherently; a wrong atom number scales
them, since ensembles of S_i spins couple as J_ij S_i S_j. Errors are rms per coordinate
(the paper does not say whether its 1 um is per coordinate or total).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ccqed_ctrl import checks
from ccqed_ctrl.model import relaxation
from ccqed_ctrl.model.couplings import confocal_couplings

Floats = NDArray[np.float64]


def perturbed_couplings(
    positions: ArrayLike,
    waist: float,
    rng: np.random.Generator,
    *,
    placement_error: float = 0.0,
    atom_number_spread: float = 0.0,
) -> Floats:
    """Return J_ij (1 + d_i)(1 + d_j) at displaced positions, (N, N), zero diagonal.

    Parameters
    ----------
    positions : (N, 2) float, m
    waist : float, m
    placement_error : float, m
        rms per coordinate.
    atom_number_spread : float
        rms of d_i; 1/sqrt(M) for Poissonian loading of M atoms.

    Raises
    ------
    ShapeError, ParameterError
    """
    sites = checks.array("positions", positions, ("N", 2))
    error = checks.number("placement_error", placement_error, 0.0, unit="m")
    spread = checks.number("atom_number_spread", atom_number_spread, 0.0)
    moved = sites + rng.normal(scale=error, size=sites.shape)
    numbers = 1 + rng.normal(scale=spread, size=len(sites))
    return confocal_couplings(moved, waist) * np.outer(numbers, numbers)


def coupling_change(couplings: ArrayLike, perturbed: ArrayLike) -> float:
    """Return the Frobenius norm of the change over that of the couplings."""
    before = checks.symmetric("couplings", couplings)
    after = checks.array("perturbed", perturbed, before.shape)
    return float(np.linalg.norm(after - before) / np.linalg.norm(before))


def minima_overlap(
    couplings: ArrayLike, perturbed: ArrayLike, count: int, rng: np.random.Generator
) -> Floats:
    """Return the overlaps (count,) of minima with what they become, Fig. 14.

    `count` random states relax by steepest descent under `couplings`; each minimum then
    relaxes again under `perturbed`. The overlap is 1 where nothing changed.
    """
    minima = relaxation.sample_minima(couplings, count, dynamics="sd", rng=rng)
    again = relaxation.relax(perturbed, minima, dynamics="sd").spins
    product = minima.astype(np.float64) * again
    return np.asarray(product.mean(axis=1), np.float64)
