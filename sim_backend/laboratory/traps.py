"""The traps: which of them hold atoms, and what an image of them shows."""

from __future__ import annotations

import logging
import math

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl.model.arrangement import top_speed
from ccqed_ctrl.rng import stream

from .scenario import Scenario

logger = logging.getLogger(__name__)

Floats = NDArray[np.float64]


class Traps:
    """The tweezers' traps of one laboratory, random from `seed`."""

    def __init__(self, truth: Scenario, seed: int) -> None:
        self._truth, self._seed = truth, seed
        self._images = self._loads = self._moves = 0

    def load(self, positions: Floats) -> Floats:
        """Load traps at positions (N, 2) m anew; return where they truly are."""
        self._loads += 1
        self._filled = self._fill(len(positions))
        return self._placed(positions)

    def move(self, traps: NDArray[np.intp], times: Floats, positions: Floats) -> Floats:
        """Carry atoms along `positions` (T, N, 2) m; return where they truly end.

        traps: (N,), those that stay on. times: (T,) s.
        """
        limit = self._truth.traps.speed_limit
        held = top_speed(times, positions) <= (math.inf if limit is None else limit)
        self._filled = self._filled[traps] & held
        return self._placed(positions[-1])

    def _placed(self, positions: Floats) -> Floats:
        """Return where traps truly are that were told to go to positions (N, 2) m."""
        self._moves += 1
        rng = stream(self._seed, "placement", self._moves)
        error = self._truth.imperfections.placement_error
        return positions + rng.normal(scale=error, size=positions.shape)

    def atoms(self, rng: np.random.Generator) -> Floats:
        """Draw the atom numbers (N,) of one preparation."""
        spread = self._truth.imperfections.atom_number_spread
        scatter = rng.standard_normal(self._filled.shape)
        atoms = self._truth.cloud.atoms * (1 + spread * scatter)
        atoms[~self._filled] = 0
        return atoms

    def _fill(self, count: int) -> NDArray[np.bool_]:
        """Return which of as many traps are filled, (count,) bool."""
        rng = stream(self._seed, "loading", self._loads)
        filled = rng.random(count) < self._truth.traps.loading
        empty = self._truth.empty_sites
        beyond = [site for site in empty if site >= count]
        if beyond and count:
            logger.warning(
                "empty_sites %s are none: the traps are 0 to %d", beyond, count - 1
            )
        filled[[site for site in empty if site < count]] = False
        return filled

    def image(self, atoms: Floats) -> NDArray[np.int64]:
        """Return the photo-electrons of sites (N,) that hold atoms (N,)."""
        seen = self._truth.site_imaging
        self._images += 1
        rng = stream(self._seed, "site image", self._images)
        return rng.poisson(
            seen.background + seen.light * atoms / self._truth.cloud.atoms
        )
