"""Frames without light, then frames of the reference alone: what the camera adds."""

from contextlib import ExitStack

from artiq.experiment import HasEnvironment, TNone, delay, kernel, ms

from ccqed_ctrl.backgrounds import (
    PAIR,
    BackgroundPlan,
    BackgroundRecord,
    BackgroundShot,
)
from ccqed_ctrl.controllers.client import Controller
from ccqed_ctrl.controllers.frames import fetch_whole
from ccqed_ctrl.devices.imaging import HolographicCamera
from ccqed_ctrl.devices.tones import PhaseLockedTones
from ccqed_ctrl.records.shots import Rows


class FlatFrames(HasEnvironment):
    """A pair of dark frames, and a pair that the reference lights."""

    kernel_invariants = {"core", "tones", "imaging", "start", "exposure", "pause"}

    def build(self) -> None:
        """Get the channels and the camera."""
        self.setattr_device("core")
        self.camera = Controller("camera", self.get_device("camera"))
        self.tones = PhaseLockedTones(self)
        self.imaging = HolographicCamera(self)

    def arrange(self, plan: BackgroundPlan, *, afresh: bool) -> None:
        """Take timing and exposure of a plan; `afresh`: bring the channels up, off."""
        timing = plan.apparatus.timing
        self.start, self.exposure = timing.start, plan.exposure
        self.pause = plan.apparatus.imaging.readout_time
        self.tones.configure(plan.apparatus.tones)
        self.imaging.configure(timing)
        if afresh:
            self.initialise()

    def take(self, plan: BackgroundPlan, shot: BackgroundShot) -> Rows:  # noqa: ARG002
        """Take both pairs.

        Raises
        ------
        DeviceTimeoutError
            Frames are missing, or late.
        """
        believed = plan.apparatus
        region = believed.region.of(believed.imaging)
        arm_id = self.camera.arm(2 * PAIR, plan.exposure, region)
        self.run_shot()
        taken = fetch_whole(self.camera, arm_id, plan.apparatus.timing.fetch_timeout)
        record = BackgroundRecord
        return {
            record.frames: taken["frames"],
            record.exposure: taken["exposure"],
            record.saturated: taken["saturated"].sum(),
            record.sequence: taken["sequence"],
        }

    def make_safe(self) -> None:
        """Everything off, whatever happened before."""
        with ExitStack() as rest:
            rest.callback(self.camera.abort)
            self.switch_off()

    @kernel
    def initialise(self) -> TNone:
        """Reset the core device and bring every channel up, off."""
        self.core.reset()
        delay(1 * ms)
        self.tones.initialise()
        self.imaging.make_safe()

    @kernel
    def run_shot(self) -> TNone:
        """Expose the frames, each after the readout of the one before."""
        self.core.break_realtime()
        delay(self.start)
        self.tones.program(0.0)
        for _ in range(PAIR):
            self.imaging.dark(self.exposure)
            delay(self.pause)
        for _ in range(PAIR):
            self.imaging.expose(self.exposure)
            delay(self.pause)

    @kernel
    def switch_off(self) -> TNone:
        """Every channel off."""
        self.core.break_realtime()
        delay(1 * ms)
        self.tones.make_safe()
        self.imaging.make_safe()
