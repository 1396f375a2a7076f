"""Photons of a weak probe through the empty cavity, counted."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from artiq.experiment import HasEnvironment, TInt32, TNone, delay, kernel, ms, us

from ccqed_ctrl.controllers.client import Controller
from ccqed_ctrl.records import Entry
from ccqed_ctrl.spectra import ProbePlan, ProbeRecord, ProbeShot


class ProbeCounts(HasEnvironment):
    """Probe on, count, probe off; with empty traps, for atoms would shift the line."""

    kernel_invariants = {"core", "probe", "transmission"}

    def build(self) -> None:
        """Get the channels and the slow devices."""
        self.setattr_device("core")
        self.setattr_device("probe")
        self.setattr_device("transmission")
        self.tweezers = Controller("tweezers", self.get_device("tweezers"))
        self.lock = Controller("lock", self.get_device("lock"))

    def arrange(self, plan: ProbePlan, *, afresh: bool) -> None:
        """Take frequency and gate of a plan; `afresh`: empty traps, a locked cavity."""
        self.frequency, self.gate = plan.frequency, plan.gate
        self.attenuation = plan.apparatus.tones.attenuation
        if afresh:
            self.tweezers.set_positions(np.empty((0, 2)))
            if not self._locked():
                self.lock.relock()
            self.initialise()

    def take(self, plan: ProbePlan, shot: ProbeShot) -> Mapping[Entry, Any]:  # noqa: ARG002
        """Count once."""
        counts = self.count()
        return {ProbeRecord.counts: counts, ProbeRecord.locked: self._locked()}

    def make_safe(self) -> None:
        """Switch the probe off, whatever happened before."""
        self.switch_off()

    def _locked(self) -> bool:
        return bool(self.lock.state() == "locked")

    @kernel
    def initialise(self) -> TNone:
        """Reset the core device and bring the probe up, off."""
        self.core.reset()
        delay(1 * ms)
        self.probe.cpld.init()
        delay(1 * ms)
        self.probe.init()
        delay(1 * ms)
        self.probe.sw.off()
        self.probe.set_att(self.attenuation)
        delay(500 * us)

    @kernel
    def count(self) -> TInt32:
        """Return the photons in the gate; the cavity has filled before it opens."""
        self.core.break_realtime()
        delay(1 * ms)
        self.probe.set(self.frequency)
        self.probe.sw.on()
        delay(100 * us)
        self.transmission.gate_rising(self.gate)
        self.probe.sw.off()
        return self.transmission.fetch_count()

    @kernel
    def switch_off(self) -> TNone:
        """Switch the probe off."""
        self.core.break_realtime()
        delay(1 * ms)
        self.probe.sw.off()
