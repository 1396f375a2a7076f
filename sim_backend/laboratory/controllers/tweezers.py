"""The simulated tweezer array."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl import checks
from ccqed_ctrl.model.arrangement import checked_moves, enforce_apart
from ccqed_ctrl.model.deflectors import enforce_turns
from ccqed_ctrl.model.layout import enforce_reach

#: Traps farther out than this are outside the deflectors' field, m.
FIELD_RADIUS = 500e-6


class SimulatedTweezers:
    """Satisfies `ccqed_ctrl.protocols.TweezerArray`."""

    def __init__(self, dmgr: Any) -> None:
        self._plant = dmgr.get("plant").plant
        self._positions: NDArray[np.float64] = np.empty((0, 2))

    def ping(self) -> bool:
        """Return True: the twin always answers."""
        return True

    def status(self) -> dict[str, Any]:
        """Return model and number of sites."""
        return {
            "model": "simulated tweezers",
            "simulated": True,
            "sites": len(self._positions),
        }

    def set_positions(self, positions: Any) -> None:
        """Move to positions (N, 2) in m and load every site.

        Raises
        ------
        ShapeError
        LimitError
            A site beyond the field of the deflectors, sites that are too close, or
            too many that are no product grid.
        """
        sites = checks.array("tweezer positions", positions, ("N", 2))
        enforce_reach(sites, FIELD_RADIUS)
        enforce_apart(sites[None])
        self._enforce_turns(sites[None])
        self._plant.load_sites(sites)
        self._positions = sites.copy()

    def program(self, traps: Any, times: Any, positions: Any) -> None:
        """Carry atoms with traps (N,) along positions (T, N, 2) m at times (T,) s.

        Other traps are switched off. What moves too fast for the laboratory is lost.

        Raises
        ------
        ShapeError, ParameterError, LimitError
            As of `ccqed_ctrl.protocols.TweezerArray`.
        """
        chosen, instants, path = checked_moves(
            traps, times, positions, self._positions, FIELD_RADIUS
        )
        self._enforce_turns(path)
        self._plant.move_sites(chosen, instants, path)
        self._positions = path[-1]

    def _enforce_turns(self, path: NDArray[np.float64]) -> None:
        """Raise LimitError for traps (T, N, 2) m that the deflectors cannot hold."""
        true = self._plant.scenario.traps
        enforce_turns(path, true.access_time, true.longest_cycle)

    def positions(self) -> NDArray[np.float64]:
        """Return the commanded positions (N, 2) in m."""
        return self._positions.copy()

    def occupied(self) -> NDArray[np.bool_]:
        """Take an image of the sites; return which of them hold atoms, (N,) bool."""
        truth = self._plant.scenario.site_imaging
        least = truth.background + truth.threshold * truth.light
        seen: NDArray[np.bool_] = self._plant.site_counts() > least
        return seen

    def close(self) -> None:
        """Keep the traps: atoms outlive a run."""
