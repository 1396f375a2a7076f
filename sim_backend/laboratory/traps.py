"""The traps: which of them hold atoms, and what an image of them shows."""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl.rng import stream

from .scenario import Scenario

logger = logging.getLogger(__name__)


class Traps:
    """The tweezers' traps of one laboratory, random from `seed`."""

    def __init__(self, truth: Scenario, seed: int) -> None:
        self._truth, self._seed = truth, seed
        self._images = 0

    def fill(self, count: int) -> NDArray[np.bool_]:
        """Return which of as many traps are filled, (count,) bool."""
        filled = np.ones(count, bool)
        empty = self._truth.empty_sites
        beyond = [site for site in empty if site >= count]
        if beyond and count:
            logger.warning(
                "empty_sites %s are none: the sites are 0 to %d", beyond, count - 1
            )
        filled[[site for site in empty if site < count]] = False
        return filled

    def image(self, atoms: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the photo-electrons of sites (N,) that hold atoms (N,)."""
        seen = self._truth.site_imaging
        self._images += 1
        rng = stream(self._seed, "site image", self._images)
        return rng.poisson(
            seen.background + seen.light * atoms / self._truth.cloud.atoms
        )
