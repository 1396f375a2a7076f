"""`with interleave` over TTLs of equal and unequal class, and sequences of them."""

# ruff: noqa

from __future__ import annotations

from artiq.experiment import *
from .base import Interleaving


class InterleavedSwitches(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.line.on()
            self.a.on()


class InterleavedOnThenPulse(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.a.on()
            self.b.pulse(1 * us)


class InterleavedUnequalOnThenPulse(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.line.on()
            self.a.pulse(1 * us)


class InterleavedPulseThenOn(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.a.pulse(1 * us)
            self.b.on()


class InterleavedPulses(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.a.pulse(1 * us)
            self.b.pulse(2 * us)


class InterleavedUnequalPulses(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.line.pulse(1 * us)
            self.a.pulse(2 * us)


class InterleavedUnequalPulsesMu(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.a.pulse_mu(1000)
            self.line.pulse_mu(2000)


class InterleavedThree(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.a.on()
            self.line.off()
            self.b.pulse(1 * us)


class InterleavedPulseAlone(Interleaving):
    @kernel
    def run(self):
        with interleave:
            self.a.pulse(1 * us)


class InterleavedSequenceAlone(Interleaving):
    @kernel
    def run(self):
        with interleave:
            with sequential:
                self.a.pulse(1 * us)
                self.line.pulse(2 * us)


class InterleavedDelayAndSwitch(Interleaving):
    @kernel
    def run(self):
        with interleave:
            delay(1 * us)
            self.a.on()


class InterleavedDelayAndPulse(Interleaving):
    @kernel
    def run(self):
        with interleave:
            delay(1 * us)
            self.a.pulse(1 * us)


class InterleavedSequences(Interleaving):
    @kernel
    def run(self):
        with interleave:
            with sequential:
                self.a.on()
                delay(1 * us)
                self.a.off()
            with sequential:
                delay(2 * us)
                self.b.on()
                delay(1 * us)
                self.b.off()


class InterleavedUnequalSequences(Interleaving):
    @kernel
    def run(self):
        with interleave:
            with sequential:
                self.a.on()
                delay(1 * us)
                self.a.off()
            with sequential:
                delay(2 * us)
                self.line.on()
                delay(1 * us)
                self.line.off()


class InterleavedPulsesApart(Interleaving):
    @kernel
    def run(self):
        with interleave:
            with sequential:
                self.a.pulse(1 * us)
            with sequential:
                delay(2 * us)
                self.line.pulse(1 * us)


class InterleavedPulseAfterAll(Interleaving):
    @kernel
    def run(self):
        with interleave:
            delay(1 * us)
            with sequential:
                delay(2 * us)
                self.line.pulse(1 * us)


class InterleavedPulseAfterEqual(Interleaving):
    @kernel
    def run(self):
        with interleave:
            delay(1 * us)
            with sequential:
                delay(1 * us)
                self.a.pulse(1 * us)


class InterleavedPulseBeforeEqual(Interleaving):
    @kernel
    def run(self):
        with interleave:
            with sequential:
                delay(1 * us)
                self.a.pulse(1 * us)
            delay(1 * us)


class InterleavedPulseBeforeDelay(Interleaving):
    @kernel
    def run(self):
        with interleave:
            with sequential:
                delay(1 * us)
                self.a.pulse(1 * us)
            delay(3 * us)


class InterleavedPulseAfterMu(Interleaving):
    @kernel
    def run(self):
        with interleave:
            delay_mu(100)
            with sequential:
                delay_mu(50 + 70)
                self.a.pulse(1 * us)


class InterleavedPulseAfterSum(Interleaving):
    @kernel
    def run(self):
        with interleave:
            delay(1 * us + 500 * ns)
            with sequential:
                delay_mu(1400)
                self.a.pulse(1 * us)
