"""One shot that ends with a hologram, start to safe state."""

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import numpy as np
from artiq.experiment import (
    HasEnvironment,
    TFloat,
    TInt64,
    TNone,
    at_mu,
    delay,
    kernel,
    ms,
    now_mu,
)

from ccqed_ctrl.controllers.client import Controller
from ccqed_ctrl.controllers.frames import fetch_whole
from ccqed_ctrl.devices.imaging import HolographicCamera
from ccqed_ctrl.devices.pump import TransversePump
from ccqed_ctrl.devices.tones import PhaseLockedTones
from ccqed_ctrl.holograms import HologramPlan, HologramRecord, HologramShot
from ccqed_ctrl.model.arrangement import Floats, assign, trajectories
from ccqed_ctrl.model.placement import seen
from ccqed_ctrl.model.plan import plan_release
from ccqed_ctrl.records import Entry

logger = logging.getLogger(__name__)


class HolographicShot(HasEnvironment):
    """Longitudinal on, noise on, pump ramp, hold, field down, relax, image."""

    kernel_invariants = {
        "core", "tones", "pump", "imaging", "longitudinal", "noise_gate", "ttl_prepare",
        "hold_time", "release_steps", "release_step_mu", "evolution_time", "exposure",
        "readout_time", "lead", "preparation", "start", "noise", "holograms", "pause",
    }  # fmt: skip

    def build(self) -> None:
        """Get the channels and the slow devices."""
        self.setattr_device("core")
        self.setattr_device("longitudinal")
        self.setattr_device("noise_gate")
        self.setattr_device("ttl_prepare")
        self.camera = Controller("camera", self.get_device("camera"))
        self.dmd = Controller("dmd", self.get_device("dmd"))
        self.tweezers = Controller("tweezers", self.get_device("tweezers"))
        self.lock = Controller("lock", self.get_device("lock"))
        self.tones = PhaseLockedTones(self)
        self.pump = TransversePump(self)
        self.imaging = HolographicCamera(self)
        # Traps and sites of the last plan that was set up.
        self._loaded = np.empty((0, 2)), np.empty((0, 2))

    def arrange(self, plan: HologramPlan, *, afresh: bool) -> None:
        """Set up for the shots of a plan; `afresh` where others may have been here."""
        self.configure(plan)
        traps, sites = plan.traps, plan.traps[: len(plan.positions)]
        if afresh or not all(map(np.array_equal, self._loaded, (traps, sites))):
            self._load(traps, sites, plan.apparatus.timing.trap_speed)
            self._loaded = traps, sites
        if afresh:
            self._lock()
            self.initialise()

    def _load(self, traps: Floats, sites: Floats, speed: float) -> None:
        """Load traps (M, 2); from those beyond the sites (N, 2), if any, fill these."""
        self.tweezers.set_positions(traps)
        if len(traps) == len(sites):
            return
        loaded = self.tweezers.occupied()
        count = np.count_nonzero(loaded)
        logger.info("%d of %d traps were loaded", count, len(traps))
        if count < len(sites):
            logger.warning(
                "only %d of %d traps were loaded, fewer than the %d sites: %d stay "
                "empty; raise reservoir, or look after the loading",
                count, len(traps), len(sites), len(sites) - count,
            )  # fmt: skip
        chosen = assign(traps, loaded, sites)
        self.tweezers.program(chosen, *trajectories(traps[chosen], sites, speed))

    def take(self, plan: HologramPlan, shot: HologramShot) -> Mapping[Entry, Any]:
        """Take one shot; return its frames.

        Raises
        ------
        DeviceTimeoutError
            Frames are missing, or late.
        """
        spots = seen(plan.spots, plan.apparatus.axis)
        pattern = self.dmd.load("cue", spots, shot.load.dmd_pattern)
        self.dmd.display(pattern)
        believed = plan.apparatus
        region = believed.region.of(believed.imaging)
        arm_id = self.camera.arm(plan.frames, plan.sequence.exposure, region)
        self.run_shot(shot.load.dds_amplitude)
        shown, locked = self.dmd.displayed() == pattern, self._locked()
        occupied = self.tweezers.occupied()
        taken = fetch_whole(self.camera, arm_id, plan.apparatus.timing.fetch_timeout)
        times = taken["timestamps"] - taken["timestamps"][0]
        return {
            HologramRecord.frames: taken["frames"],
            HologramRecord.lateness: times - plan.movie.frames,
            HologramRecord.exposure: taken["exposure"],
            HologramRecord.saturated: taken["saturated"].sum(),
            HologramRecord.sequence: taken["sequence"],
            HologramRecord.pattern_shown: shown,
            HologramRecord.cavity_locked: locked,
            HologramRecord.occupied: occupied,
        }

    def _locked(self) -> bool:
        return bool(self.lock.state() == "locked")

    def _lock(self) -> None:
        """Lock the cavity if it is not."""
        if not self._locked():
            logger.warning(
                "the cavity is not locked and is locked again; if another mode is "
                "found, what was calibrated is stale"
            )
            self.lock.relock()

    def configure(self, plan: HologramPlan) -> None:
        """Take timing and ramp of a plan."""
        sequence, timing = plan.sequence, plan.apparatus.timing
        self.start, self.lead = timing.start, timing.lead
        self.preparation = timing.preparation
        self.hold_time = sequence.hold_time
        release = plan_release(sequence)
        self.release_steps = release.steps
        self.release_step_mu = np.int64(round(release.step / 1e-9))
        self.evolution_time = sequence.evolution_time
        self.noise = sequence.noise
        self.exposure = sequence.exposure
        self.holograms, self.pause = len(plan.movie.times), plan.movie.pause
        # Between the last hologram and the reference.
        self.readout_time = plan.apparatus.imaging.readout_time
        believed = plan.apparatus
        self.tones.configure(believed.tones, believed.longitudinal.phase)
        self.pump.configure(timing)
        self.imaging.configure(timing)
        self.pump.load_ramp(plan.pump.volts, plan.pump.step)

    def make_safe(self) -> None:
        """Everything off, whatever happened before, and whichever of these fails."""
        with ExitStack() as rest:
            rest.callback(self.dmd.blank)
            rest.callback(self.camera.abort)
            self.switch_off()

    @kernel
    def initialise(self) -> TNone:
        """Reset the core device and bring every channel up, off."""
        self.core.reset()
        delay(1 * ms)
        self.tones.initialise()
        self.pump.initialise()
        self.noise_gate.off()
        self.ttl_prepare.off()
        self.imaging.make_safe()

    @kernel
    def run_shot(self, longitudinal_amplitude: TFloat) -> TNone:
        """Run one shot; frames are exposed of holograms, and of the reference alone."""
        self.core.break_realtime()
        delay(self.start)
        fiducial = self.tones.program(longitudinal_amplitude)
        self.ttl_prepare.pulse(self.preparation)
        self.load()
        self.release(longitudinal_amplitude, fiducial)
        self.relax()
        self.watch()
        self.pump.off()
        self.noise_gate.off()
        delay(self.readout_time)
        self.imaging.expose(self.exposure)

    @kernel
    def load(self) -> TNone:
        """Write the cue: the ensembles polarise along the longitudinal field."""
        self.longitudinal.sw.on()
        delay(self.lead)
        if self.noise:
            self.noise_gate.on()
        self.pump.on()
        self.pump.ramp()
        delay(self.hold_time)

    @kernel
    def release(self, amplitude: TFloat, fiducial: TInt64) -> TNone:
        """Let the field fall linearly, step by step, and switch it off."""
        start = now_mu()
        for index in range(self.release_steps):
            at_mu(start + index * self.release_step_mu)
            left = 1.0 - (index + 0.5) / self.release_steps
            self.tones.dim(amplitude * left, fiducial)
        at_mu(start + self.release_steps * self.release_step_mu)
        self.longitudinal.sw.off()

    @kernel
    def relax(self) -> TNone:
        """Let the spins descend to a minimum on their own."""
        delay(self.evolution_time)

    @kernel
    def watch(self) -> TNone:
        """Take the holograms, one after the other."""
        for index in range(self.holograms):
            if index > 0:
                delay(self.pause)
            self.imaging.expose(self.exposure)

    @kernel
    def switch_off(self) -> TNone:
        """Every channel off."""
        self.core.break_realtime()
        delay(1 * ms)
        self.tones.make_safe()
        self.pump.off()
        self.noise_gate.off()
        self.ttl_prepare.off()
        self.imaging.make_safe()
