"""Corners: branches, decorators, arguments, attributes."""

# ruff: noqa

from __future__ import annotations

import numpy as np
from artiq.experiment import *
from artiq.language import core as language
from .base import Program


class IntIf(Program):
    @kernel
    def run(self):
        n = 3
        if n:
            self.a.on()


class LoopVariableAfterwards(Program):
    @kernel
    def run(self):
        for n in range(3):
            value = n
        delay(value * us)


class SetInBothBranches(Program):
    @kernel
    def run(self):
        if self.a.channel > 3:
            value = 1
        else:
            value = 2
        delay(value * us)


class SetOrLeft(Program):
    @kernel
    def run(self):
        if self.a.channel > 3:
            value = 1
        else:
            return
        delay(value * us)


class SetForever(Program):
    @kernel
    def run(self):
        while True:
            value = 1
            break
        delay(value * us)


class SetInTry(Program):
    @kernel
    def run(self):
        try:
            value = self.measured()
        except ValueError:
            self.a.off()
        delay(value)


class SetInTryAndHandler(Program):
    @kernel
    def run(self):
        try:
            value = self.measured()
        except ValueError:
            value = 2.0
        delay(value)


class OtherExceptions(Program):
    @kernel
    def run(self):
        try:
            self.measured()
        except OSError:
            self.a.off()


class QualifiedPortable(Program):
    @language.portable
    def half(self, value):
        return value / 2

    @kernel
    def run(self):
        delay(self.half(1.0))


class QualifiedCalledKernel(Program):
    @language.kernel
    def half(self):
        self.a.on()

    @kernel
    def run(self):
        self.half()


class QualifiedWithFlags(Program):
    @language.kernel(flags={"fast-math"})
    def half(self):
        self.a.on()

    @kernel
    def run(self):
        self.half()


class PlainWithFlags(Program):
    @kernel(flags={"fast-math"})
    def half(self):
        self.a.on()

    @kernel
    def run(self):
        self.half()


class RaisesWithNarrow(Program):
    def build(self):
        self.count = 3

    @kernel
    def run(self):
        raise ValueError("only {0}", self.count)


class RaisesWithWide(Program):
    @kernel
    def run(self):
        raise ValueError("late by {0}", now_mu())


class KeywordOnly(Program):
    @kernel
    def run(self):
        self.wait(duration=1.0)

    @kernel
    def wait(self, *, duration):
        delay(duration)


class PositionalOnly(Program):
    @kernel
    def run(self):
        self.wait(1.0)

    @kernel
    def wait(self, duration, /):
        delay(duration)


class NestedLists(Program):
    @kernel
    def run(self):
        grid = [[1, 2], [3, 4]]
        delay(grid[0][1] * us)


class GridAttribute(Program):
    def build(self):
        self.grid = np.array([[1.0, 2.0], [3.0, 4.0]])

    @kernel
    def run(self):
        delay(self.grid[0, 1])


class ReturnsTuple(Program):
    @kernel
    def run(self):
        first, second = self.pair()
        delay(second)

    @kernel
    def pair(self):
        return 1, 2.5


class ReturnsArgument(Program):
    @kernel
    def run(self):
        values = self.same([1, 2])

    @kernel
    def same(self, values):
        return values


class SumOfLists(Program):
    @kernel
    def run(self):
        values = [1] + [2]
        delay(values[0] * us)


class TextAttribute(Program):
    def build(self):
        self.name = "a"

    @kernel
    def run(self):
        self.name = "b"


class NoneAttributeThenNumber(Program):
    def build(self):
        self.value = None

    @kernel
    def run(self):
        self.value = 1.0


class FloatIntoIntAttribute(Program):
    def build(self):
        self.value = 1

    @kernel
    def run(self):
        self.value = 2.5


class IntIntoFloatAttribute(Program):
    def build(self):
        self.value = 1.0

    @kernel
    def run(self):
        self.value = 2


class CountAttribute(Program):
    def build(self):
        self.count = 0

    @kernel
    def run(self):
        self.count += 1


class WideSumIntoAttribute(Program):
    def build(self):
        self.count = 0

    @kernel
    def run(self):
        self.count = self.count + now_mu()


class NarrowAsLong(Program):
    @kernel
    def run(self):
        self.wait(3)

    @kernel
    def wait(self, count: TInt32):
        delay_mu(count)
