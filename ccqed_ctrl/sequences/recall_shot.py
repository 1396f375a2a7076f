"""One shot of an associative recall, start to safe state."""

from artiq.experiment import HasEnvironment, TFloat, TNone, delay, kernel, ms, us

from ccqed_ctrl.devices.imaging import HolographicCamera
from ccqed_ctrl.devices.pump import TransversePump
from ccqed_ctrl.devices.tones import Tones
from ccqed_ctrl.model.plan import PumpPlan
from ccqed_ctrl.params import Sequence

#: Optical pumping into the lower spin state, s.
PREPARATION = 50 * us
#: Longitudinal field on before the pump rises, s.
LEAD = 100 * us


class RecallShot(HasEnvironment):
    """Longitudinal on, noise on, pump ramp, hold, longitudinal off, relax, image."""

    kernel_invariants = {
        "core", "tones", "pump", "imaging", "longitudinal", "noise_gate", "ttl_prepare",
        "hold_time", "evolution_time", "exposure", "readout_time", "lead",
        "preparation",
    }  # fmt: skip

    def build(self) -> None:
        """Get the channels; `configure` sets the timing."""
        self.setattr_device("core")
        self.setattr_device("longitudinal")
        self.setattr_device("noise_gate")
        self.setattr_device("ttl_prepare")
        self.tones = Tones(self)
        self.pump = TransversePump(self)
        self.imaging = HolographicCamera(self)
        self.lead = LEAD
        self.preparation = PREPARATION

    def configure(
        self, sequence: Sequence, pump_plan: PumpPlan, readout_time: float
    ) -> None:
        """Take the timing of a `Sequence` and the ramp of a `PumpPlan`.

        `readout_time` s pass between hologram and reference.
        """
        self.hold_time = sequence.hold_time
        self.evolution_time = sequence.evolution_time
        self.exposure = sequence.exposure
        self.readout_time = readout_time
        self.pump.load_ramp(pump_plan.volts, pump_plan.step)

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
        """Run one shot; two frames are exposed: hologram and reference."""
        self.core.break_realtime()
        delay(5 * ms)
        self.tones.program(longitudinal_amplitude)
        self.ttl_prepare.pulse(self.preparation)
        self.load()
        self.relax()
        self.imaging.expose(self.exposure)
        self.pump.off()
        self.noise_gate.off()
        delay(self.readout_time)
        self.imaging.expose(self.exposure)

    @kernel
    def load(self) -> TNone:
        """Write the cue: the ensembles polarise along the longitudinal field."""
        self.longitudinal.sw.on()
        delay(self.lead)
        self.noise_gate.on()
        self.pump.on()
        self.pump.ramp()
        delay(self.hold_time)
        self.longitudinal.sw.off()

    @kernel
    def relax(self) -> TNone:
        """Let the spins descend to a minimum on their own."""
        delay(self.evolution_time)

    @kernel
    def make_safe(self) -> TNone:
        """Everything off, whatever happened before."""
        self.core.break_realtime()
        delay(1 * ms)
        self.tones.make_safe()
        self.pump.off()
        self.noise_gate.off()
        self.ttl_prepare.off()
        self.imaging.make_safe()
