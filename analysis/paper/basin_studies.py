"""Basins of minima of random couplings: the study behind Figs. 11 and 12.

Estimators of a basin's size, the largest distance with a recall probability of 0.95:

- `sequential`: Wald's sequential tests inside a bisection (`basins.basin_size`), which
  resolve 0.94 from 0.96; means lie some 0.5 % below those of half that resolution, and
  2 % above those of twice that (SK and confocal couplings, 360 minima each);
- `first failure of T`: T trials at d = 1, 2, ... until fewer than 95 % are recalls.
  Every d is one more chance to fail by luck, so it is biased low.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.campaign.study import Point
from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.model import relaxation
from ccqed_ctrl.model.couplings import confocal_couplings

Floats = NDArray[np.float64]

THRESHOLD = 0.95
SEQUENTIAL = "sequential"
FIRST_FAILURE = "first failure of "


def random_couplings(point: Point, rng: np.random.Generator) -> Floats:
    """Return SK or confocal couplings, (N, N) with zero diagonal.

    point: ensembles; width (w0) for confocal ones, absent for the SK model.
    """
    size = int(point["ensembles"])
    if "width" in point:
        return confocal_couplings(
            float(point["width"]) * rng.standard_normal((size, 2)), 1.0
        )
    J = np.triu(rng.standard_normal((size, size)), 1)
    return J + J.T


def basins(point: Point, rng: np.random.Generator) -> Mapping[str, Any]:
    """Return the basins of minima that random states relax to.

    point: as for `random_couplings`; sampling and dynamics ("sd" or "0tmh") for
    finding the minima and for recall; minima (number); estimator, of the module's.
    Returns sizes (minima,) int; a minimum found again, or its negative, is not measured
    again.
    """
    fixed = relaxation.prepare(random_couplings(point, rng))
    minima = relaxation.sample_minima(
        fixed, int(point["minima"]), dynamics=str(point["sampling"]), rng=rng, threads=1
    )
    distinct, which = np.unique(minima * minima[:, :1], axis=0, return_inverse=True)
    dynamics, estimator = str(point["dynamics"]), str(point["estimator"])
    sizes = [basin(fixed, minimum, dynamics, estimator, rng) for minimum in distinct]
    return {"sizes": np.array(sizes)[which.reshape(-1)]}


def basin(
    fixed: relaxation.FixedPoint,
    minimum: NDArray[np.int8],
    dynamics: str,
    estimator: str,
    rng: np.random.Generator,
) -> int:
    """Return the size of one basin, in spins, by one of the module's estimators.

    minimum: (N,) of -1 and +1. dynamics: "sd" or "0tmh".

    Raises
    ------
    ParameterError
        An unknown estimator.
    """
    if estimator == SEQUENTIAL:
        return relaxation.basin_size(
            fixed, minimum, dynamics=dynamics, interval=False, rng=rng
        ).size
    if not estimator.startswith(FIRST_FAILURE):
        raise ParameterError(
            f"estimator must be {SEQUENTIAL!r} or '{FIRST_FAILURE}T'; got {estimator!r}"
        )
    trials = int(estimator.removeprefix(FIRST_FAILURE))
    for distance in range(1, fixed.size // 2 + 1):
        recalled = relaxation.recall_curve(
            fixed, minimum, [distance], trials=trials, dynamics=dynamics, rng=rng,
            threads=1,
        )  # fmt: skip
        if recalled[0] < THRESHOLD:
            return distance - 1
    return fixed.size // 2
