"""`with interleave` over other cards than TTLs, and over code that is no channel's."""

# ruff: noqa

from __future__ import annotations

from artiq.experiment import *
from .base import GAIN, Interleaving


class InterleavedDds(Interleaving):
    @kernel
    def run(self):
        with interleave:
            delay(1 * us)
            self.dds.set_mu(1)


class InterleavedDdsAlone(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.dds.set_mu(1)


class InterleavedDdsSwitches(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.dds.sw.on()
            self.a.on()


class InterleavedDdsSwitchPulse(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.dds.sw.pulse(1 * us)
            self.a.pulse(1 * us)


class InterleavedOnAndDds(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.a.on()
            self.dds.set(1 * MHz)


class InterleavedDac(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.dac.set_dac([1.0], [0])
            self.line.pulse(1 * us)


class InterleavedDacWrite(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.a.on()
            self.dac.write_dac(0, 1.0)


class InterleavedDacLoad(Interleaving):
    @kernel
    def run(self):
        with interleave:
            delay(1 * us)
            self.dac.load()


class InterleavedGate(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.line.gate_rising(1 * us)
            self.a.pulse(1 * us)


class InterleavedGateAfterOn(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.a.on()
            self.line.gate_rising(1 * us)


class InterleavedCounter(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.counter.gate_rising(1 * us)
            self.a.pulse(1 * us)


class InterleavedAttribute(Interleaving):
    @kernel
    def run(self):
        with interleave:
            delay(self.width)
            delay(2 * us)


class InterleavedGlobal(Interleaving):
    @kernel
    def run(self):
        with interleave:
            delay(GAIN * us)
            delay(2 * us)


class InterleavedPulseOfAttribute(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.a.pulse(self.width)


class InterleavedConversion(Interleaving):
    @kernel
    def run(self):
        with interleave:
            delay(float(1) * us)
            delay(2 * us)


class InterleavedParallel(Interleaving):
    @kernel
    def run(self):
        with interleave:
            with parallel:
                self.a.pulse(1 * us)
                self.b.pulse(2 * us)
            delay(2 * us)


class InterleavedParallelSwitches(Interleaving):
    @kernel
    def run(self):
        with interleave:
            with parallel:
                self.a.on()
                self.b.on()
            self.line.on()


class InterleavedTwice(Interleaving):
    @kernel
    def run(self):
        with interleave:
            with interleave:
                delay(1 * us)
                delay(2 * us)
            delay(5 * us)


class InterleavedIf(Interleaving):
    @kernel
    def run(self):
        with interleave:
            if self.a.channel > 3:
                delay(1 * us)
            delay(5 * us)


class InterleavedIfSwitch(Interleaving):
    @kernel
    def run(self):
        with interleave:
            if self.a.channel > 3:
                self.a.on()
            delay(5 * us)


class InterleavedLoops(Interleaving):
    @kernel
    def run(self):
        with interleave:
            for n in range(2):
                delay(1 * us)
            for n in range(2):
                delay(1 * us)


class InterleavedLoopOfPulses(Interleaving):
    @kernel
    def run(self):
        with interleave:
            for n in range(2):
                self.a.pulse(1 * us)
            delay(1 * us)


class InterleavedLoopThenPulse(Interleaving):
    @kernel
    def run(self):
        with interleave:
            for n in range(2):
                delay(1 * us)
            with sequential:
                delay(3 * us)
                self.a.pulse(1 * us)


class InterleavedLoopOfUnknown(Interleaving):
    @kernel
    def run(self):
        with interleave:
            for n in range(self.a.channel):
                delay(1 * us)
            delay(1 * us)


class InterleavedOwnSwitch(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.shown()
            delay(1 * us)


class InterleavedOwnAlone(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.later()


class InterleavedOwnAfter(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.shown()
            self.later()


class InterleavedOwnTwice(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.later()
            self.later()


class InterleavedLamp(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.lamp.flash()
            delay(1 * us)


class InterleavedAssignment(Interleaving):
    @kernel
    def run(self):
        with interleave:
            value = 1
            self.a.pulse(1 * us)


class InterleavedCursor(Interleaving):
    @kernel
    def run(self):
        with interleave:
            at_mu(now_mu() + 10)
            delay(1 * us)


class InterleavedRpcAndPulse(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.measured()
            self.a.pulse(1 * us)


class InterleavedArgument(Interleaving):
    @kernel
    def run(self):
        self.wait(1 * us)

    @kernel
    def wait(self, width):
        with interleave:
            delay(width)
            self.a.pulse(1 * us)


class InterleavedLocal(Interleaving):
    @kernel
    def run(self):
        width = 1 * us
        with interleave:
            delay(width)
            delay(2 * us)
