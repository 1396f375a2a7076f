"""The transverse pump: two Raman tones behind one intensity servo."""

import numpy as np
from artiq.experiment import HasEnvironment, TNone, at_mu, delay, kernel, now_mu, us
from numpy.typing import NDArray

from ccqed_ctrl.params import Timing

#: Zotino channel of the servo set-point.
SET_POINT = 0


class TransversePump(HasEnvironment):
    """Power follows the servo's set-point while both RF switches are on."""

    kernel_invariants = {"core", "pump_plus", "pump_minus", "pump_servo", "channel",
                         "settling"}  # fmt: skip

    def build(self) -> None:
        """Get the channels; the ramp is empty until `load_ramp`."""
        self.setattr_device("core")
        self.setattr_device("pump_plus")
        self.setattr_device("pump_minus")
        self.setattr_device("pump_servo")
        self.channel = SET_POINT
        self.settling = Timing().dac_settling
        self.load_ramp(np.zeros(1), 10 * us)

    def configure(self, timing: Timing) -> None:
        """Take how long the DAC needs to put out what was written."""
        self.settling = timing.dac_settling

    def load_ramp(self, volts: NDArray[np.float64], step: float) -> None:
        """Keep set-points (T,) in V, `step` s apart, for `ramp`."""
        self.volts = [float(value) for value in volts]
        self.step_mu = np.int64(round(step / 1e-9))

    @kernel
    def initialise(self) -> TNone:
        """Bring up the DAC with the set-point at zero."""
        self.pump_servo.init()
        delay(500 * us)
        self.pump_servo.set_dac([0.0], [self.channel])
        delay(100 * us)

    @kernel
    def on(self) -> TNone:
        """Open both RF switches; the power is still at its set-point."""
        self.pump_plus.sw.on()
        self.pump_minus.sw.on()

    @kernel
    def ramp(self) -> TNone:
        """Step through the loaded set-points, ending one step after the last."""
        start = now_mu()
        for index in range(len(self.volts)):
            at_mu(start + index * self.step_mu)
            self.pump_servo.write_dac(self.channel, self.volts[index])
            self.pump_servo.load()
        at_mu(start + len(self.volts) * self.step_mu)

    @kernel
    def off(self) -> TNone:
        """Close both switches at once, and bring the set-point to zero behind them."""
        self.pump_plus.sw.off()
        self.pump_minus.sw.off()
        self.pump_servo.write_dac(self.channel, 0.0)
        self.pump_servo.load()
        delay(self.settling)
