"""From RTIO events to what the physics sees: pump, field, noise, phases over time.

Signals are piecewise constant; a role is named in the wiring (`sim_backend.ddb`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl.params import PumpCalibration
from sim_backend.crate.events import Event

from .wiring import TONES

Floats = NDArray[np.float64]

#: Signal of the servo's set-point.
SET_POINT = "dac0"


@dataclass(frozen=True)
class Setting:
    """All that acts on the atoms and the camera at one instant.

    rabi_frequency: transverse pump, rad/s. longitudinal: DDS amplitude with the
    switch. reference: likewise. noise: dephasing noise on. pump_phase: mean phase of
    the Raman tones, turns; the others' in turns. locked: all tones share a fiducial.
    """

    rabi_frequency: float
    longitudinal: float
    reference: float
    noise: bool
    pump_phase: float
    longitudinal_phase: float
    reference_phase: float
    locked: bool


class Controls:
    """The present value of every wired signal, moved forward by events."""

    def __init__(self, wiring: Mapping[str, str], calibration: PumpCalibration) -> None:
        self._wiring = dict(wiring)
        self._calibration = calibration
        self._values: dict[tuple[str, str], float] = {}

    def apply(self, events: Iterable[Event]) -> None:
        """Take over the new values; events are in time order."""
        for event in events:
            self._values[event.channel, event.signal] = event.value

    def after(self, events: Iterable[Event]) -> Controls:
        """Return the controls as they will be after `events`."""
        later = Controls(self._wiring, self._calibration)
        later._values = dict(self._values)
        later.apply(events)
        return later

    def get(self, role: str, signal: str) -> float:
        """Return the present value of a role's signal; 0 before it was ever set."""
        return self._values.get((self._wiring[role], signal), 0.0)

    def tone(self, role: str) -> float:
        """Return the emitted amplitude of a tone, 0 with its switch off."""
        on = self.get(f"{role}_switch", "level")
        return self.get(role, "amplitude") if on else 0.0

    def setting(self) -> Setting:
        """Return what acts now."""
        plus, minus = self.tone("pump_plus"), self.tone("pump_minus")
        volts = max(self.get("pump_servo", SET_POINT), 0.0)
        pumped = plus > 0 and minus > 0
        locked = all(self.get(tone, "coherent") for tone in TONES)
        return Setting(
            rabi_frequency=self._calibration.rabi_frequency(volts) if pumped else 0.0,
            longitudinal=self.tone("longitudinal"),
            reference=self.tone("local_oscillator"),
            noise=self.get("noise_gate", "level") > 0,
            pump_phase=(
                self.get("pump_plus", "phase") + self.get("pump_minus", "phase")
            )
            / 2,
            longitudinal_phase=self.get("longitudinal", "phase"),
            reference_phase=self.get("local_oscillator", "phase"),
            locked=locked,
        )

    def unsafe(self) -> list[str]:
        """Return the roles that are not in their safe state."""
        roles = [f"{tone}_switch" for tone in TONES]
        roles += ["noise_gate", "ttl_prepare", "ttl_camera"]
        roles += [role for role in ("probe_switch",) if role in self._wiring]
        left = [role for role in roles if self.get(role, "level")]
        if self.get("pump_servo", SET_POINT) > 1e-3:
            left.append("pump_servo")
        return left
