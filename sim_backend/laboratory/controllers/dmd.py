"""The simulated DMD: spots in the cavity midplane."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl import checks, limits
from ccqed_ctrl.errors import DeviceError

from ..faults import Fault


class SimulatedDmd:
    """Satisfies `ccqed_ctrl.protocols.PatternModulator`."""

    def __init__(self, dmgr: Any) -> None:
        self._plant = dmgr.get("plant").plant
        self._patterns: dict[int, tuple[str, NDArray[Any], NDArray[Any]]] = {}
        self._loads = 0
        self._displayed = -1

    def ping(self) -> bool:
        """Return True: the twin always answers."""
        return True

    def status(self) -> dict[str, Any]:
        """Return model and what is loaded."""
        return {
            "model": "simulated DMD",
            "simulated": True,
            "patterns": [name for name, _, _ in self._patterns.values()],
            "displayed": self._displayed,
        }

    def load(self, name: str, positions: Any, amplitudes: Any) -> int:
        """Upload spots: positions (N, 2) m, amplitudes (N,) real, |f| <= 1.

        A name that is taken gives up its pattern, unless that is being shown.

        Raises
        ------
        ShapeError, LimitError
        """
        spots = checks.array("DMD positions", positions, ("N", 2))
        values = checks.array("DMD amplitudes", amplitudes, (len(spots),))
        limits.enforce("DMD amplitude", np.abs(values))
        if self._plant.faults.coming(Fault.dmd_full):
            raise DeviceError(
                f"dmd: its memory is full, {name!r} does not fit; restart it"
            )
        return self._keep(name, spots, values)

    def _keep(self, name: str, spots: NDArray[Any], values: NDArray[Any]) -> int:
        """Store a pattern under a new handle.

        A name that is taken gives up its pattern, unless that is being shown.
        """
        self._patterns = {
            handle: pattern
            for handle, pattern in self._patterns.items()
            if pattern[0] != name or handle == self._displayed
        }
        handle, self._loads = self._loads, self._loads + 1
        self._patterns[handle] = (name, spots.copy(), values.copy())
        return handle

    def display(self, handle: int) -> None:
        """Show an uploaded pattern.

        Raises
        ------
        DeviceError
            No such handle.
        """
        if handle not in self._patterns:
            raise DeviceError(
                f"dmd: no pattern {handle}; {len(self._patterns)} are loaded"
            )
        if self._plant.faults.coming(Fault.dmd_slip):
            return
        if self._plant.faults.coming(Fault.pattern_left):
            _, spots, values = self._patterns[handle]
            handle = self._keep("another run's", spots, values[::-1])
        _, spots, values = self._patterns[handle]
        self._plant.show_pattern(spots, values)
        self._displayed = handle

    def displayed(self) -> int:
        """Return the handle now shown; -1 when blank."""
        return self._displayed

    def blank(self) -> None:
        """Show nothing."""
        self._plant.blank_pattern()
        self._displayed = -1

    def close(self) -> None:
        """Blank the mirror."""
        self.blank()
