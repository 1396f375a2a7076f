"""Corners: widths, lists, drivers, exceptions."""

# ruff: noqa

from __future__ import annotations

import numpy as np
from artiq.experiment import *
from numpy import int64
from .base import Lamp, Program, TIMES, shown, twice


class ChainedComparison(Program):
    @kernel
    def run(self):
        if 1 < self.a.channel < 5:
            self.a.on()


class ListOfRange(Program):
    @kernel
    def run(self):
        for value in list(range(3)):
            delay(value * us)


class LengthOfTuple(Program):
    @kernel
    def run(self):
        n = len((1, 2))


class MapCall(Program):
    @kernel
    def run(self):
        for value in map(twice, TIMES):
            delay(value * us)


class TextCharacters(Program):
    @kernel
    def run(self):
        for character in "abc":
            self.a.on()


class MixedInts(Program):
    @kernel
    def run(self):
        values = [1, int64(2)]
        delay_mu(values[0])


class RepeatedEmpty(Program):
    @kernel
    def run(self):
        values = [0] * 0


class AppendAttribute(Program):
    def build(self):
        self.values = [1]

    @kernel
    def run(self):
        self.values.append(2)


class AppendInRpcOfKernel(Program):
    def build(self):
        self.values = [1]

    @kernel
    def run(self):
        self.keep(2)

    def keep(self, value):
        self.values.append(value)


class ClassInstance(Program):
    @kernel
    def run(self):
        lamp = Lamp(self.a, 1.0)


class UnusedDefault(Program):
    @kernel
    def run(self):
        self.step(1)
        self.step(1, scale=3)

    @kernel
    def step(self, count, scale=2):
        for n in range(count * scale):
            self.a.pulse(1 * us)


class PulseDefault(Program):
    @kernel
    def run(self):
        self.step()

    @kernel
    def step(self, width=1 * us):
        self.a.pulse(width)


class PulseDefaultGiven(Program):
    @kernel
    def run(self):
        self.step(2 * us)
        self.step(width=2 * us)

    @kernel
    def step(self, width=1 * us):
        self.a.pulse(width)


class RpcWithKeywordsList(Program):
    @kernel
    def run(self):
        shown([1, 2])
        shown(self.a.channel)


class InterleavedOwn(Program):
    @kernel
    def run(self):
        with interleave:
            self.later()
            delay(2 * us)

    @kernel
    def later(self):
        delay(1 * us)


class InterleavedSwitch(Program):
    @kernel
    def run(self):
        with interleave:
            self.a.on()
            self.b.on()


class InterleavedRpc(Program):
    @kernel
    def run(self):
        with interleave:
            self.unannotated()
            delay(1 * us)


class ModuleFunction(Program):
    @kernel
    def run(self):
        delay(np.sum(np.array([1.0, 2.0])))


class ParallelLoop(Program):
    @kernel
    def run(self):
        with parallel:
            for n in range(3):
                self.a.pulse(1 * us)
            self.b.pulse(1 * us)


class ReturnsNothingOrNumber(Program):
    @kernel
    def run(self):
        self.choose(True)

    @kernel
    def choose(self, yes):
        if yes:
            return
        return 1


class WideListAttribute(Program):
    def build(self):
        self.times = [np.int64(1), np.int64(2)]

    @kernel
    def run(self):
        for time in self.times:
            delay_mu(time)


class NarrowListAsDelays(Program):
    def build(self):
        self.times = [1, 2]

    @kernel
    def run(self):
        for time in self.times:
            delay_mu(time)


class GlobalListAsDelays(Program):
    @kernel
    def run(self):
        for time in TIMES:
            delay_mu(time)


class GlobalIntAsDelay(Program):
    @kernel
    def run(self):
        delay_mu(COUNT)


COUNT = 100


class ClassIntAsDelay(Program):
    width = 100

    @kernel
    def run(self):
        delay_mu(self.width)


class ExceptEverything(Program):
    @kernel
    def run(self):
        try:
            self.measured()
        except:
            self.a.off()
            raise


class ExceptException(Program):
    @kernel
    def run(self):
        try:
            self.measured()
        except Exception as error:
            self.a.off()


class StoredResult(Program):
    @kernel
    def run(self):
        nothing = self.unannotated()


class HostPropertyMissing(Program):
    @kernel
    def run(self):
        self.later = 1


class DeviceMethodTypo(Program):
    @kernel
    def run(self):
        self.a.puls(1 * us)
