"""The simulated DMD: spots in the cavity midplane, or mirrors that make them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl import checks, limits
from ccqed_ctrl.errors import DeviceError
from ccqed_ctrl.model.dmd_pixels import Mirrors, mirror_pattern

from ..faults import Fault
from ..plant import REF_PERIOD

#: Spots (L, 2) m and amplitudes (L,), and the mirrors that make them, if there are any.
Pattern = tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None]


class SimulatedDmd:
    """Satisfies `ccqed_ctrl.protocols.PatternModulator`."""

    def __init__(self, dmgr: Any) -> None:
        self._plant = dmgr.get("plant").plant
        self._patterns: dict[int, tuple[str, Pattern]] = {}
        self._loads = 0
        self._displayed = -1
        self._since_mu: int | None = None

    def ping(self) -> bool:
        """Return True: the twin always answers."""
        return True

    def status(self) -> dict[str, Any]:
        """Return model and what is loaded."""
        return {
            "model": "simulated DMD",
            "simulated": True,
            "patterns": [name for name, _ in self._patterns.values()],
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
        return self._keep(name, self._made(spots, values))

    def _made(self, spots: NDArray[Any], values: NDArray[Any]) -> Pattern:
        """Return a pattern; of mirrors, whose optics are believed to be standard."""
        truth, mirrors = self._plant.scenario, None
        if truth.dmd.pixels:
            shape = {"columns": truth.mirrors.columns, "rows": truth.mirrors.rows}
            mirrors = mirror_pattern(spots, values, Mirrors(**shape))
        return spots.copy(), values.copy(), mirrors

    def _keep(self, name: str, pattern: Pattern) -> int:
        """Store a pattern under a new handle.

        A name that is taken gives up its pattern, unless that is being shown.
        """
        self._patterns = {
            handle: kept
            for handle, kept in self._patterns.items()
            if kept[0] != name or handle == self._displayed
        }
        handle, self._loads = self._loads, self._loads + 1
        self._patterns[handle] = (name, pattern)
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
        if self._plant.faults.coming(Fault.dmd_slip) or self._busy():
            return
        if self._plant.faults.coming(Fault.pattern_left):
            _, (spots, values, _) = self._patterns[handle]
            other = self._made(spots, values[::-1])
            handle = self._keep("another run's", other)
        _, (spots, values, mirrors) = self._patterns[handle]
        if mirrors is None:
            self._plant.show_pattern(spots, values)
        else:
            self._plant.show_mirrors(mirrors)
        self._displayed, self._since_mu = handle, self._plant.now_mu

    def _busy(self) -> bool:
        """Whether the last picture is too young for another."""
        if self._since_mu is None:
            return False
        age = (self._plant.now_mu - self._since_mu) * REF_PERIOD
        return bool(age < self._plant.scenario.dmd.picture_time)

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
