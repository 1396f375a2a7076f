"""The simulated camera."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ccqed_ctrl import checks
from ccqed_ctrl.errors import DeviceTimeoutError

from ..faults import Fault


class SimulatedCamera:
    """Satisfies `ccqed_ctrl.protocols.Camera`."""

    def __init__(self, dmgr: Any) -> None:
        self._plant = plant = dmgr.get("plant").plant
        self._sensor, self._faults = plant.sensor, plant.faults
        self._step = plant.scenario.camera.exposure_step

    def ping(self) -> bool:
        """Return True: the twin always answers."""
        return True

    def status(self) -> dict[str, Any]:
        """Return model and state."""
        return {
            "model": "simulated camera",
            "simulated": True,
            "exposures_open": len(self._sensor.open),
        }

    def arm(self, frames: int, exposure: float, region: Sequence[int] = ()) -> int:
        """Prepare for `frames` triggers of `exposure` s; return an arm id.

        region: see `ccqed_ctrl.protocols.Camera`.

        Raises
        ------
        ParameterError
            Fewer than one frame, an exposure outside 1 us to 1 s, or a region beyond
            the sensor.
        """
        self._answer()
        count = checks.integer("camera frames", frames, 1, 10_000)
        wanted = checks.number("camera exposure", exposure, 1e-6, 1.0, "s")
        steps = max(1, round(wanted / self._step))
        return int(self._sensor.arm(count, steps * self._step, region))

    def fetch(
        self, arm_id: int, timeout: float, first: int = 0, most: int = 0
    ) -> dict[str, Any]:
        """Return what the arming recorded; what is being exposed is waited for.

        Raises
        ------
        DeviceTimeoutError
            No frame at all: the camera was never triggered.
        DeviceError
            The arming is not the present one.
        ParameterError
            `first` or `most` is negative.
        """
        self._answer(timeout)
        start = checks.integer("camera frames: first", first, 0)
        count = checks.integer("camera frames: most", most, 0)
        stop = start + count if count else None
        self._plant.advance(
            [], max((e.stop_mu for e in self._sensor.open), default=self._plant.now_mu)
        )
        recorded: dict[str, Any] = self._sensor.collect(arm_id, slice(start, stop))
        if not recorded["recorded"]:
            raise DeviceTimeoutError(
                f"camera: no frame within {timeout:g} s; the trigger never came, or "
                "came before the camera was armed"
            )
        return recorded

    def abort(self) -> None:
        """Drop the current arming."""
        self._answer()
        self._sensor.abort()

    def _answer(self, timeout: float | None = None) -> None:
        """Fail as the connection to a controller does; `timeout`: of a fetch, s."""
        if timeout is not None:
            self._faults.now(Fault.controller_killed)
            if self._faults.now(Fault.controller_slow):
                raise DeviceTimeoutError(f"camera: no answer within {timeout:g} s")
            if self._faults.now(Fault.connection_cut):
                raise ConnectionResetError("camera: connection reset by peer")
        if self._faults.lasts(Fault.controller_killed):
            raise ConnectionRefusedError("camera: connection refused")

    def close(self) -> None:
        """Stop; nothing is held."""
        self._sensor.abort()
