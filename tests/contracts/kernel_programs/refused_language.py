"""What else is refused: syntax, numpy, texts, conditions."""

# ruff: noqa

from __future__ import annotations

import numpy as np
from artiq.experiment import *
from .base import GAIN, Program, TIMES


class InterleavedDriver(Program):
    @kernel
    def run(self):
        with interleave:
            self.a.pulse(1 * us)
            self.b.pulse(1 * us)


class GeneratorExpression(Program):
    @kernel
    def run(self):
        values = list(n for n in range(3))


class ComprehensionWithCondition(Program):
    @kernel
    def run(self):
        values = [n for n in range(3) if n > 1]


class NestedComprehension(Program):
    @kernel
    def run(self):
        values = [n for n in range(3) for m in range(3)]


class SetLiteral(Program):
    @kernel
    def run(self):
        values = {1, 2}


class Deletion(Program):
    @kernel
    def run(self):
        value = 1
        del value


class ImportInside(Program):
    @kernel
    def run(self):
        import math


class Yields(Program):
    @kernel
    def run(self):
        self.values()

    @kernel
    def values(self):
        yield 1


class ComplexNumber(Program):
    @kernel
    def run(self):
        value = 1j


class NoneDefaultThenNumber(Program):
    @kernel
    def run(self):
        value = None
        value = 1


class NotAlwaysSet(Program):
    @kernel
    def run(self):
        if self.a.channel > 3:
            value = 1
        delay(value * us)


class Percent(Program):
    @kernel
    def run(self):
        rtio_log("level", "%d" % 1)


class StrOfNumber(Program):
    @kernel
    def run(self):
        rtio_log("level", str(1))


class TextFormat(Program):
    @kernel
    def run(self):
        rtio_log("level", "{}".format(1))


class MissingAttribute(Program):
    @kernel
    def run(self):
        self.nothing.on()


class MissingName(Program):
    @kernel
    def run(self):
        nothing()


class RaiseFrom(Program):
    @kernel
    def run(self):
        try:
            self.a.on()
        except ValueError as error:
            raise RuntimeError("no") from error


class ChainedContexts(Program):
    @kernel
    def run(self):
        with parallel, sequential:
            self.a.on()


class FileContext(Program):
    @kernel
    def run(self):
        with open("x"):
            self.a.on()


class Walrus(Program):
    @kernel
    def run(self):
        if (n := self.a.channel) > 3:
            self.a.on()


class AnnotatedVariable(Program):
    @kernel
    def run(self):
        value: TInt32 = 1


class MatchStatement(Program):
    @kernel
    def run(self):
        match self.a.channel:
            case 1:
                self.a.on()


class Slices(Program):
    def build(self):
        self.grid = np.zeros((3, 3))

    @kernel
    def run(self):
        row = self.grid[0:1, 0:1]


class InconsistentReturn(Program):
    @kernel
    def run(self):
        self.choose(True)

    @kernel
    def choose(self, yes):
        if yes:
            return 1
        return 2.5


class SometimesReturns(Program):
    @kernel
    def run(self):
        value = self.choose(True)

    @kernel
    def choose(self, yes):
        if yes:
            return 1


class NegativePower(Program):
    @kernel
    def run(self):
        value = 2**3
        delay(value * us)


class MatrixProduct(Program):
    @kernel
    def run(self):
        value = np.array([1.0, 2.0]) @ np.array([1.0, 2.0])
        delay(value)


class PrintsFormatted(Program):
    @kernel
    def run(self):
        print("level", 1, 2.5)


class LambdaInside(Program):
    @kernel
    def run(self):
        f = lambda x: x + 1
        delay(f(1) * us)


class FunctionInside(Program):
    @kernel
    def run(self):
        def f(x):
            return x + 1

        delay(f(1) * us)


class Globals(Program):
    @kernel
    def run(self):
        global GAIN
        GAIN = 2.0


class WhileElse(Program):
    @kernel
    def run(self):
        n = 0
        while n < 3:
            n += 1
        else:
            self.a.on()


class TryElse(Program):
    @kernel
    def run(self):
        try:
            self.a.on()
        except ValueError:
            self.a.off()
        else:
            self.b.on()


class InvertInvariant(Program):
    def build(self):
        self.gain = 1.0
        self.kernel_invariants = self.kernel_invariants | {"gain"}

    @kernel
    def run(self):
        self.gain = 2.0


class NumpyUnknown(Program):
    @kernel
    def run(self):
        value = np.linspace(0.0, 1.0, 3)


class NumpyZeros(Program):
    @kernel
    def run(self):
        values = np.zeros(3)


class NumpyFullOfInts(Program):
    @kernel
    def run(self):
        values = np.full(3, 0)


class TextMethod(Program):
    @kernel
    def run(self):
        if "abc".startswith("a"):
            self.a.on()


class ListMethods(Program):
    @kernel
    def run(self):
        values = [1, 2]
        values.sort()


class BoolOfInt(Program):
    @kernel
    def run(self):
        if bool(1):
            self.a.on()


class Membership(Program):
    @kernel
    def run(self):
        if 1 in TIMES:
            self.a.on()


class PyIntCondition(Program):
    @kernel
    def run(self):
        n = 3
        while n:
            n -= 1


class NotOfInt(Program):
    @kernel
    def run(self):
        n = 3
        if not n:
            self.a.on()


class AndOfInts(Program):
    @kernel
    def run(self):
        n = 3
        if n and True:
            self.a.on()
