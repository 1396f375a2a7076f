"""What real and simulated network drivers both are; arrays travel by copy.

A real driver runs in its own process (an ARTIQ controller); the twin's stand-ins
satisfy the same protocols (`tests/contracts/test_protocols.py`).
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from numpy.typing import NDArray


@runtime_checkable
class Controller(Protocol):
    """Every network driver."""

    def ping(self) -> bool:
        """Return True while the device answers."""

    def status(self) -> dict[str, Any]:
        """Return model, serial and state, for the results and the operator.

        `simulated`: true where nothing real stands behind; results say so.
        """


@runtime_checkable
class Camera(Controller, Protocol):
    """A triggered camera: each rising edge of its trigger exposes one frame."""

    def arm(self, frames: int, exposure: float) -> int:
        """Prepare for `frames` triggers of `exposure` seconds; return an arm id.

        The exposure used is the next one the camera can do; see `fetch`.
        """

    def fetch(self, arm_id: int, timeout: float) -> dict[str, Any]:
        """Return what that arming recorded.

        `frames` (n, ny, nx) uint16, `sequence` (n,) int64 trigger numbers, `exposure`
        s as used, `missing` frames that no trigger (or one too early) produced,
        `saturated` (n,) int64 pixels at full scale.
        """

    def abort(self) -> None:
        """Drop the current arming."""


@runtime_checkable
class PatternModulator(Controller, Protocol):
    """A DMD that shapes the longitudinal drive as spots in the cavity midplane."""

    def load(self, name: str, positions: NDArray[Any], amplitudes: NDArray[Any]) -> int:
        """Upload spots: positions (N, 2) m, complex amplitudes (N,) with |f| <= 1."""

    def display(self, handle: int) -> None:
        """Show an uploaded pattern."""

    def displayed(self) -> int:
        """Return the handle now shown, read back; -1 when blank."""

    def blank(self) -> None:
        """Show nothing."""


@runtime_checkable
class TweezerArray(Controller, Protocol):
    """The traps that hold the ensembles."""

    def set_positions(self, positions: NDArray[Any]) -> None:
        """Move to positions (N, 2) in m and load every site."""

    def positions(self) -> NDArray[Any]:
        """Return the commanded positions (N, 2) in m."""
