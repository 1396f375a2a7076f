"""Count photons of the laser, in an ordinary ARTIQ file of another laboratory."""

from artiq.experiment import *


class PhotonCount(EnvExperiment):
    """Count photons while the mirror steps."""

    def build(self):
        self.setattr_device("core")
        self.setattr_device("laser")
        self.setattr_device("mirror")
        self.setattr_device("photomultiplier")
        self.setattr_argument("gate", NumberValue(100 * us, unit="us"))

    @kernel
    def run(self):
        self.core.reset()
        self.laser.cpld.init()
        self.laser.init()
        self.mirror.init()
        self.laser.set_att(6.0)
        self.laser.set(80 * MHz)
        for step in range(3):
            self.core.break_realtime()
            self.mirror.set_dac(0, 0.5 * step)
            delay(10 * us)
            self.laser.sw.on()
            end = self.photomultiplier.gate_rising(self.gate)
            self.laser.sw.off()
            self.note(self.photomultiplier.count(end))

    @rpc
    def note(self, count: TInt32):
        self.append_to_dataset("counts", count)

    def prepare(self):
        self.set_dataset("counts", [])
