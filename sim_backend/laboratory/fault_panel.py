"""Faults of a plant that others use meanwhile, in the hands of its operator."""

from __future__ import annotations

from typing import Any

from .faults import Fault
from .plant import REF_PERIOD, Plant


class FaultPanel:
    """What a twin's operator asks and changes by RPC; shots are those of the plant."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant

    def known(self) -> list[dict[str, str]]:
        """Return every fault: `fault`, `where` it acts, `meaning`."""
        return [
            {"fault": str(one), "where": one.where, "meaning": one.meaning}
            for one in Fault
        ]

    def armed(self) -> dict[str, Any]:
        """Return which `shot` is the next, `time` of the plant, s, and `faults`.

        Of each fault that is armed `fault`, as `ccqed run --fault` writes it, and
        `struck`: the last shot that it spoilt, -1 if none yet.
        """
        faults = self._plant.faults
        return {
            "shot": faults.shot + 1,
            "time": self._plant.now_mu * REF_PERIOD,
            "faults": [
                {"fault": one.text, "struck": one.struck}
                for one in faults.rules
                if one.acts
            ],
        }

    def arm(self, fault: str) -> None:
        """Let a fault strike, from the next shot on: NAME@shot=N, NAME@p=P and so on.

        NAME@time=0 strikes in the next shot, rtio_underflow@event=N from the next
        kernel on, before output N of a run.

        Raises
        ------
        ParameterError
            No fault, or a shot that has begun.
        """
        self._plant.faults.arm(fault)

    def clear(self, fault: str = "") -> list[str]:
        """Take back one as it is written, all of a NAME, or all; return which.

        A controller that was killed runs again; atoms and lock stay as they are until
        they are loaded and locked.

        Raises
        ------
        ParameterError
            Nothing of that is armed.
        """
        return self._plant.faults.clear(fault)
