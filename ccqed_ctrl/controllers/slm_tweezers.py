"""Static tweezers by a spatial light modulator, with slmsuite (extra `slmsuite`).

The phase that makes the traps is found by weighted Gerchberg-Saxton iterations, of the
sites alone and not of a grid, so that traps are where they were asked for.
"""

from __future__ import annotations

import pkgutil
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from slmsuite.hardware.slms.simulated import SimulatedSLM
from slmsuite.holography.algorithms import CompressedSpotHologram
from slmsuite.misc.xp import as_numpy

from ccqed_ctrl import checks
from ccqed_ctrl.errors import DeviceError, LimitError, ParameterError
from ccqed_ctrl.model.arrangement import enforce_apart
from ccqed_ctrl.model.layout import enforce_reach
from ccqed_ctrl.units import TWO_PI

#: Iterations of a hologram.
ITERATIONS: Final = 40
#: By what traps may differ: greatest less smallest power, over their sum. Iterations
#: end at the goal.
LARGEST_SPREAD: Final = 0.01
GOAL: Final = 0.001


class SlmTweezers:
    """Satisfies `ccqed_ctrl.protocols.TweezerArray`.

    slm: MODULE:CLASS below `slmsuite.hardware.slms`. device: what that class is made
    with. wavelength: of the light, m. focal_length: from the modulator to the midplane
    as demagnified, m: a phase of k rad/m there is a trap k wavelength focal_length / 2
    pi away. rotation, mirrored: of the midplane against the modulator, rad. centre_x,
    centre_y: where light that is not deflected goes, m. reach: farthest site, m.

    With no site the modulator is flat: all light is in the undeflected spot, which the
    optics have to block.

    Raises
    ------
    ParameterError
        No such class, or settings that it does not take.
    DeviceError
        The modulator cannot be opened.
    """

    def __init__(
        self, slm: str, wavelength: float, focal_length: float, rotation: float = 0.0,
        mirrored: bool = False, centre_x: float = 0.0, centre_y: float = 0.0,
        reach: float = 500e-6, **device: Any,
    ) -> None:  # fmt: skip
        self._wavelength = checks.number("wavelength", wavelength, 1e-7, 1e-4, "m")
        self._focal = checks.number("focal_length", focal_length, 1e-5, 10.0, "m")
        turn = checks.number("rotation", rotation, -TWO_PI, TWO_PI)
        cos, sin = np.cos(turn), np.sin(turn)
        self._axes = np.array([[cos, sin], [-sin, cos]])
        if mirrored:
            self._axes[1] *= -1
        self._centre = checks.array("centre", [centre_x, centre_y], (2,))
        self._reach = checks.number("reach", reach, 0.0, 0.1, "m")
        self._slm = _opened(slm, device | {"wav_um": 1e6 * self._wavelength})
        self._positions: NDArray[np.float64] = np.empty((0, 2))
        self._spread = 0.0
        self._slm.set_phase(None, settle=True)

    def ping(self) -> bool:
        """Return True: a modulator shows what it was given, and says nothing."""
        return True

    def status(self) -> dict[str, Any]:
        """Return model and number of sites.

        `spread`: greatest less smallest trap power over their sum, as computed.
        """
        simulated = isinstance(self._slm, SimulatedSLM)
        model = f"{type(self._slm).__name__} by slmsuite"
        return {
            "model": f"simulated tweezers, {model}" if simulated else model,
            "simulated": simulated,
            "sites": len(self._positions),
            "spread": self._spread,
        }

    def set_positions(self, positions: Any) -> None:
        """Show traps at positions (N, 2) in m, of equal power.

        Loading them is the sequence's.

        Raises
        ------
        ShapeError
            Another shape, or infinite numbers.
        LimitError
            A site beyond reach, or beyond what the modulator's pixels deflect, or sites
            that are too close.
        DeviceError
            The traps cannot be made equal.
        """
        sites = checks.array("tweezer positions", positions, ("N", 2))
        enforce_reach(sites, self._reach)
        enforce_apart(sites[None])
        phase, spread = self._hologram(sites) if len(sites) else (None, 0.0)
        self._slm.set_phase(phase, settle=True)
        self._positions, self._spread = sites.copy(), spread

    def _hologram(self, sites: NDArray[np.float64]) -> tuple[NDArray[Any], float]:
        """Return the phase (rows, columns) rad of traps at sites, and their spread."""
        angles = (sites - self._centre) @ self._axes.T / self._focal
        widest = 1 / (2 * np.asarray(self._slm.pitch))  # pitch in wavelengths
        beyond = np.flatnonzero(np.any(np.abs(angles) > widest, axis=1))
        if beyond.size:
            raise LimitError(
                f"site {beyond[0]} is beyond {widest[0] * self._focal * 1e6:.4g} um x "
                f"{widest[1] * self._focal * 1e6:.4g} um about the undeflected spot, "
                "all that its pixels deflect; are focal_length and centre right?"
            )
        hologram = CompressedSpotHologram(
            angles.T, basis="kxy",
            cameraslm=SimpleNamespace(slm=self._slm, cam=None, calibrations={}),
        )  # fmt: skip
        # From a phase that is no matter of chance: the same sites look the same again.
        start = np.random.default_rng(0).uniform(-np.pi, np.pi, self._slm.shape)
        hologram.reset_phase(start)
        # Two traps part again when they are iterated further.
        hologram.optimize(
            "WGS-Kim", maxiter=ITERATIONS, verbose=False, feedback="computational_spot",
            callback=lambda each: _spread(each) < GOAL,
        )  # fmt: skip
        spread = _spread(hologram)
        if not spread < LARGEST_SPREAD:
            raise DeviceError(
                f"tweezers: after {ITERATIONS} iterations the traps still differ by "
                f"{100 * spread:.2g} %, more than {100 * LARGEST_SPREAD:g} %; are "
                "sites closer than a trap is wide?"
            )
        return hologram.get_phase(), spread

    def program(self, traps: Any, times: Any, positions: Any) -> None:
        """Refuse: between two holograms the light of all traps flickers.

        Raises
        ------
        DeviceError
            Always.
        """
        del traps, times, positions
        raise DeviceError(
            "tweezers: a light modulator holds static traps and cannot move atoms; set "
            "reservoir=0, or take tweezers by deflectors"
        )

    def positions(self) -> NDArray[np.float64]:
        """Return the commanded positions (N, 2) in m."""
        return self._positions.copy()

    def occupied(self) -> NDArray[np.bool_]:
        """Return True for every site (N,): a modulator sees no atoms."""
        return np.ones(len(self._positions), np.bool_)

    def close(self) -> None:
        """Let the modulator go; it goes on showing what it does."""
        self._slm.close()


def _spread(hologram: Any) -> float:
    """Return by what the powers of the traps differ."""
    powers = np.abs(as_numpy(hologram.farfield)) ** 2
    return float((powers.max() - powers.min()) / (powers.max() + powers.min()))


def _opened(slm: str, device: dict[str, Any]) -> Any:
    """Return the modulator of MODULE:CLASS."""
    try:
        make = pkgutil.resolve_name(f"slmsuite.hardware.slms.{slm}")
    except (ImportError, AttributeError, ValueError) as error:
        raise ParameterError(
            f"tweezers: slm is MODULE:CLASS of slmsuite, such as "
            f"simulated:SimulatedSLM; got {slm!r}: {error}"
        ) from error
    try:
        return make(**device)
    except TypeError as error:
        raise ParameterError(f"tweezers: {slm}: {error}") from error
    # Each of slmsuite's modulators has errors of its own.
    except Exception as error:
        raise DeviceError(f"tweezers: {slm} cannot be opened: {error}") from error
