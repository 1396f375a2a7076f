"""What the table calls accepted: types, lists, numpy."""

# ruff: noqa

from __future__ import annotations

import numpy as np
from artiq.experiment import *
from numpy import int64
from .base import Lamp, Program, TIMES, shown


class CountTimesAttribute(Program):
    def build(self):
        self.step = 100

    @kernel
    def run(self):
        start = now_mu()
        for n in range(3):
            at_mu(start + n * self.step)


class ProductOfAttribute(Program):
    def build(self):
        self.step = 100

    @kernel
    def run(self):
        delay_mu(2 * self.step)


class LikeInstances(Program):
    def build(self):
        self.first = Lamp(self.a, 1.0)
        self.second = Lamp(self.b, 2.5)

    @kernel
    def run(self):
        self.first.flash()
        self.second.flash()


class BoolCondition(Program):
    @kernel
    def run(self):
        value = 1.0 if self.a.channel > 3 else 2.0
        delay(value)


class FloatFromInt(Program):
    @kernel
    def run(self):
        value = 1.0
        value = 2
        delay(value)


class SeparateNames(Program):
    @kernel
    def run(self):
        count = 1
        duration = count * 2.5
        delay(duration)


class FloatAccumulates(Program):
    @kernel
    def run(self):
        total = 0.0
        for n in range(3):
            total += n
        delay(total)


class ListOfFloats(Program):
    @kernel
    def run(self):
        values = [1.0, 2.0]
        values[0] = 3.0
        delay(values[0])


class ListComprehension(Program):
    @kernel
    def run(self):
        values = [n * 2 for n in range(3)]
        delay(values[0] * us)


class ReturnsNumber(Program):
    @kernel
    def run(self):
        delay(self.made() * us)

    @kernel
    def made(self):
        return 1.5


class ReturnsAttributeList(Program):
    def build(self):
        self.values = [1, 2]

    @kernel
    def run(self):
        values = self.made()

    @kernel
    def made(self):
        return self.values


class FillsArgument(Program):
    @kernel
    def run(self):
        values = [0] * 3
        self.fill(values)

    @kernel
    def fill(self, values):
        for n in range(len(values)):
            values[n] = n


class TextOfString(Program):
    def build(self):
        self.text = kernel_from_string(["self"], "self.a.pulse(1e-6)")

    @kernel
    def run(self):
        self.text(self)


class UnannotatedCalledOnly(Program):
    @kernel
    def run(self):
        self.unannotated()
        shown(1)


class DictOnTheHost(Program):
    def build(self):
        self.settings = {"a": 1}

    @kernel
    def run(self):
        self.report()

    def report(self) -> TNone:
        self.settings["a"] = len([x for x in self.settings])


class EmptyListOnTheHost(Program):
    def build(self):
        self.seen = []

    @kernel
    def run(self):
        self.note(1)

    @rpc(flags={"async"})
    def note(self, value):
        self.seen.append(value)


class TupleUnpacking(Program):
    @kernel
    def run(self):
        first, second = 1, 2.5
        delay(first * second * us)


class ConditionInt(Program):
    @kernel
    def run(self):
        if TIMES[0] > 0 and self.a.channel != 3:
            self.a.on()


class MinMax(Program):
    @kernel
    def run(self):
        delay(max(min(2, 3), 1) * us)


class ArrayLocal(Program):
    @kernel
    def run(self):
        values = np.array([1.0, 2.0])
        delay(values[0])


class NumpyIntegers(Program):
    @kernel
    def run(self):
        value = np.int64(5)
        delay_mu(value)
        count = np.int32(3)


class AnnotationNumpy(Program):
    @kernel
    def run(self):
        self.wait(1, 2.0, int64(3))

    @kernel
    def wait(self, count: TInt32, duration: TFloat, width: TInt64):
        delay(count * duration)
        delay_mu(width)


class AnnotationNumpyTypes(Program):
    @kernel
    def run(self):
        self.wait(1, True)

    @kernel
    def wait(self, count: np.int32, yes: bool):
        delay(count * us)
