"""A shot whose hologram shows the longitudinal drive's own light beside the atoms'."""

from artiq.experiment import TFloat, TInt64, TNone, kernel

from .holographic_shot import HolographicShot


class DrivenShot(HolographicShot):
    """The field stays on until the hologram is taken."""

    @kernel
    def release(self, amplitude: TFloat, fiducial: TInt64) -> TNone:
        """Leave the drive as it is."""

    @kernel
    def watch(self) -> TNone:
        """Take the hologram, and switch the drive off."""
        self.imaging.expose(self.exposure)
        self.longitudinal.sw.off()
