"""The simulated lock of the cavity."""

from __future__ import annotations

from typing import Any

from ccqed_ctrl.errors import DeviceError


class SimulatedLock:
    """Satisfies `ccqed_ctrl.protocols.CavityLock`."""

    def __init__(self, dmgr: Any) -> None:
        self._plant = dmgr.get("plant").plant

    def ping(self) -> bool:
        """Return True: the twin always answers."""
        return True

    def status(self) -> dict[str, Any]:
        """Return model and state."""
        return {"model": "simulated lock", "simulated": True, "state": self.state()}

    def state(self) -> str:
        """Return "locked" or "unlocked"."""
        return "locked" if self._plant.lock.holds(self._plant.now_mu) else "unlocked"

    def error_rms(self) -> float:
        """Return the rms error of Delta_C over the last 10 ms, rad/s.

        Since the preparation, if that was later; what the lock does not see, its
        drift from one preparation to the next, is not in it.

        Raises
        ------
        DeviceError
            The cavity is not locked.
        """
        if self.state() != "locked":
            raise DeviceError(
                "lock: the cavity is not locked, so there is no error signal; relock it"
            )
        return float(self._plant.lock_error())

    def relock(self) -> None:
        """Lock the cavity again; the twin's always locks."""
        self._plant.lock.acquire(self._plant.now_mu)

    def close(self) -> None:
        """Keep the lock: it outlives a run."""
