"""What real and simulated network drivers both are; arrays travel by copy.

A real driver runs in its own process (an ARTIQ controller); the twin's stand-ins
satisfy the same protocols, in process and over the network, values and errors
(`tests/contracts/test_controllers.py`). Errors of this tree cross the network as texts
(`errors.restored`).
"""

from __future__ import annotations

from collections.abc import Sequence
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

    def arm(self, frames: int, exposure: float, region: Sequence[int] = ()) -> int:
        """Prepare for `frames` triggers of `exposure` seconds; return an arm id.

        The exposure used is the nearest one the camera can do; see `fetch`. region:
        first column, first row, columns and rows of the sensor that are read out;
        without, those that the driver was set up with.

        Raises
        ------
        ParameterError
            No whole number of frames, an exposure outside of the camera's, or a region
            that is not exactly possible.
        """

    def fetch(
        self, arm_id: int, timeout: float, first: int = 0, most: int = 0
    ) -> dict[str, Any]:
        """Return what that arming recorded: `most` frames from `first` on, or all.

        `frames` (n, ny, nx) uint16, `sequence` (n,) int64 trigger numbers, `timestamps`
        (n,) float64 s of the camera's own clock, NaN where it tells none, `saturated`
        (n,) int64 pixels at full scale; of all of the arming, `recorded` frames,
        `exposure` s as used, `missing` frames that no trigger (or one too early)
        produced. Many frames are fetched in pieces (`controllers.frames.fetch`).

        Raises
        ------
        DeviceTimeoutError
            No frame within `timeout` s.
        DeviceError
            The arming is not the present one.
        ParameterError
            `first` or `most` is negative.
        """

    def abort(self) -> None:
        """Drop the current arming."""


@runtime_checkable
class PatternModulator(Controller, Protocol):
    """A DMD that shapes the longitudinal drive as spots in the cavity midplane."""

    def load(self, name: str, positions: NDArray[Any], amplitudes: NDArray[Any]) -> int:
        """Upload spots: positions (N, 2) m, real amplitudes (N,) with |f| <= 1.

        The sign of an amplitude is the phase of its spot, 0 or half a turn. A name that
        is taken gives up its pattern, unless that is being shown; handles are new.

        Raises
        ------
        ShapeError
            Other shapes, complex or infinite numbers.
        LimitError
            An amplitude beyond full scale.
        """

    def display(self, handle: int) -> None:
        """Show an uploaded pattern.

        Raises
        ------
        DeviceError
            No such handle.
        """

    def displayed(self) -> int:
        """Return the handle now shown, read back; -1 when blank."""

    def blank(self) -> None:
        """Show nothing."""


@runtime_checkable
class TweezerArray(Controller, Protocol):
    """The traps that hold the ensembles."""

    def set_positions(self, positions: NDArray[Any]) -> None:
        """Move to positions (N, 2) in m and load every site.

        Raises
        ------
        ShapeError
            Another shape, or infinite numbers.
        LimitError
            A site that the traps do not reach, sites too close to each other, or sites
            that the device cannot hold together. Of mirror images tweezers know
            nothing: plans do (`model.layout`).
        """

    def program(
        self, traps: NDArray[Any], times: NDArray[Any], positions: NDArray[Any]
    ) -> None:
        """Carry atoms along with traps; return when they are there.

        The traps that are named become, in this order, the only ones: others are
        switched off, and their atoms lost. Between times a trap moves in a straight
        line.

        Parameters
        ----------
        traps : (N,)
            Their numbers, in the order of `positions()`.
        times : (T,)
            In s, rising from 0.
        positions : (T, N, 2)
            In m, from where the traps are on.

        Raises
        ------
        ShapeError
            Other shapes, or infinite numbers.
        ParameterError
            No such trap, one that is named twice, times that do not rise, or a path
            that begins elsewhere.
        LimitError
            Traps come too close to each other, out of reach, or where the device
            cannot hold them together.
        DeviceError
            These tweezers cannot move atoms.
        """

    def positions(self) -> NDArray[Any]:
        """Return the commanded positions (N, 2) in m."""

    def occupied(self) -> NDArray[Any]:
        """Take an image of the sites; return which of them hold atoms, (N,) bool.

        What cannot look at its sites knows of none that is empty.
        """


@runtime_checkable
class CavityLock(Controller, Protocol):
    """What holds the cavity at its detuning from the pump."""

    def state(self) -> str:
        """Return "locked" or "unlocked", as it is now."""

    def error_rms(self) -> float:
        """Return the rms error of Delta_C in the loop over the last 10 ms, rad/s.

        Raises
        ------
        DeviceError
            The cavity is not locked: there is no error signal.
        """

    def relock(self) -> None:
        """Lock the cavity, be it locked or not; return when it is.

        What was calibrated against the former lock is stale: another mode may have
        been found.

        Raises
        ------
        DeviceError
            It does not lock.
        """
