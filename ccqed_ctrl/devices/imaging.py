"""Holographic imaging: camera trigger and local oscillator together."""

from artiq.experiment import HasEnvironment, TFloat, TNone, delay, kernel

from ccqed_ctrl.params import Timing


class HolographicCamera(HasEnvironment):
    """One trigger, one exposure, with the reference on or without."""

    kernel_invariants = {"core", "ttl_camera", "local_oscillator", "guard"}

    def build(self) -> None:
        """Get the channels."""
        self.setattr_device("core")
        self.setattr_device("ttl_camera")
        self.setattr_device("local_oscillator")
        self.guard = Timing().reference_guard

    def configure(self, timing: Timing) -> None:
        """Take how long the reference is on before and after an exposure."""
        self.guard = timing.reference_guard

    @kernel
    def expose(self, exposure: TFloat) -> TNone:
        """Take one frame of `exposure` s; the camera times it from the rising edge."""
        self.local_oscillator.sw.on()
        delay(self.guard)
        self.ttl_camera.pulse(exposure)
        delay(self.guard)
        self.local_oscillator.sw.off()

    @kernel
    def dark(self, exposure: TFloat) -> TNone:
        """Take one frame of `exposure` s with the reference off."""
        delay(self.guard)
        self.ttl_camera.pulse(exposure)
        delay(self.guard)

    @kernel
    def make_safe(self) -> TNone:
        """Switch the reference off and hold the trigger low."""
        self.local_oscillator.sw.off()
        self.ttl_camera.off()
