"""The four phase-locked tones: both Raman pumps, longitudinal drive, reference."""

from artiq.coredevice.ad9910 import PHASE_MODE_TRACKING
from artiq.experiment import (
    HasEnvironment,
    TFloat,
    TInt64,
    TNone,
    delay,
    kernel,
    now_mu,
    us,
)

from ccqed_ctrl.params import Tones
from ccqed_ctrl.units import TWO_PI


class PhaseLockedTones(HasEnvironment):
    """Optical phase is (plus + minus)/2 against the reference, known only modulo pi.

    So all four tones are always programmed together, in tracking mode with one common
    fiducial time; mixing modes would lose the global sign of every spin.
    """

    kernel_invariants = {"core", "pump_plus", "pump_minus", "longitudinal",
                         "local_oscillator", "frequency", "attenuation",
                         "turn"}  # fmt: skip

    def build(self) -> None:
        """Get the channels; nothing is touched yet."""
        self.setattr_device("core")
        self.setattr_device("pump_plus")
        self.setattr_device("pump_minus")
        self.setattr_device("longitudinal")
        self.setattr_device("local_oscillator")
        self.configure(Tones())

    def configure(self, tones: Tones, drive_phase: float = 0.0) -> None:
        """Take frequency in Hz and attenuation in dB of the drives, one card.

        drive_phase: rad, that the light of the longitudinal drive has against the
        pumps' on its own; it is undone.
        """
        self.frequency = tones.frequency
        self.attenuation = tones.attenuation
        self.turn = (-drive_phase / TWO_PI) % 1.0

    @kernel
    def initialise(self) -> TNone:
        """Bring up card and channels; switches stay off."""
        self.pump_plus.cpld.init()
        delay(1000 * us)
        for channel in [
            self.pump_plus,
            self.pump_minus,
            self.longitudinal,
            self.local_oscillator,
        ]:
            channel.init()
            delay(1000 * us)
            channel.sw.off()
            channel.set_att(self.attenuation)
            delay(500 * us)

    @kernel
    def program(self, longitudinal_amplitude: TFloat) -> TInt64:
        """Set all four tones, phase-locked; the switches decide what is emitted.

        Return the fiducial time, for `dim`.
        """
        fiducial = now_mu()
        self.pump_plus.set(self.frequency, phase_mode=PHASE_MODE_TRACKING,
                           ref_time_mu=fiducial)  # fmt: skip
        delay(50 * us)
        self.pump_minus.set(self.frequency, phase_mode=PHASE_MODE_TRACKING,
                            ref_time_mu=fiducial)  # fmt: skip
        delay(50 * us)
        self.longitudinal.set(self.frequency, phase=self.turn,
                              amplitude=longitudinal_amplitude,
                              phase_mode=PHASE_MODE_TRACKING,
                              ref_time_mu=fiducial)  # fmt: skip
        delay(50 * us)
        self.local_oscillator.set(self.frequency, phase_mode=PHASE_MODE_TRACKING,
                                  ref_time_mu=fiducial)  # fmt: skip
        delay(50 * us)
        return fiducial

    @kernel
    def dim(self, longitudinal_amplitude: TFloat, fiducial: TInt64) -> TNone:
        """Set the longitudinal tone's amplitude alone, in phase with the others."""
        self.longitudinal.set(self.frequency, phase=self.turn,
                              amplitude=longitudinal_amplitude,
                              phase_mode=PHASE_MODE_TRACKING,
                              ref_time_mu=fiducial)  # fmt: skip

    @kernel
    def make_safe(self) -> TNone:
        """Switch every tone off."""
        self.pump_plus.sw.off()
        self.pump_minus.sw.off()
        self.longitudinal.sw.off()
        self.local_oscillator.sw.off()
