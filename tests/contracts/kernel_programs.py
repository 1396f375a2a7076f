"""Kernels that ARTIQ's compiler accepts or refuses; `compiled_verdicts.json` says which.

Each class with a kernel `run` is one program. Nothing here is ever run: the compiler
and the linter read it.
"""

# ruff: noqa

from __future__ import annotations

import numpy
import numpy as np
from artiq.experiment import *
from artiq.language import core as language
from numpy import int32, int64

GAIN = 1.5
TIMES = [1, 2, 3]
TABLE = {"a": 1}


@portable
def twice(value):
    return 2 * value


@kernel
def pulse(channel, duration=1 * us):
    channel.pulse(duration)


def on_the_host():
    return 1.0


def shown(value) -> TNone:
    del value


class Lamp:
    kernel_invariants = {"ttl"}

    def __init__(self, ttl, level):
        self.ttl = ttl
        self.level = level

    @kernel
    def flash(self):
        self.ttl.pulse(self.level * us)


class Program:
    """The devices of the laboratory; `build` adds what a program needs."""

    kernel_invariants = {"core", "a", "b", "dds", "dac", "adc", "dma", "counter"}

    def __init__(self, get_device):
        self.core = get_device("core")
        self.a = get_device("ttl4")
        self.b = get_device("ttl5")
        self.line = get_device("ttl0")
        self.dds = get_device("urukul0_ch0")
        self.dac = get_device("zotino0")
        self.adc = get_device("sampler0")
        self.dma = get_device("core_dma")
        self.counter = get_device("ttl1_counter")
        self.build()

    def build(self):
        """Add attributes."""

    def measured(self) -> TFloat:
        return 1.0

    def unannotated(self):
        return 1.0

    def set_dataset(self, key, value, unit=None, broadcast=False):
        """Stand for ARTIQ's."""

    def append_to_dataset(self, key, value):
        """Stand for ARTIQ's."""


# What the table of section 3.9 calls refused.


class DictLiteral(Program):
    @kernel
    def run(self):
        levels = {"a": 1}


class DictAttribute(Program):
    def build(self):
        self.levels = {"a": 1}

    @kernel
    def run(self):
        delay(self.levels["a"] * us)


class DictGlobal(Program):
    @kernel
    def run(self):
        delay(TABLE["a"] * us)


class DictCall(Program):
    @kernel
    def run(self):
        levels = dict(a=1)


class DictComprehension(Program):
    @kernel
    def run(self):
        levels = {n: n for n in range(3)}


class MixedList(Program):
    @kernel
    def run(self):
        values = [1, 2.5]
        delay(values[0])


class MixedListAttribute(Program):
    def build(self):
        self.values = [1, "two"]

    @kernel
    def run(self):
        delay(self.values[0] * us)


class MixedListOfDevices(Program):
    @kernel
    def run(self):
        for device in [self.a, self.dds]:
            device.init()


class ListAppend(Program):
    @kernel
    def run(self):
        values = [1]
        values.append(2)


class EmptyList(Program):
    @kernel
    def run(self):
        values = []


class EmptyListAttribute(Program):
    def build(self):
        self.values = []

    @kernel
    def run(self):
        for value in self.values:
            delay(value * us)


class FString(Program):
    @kernel
    def run(self):
        rtio_log("level", f"{1}")


class TupleIteration(Program):
    @kernel
    def run(self):
        for value in (1, 2, 3):
            delay(value * us)


class TupleAttributeIteration(Program):
    def build(self):
        self.values = (1, 2, 3)

    @kernel
    def run(self):
        for value in self.values:
            delay(value * us)


class Enumerate(Program):
    @kernel
    def run(self):
        for index, value in enumerate(TIMES):
            delay(value * us)


class Zip(Program):
    @kernel
    def run(self):
        for first, second in zip(TIMES, TIMES):
            delay(first * us)


class IsInstance(Program):
    @kernel
    def run(self):
        if isinstance(self.a, Lamp):
            self.a.on()


class GetAttr(Program):
    @kernel
    def run(self):
        channel = getattr(self, "a")


class Super(Program):
    @kernel
    def run(self):
        super().build()


class TypeOf(Program):
    @kernel
    def run(self):
        kind = type(1)


class Sum(Program):
    @kernel
    def run(self):
        delay(sum(TIMES) * us)


class Any_(Program):
    @kernel
    def run(self):
        if any([True, False]):
            self.a.on()


class All_(Program):
    @kernel
    def run(self):
        if all([True, False]):
            self.a.on()


class Sorted(Program):
    @kernel
    def run(self):
        ordered = sorted(TIMES)


class Reversed(Program):
    @kernel
    def run(self):
        for value in reversed(TIMES):
            delay(value * us)


class StarredMethod(Program):
    @kernel
    def run(self):
        self.take(1, 2)

    @kernel
    def take(self, *values):
        pass


class StarredKeywords(Program):
    @kernel
    def run(self):
        self.take(first=1)

    @kernel
    def take(self, **values):
        pass


class StarredCall(Program):
    @kernel
    def run(self):
        twice(*TIMES)


class IntBecomesFloat(Program):
    @kernel
    def run(self):
        value = 1
        value = 2.5
        delay(value)


class IntAccumulatesFloat(Program):
    @kernel
    def run(self):
        total = 0
        for n in range(3):
            total += 0.5
        delay(total)


class FloatBecomesText(Program):
    @kernel
    def run(self):
        value = 1.0
        value = "one"


class ReturnsList(Program):
    @kernel
    def run(self):
        values = self.made()

    @kernel
    def made(self):
        values = [1, 2]
        return values


class ReturnsListLiteral(Program):
    @kernel
    def run(self):
        values = self.made()

    @kernel
    def made(self):
        return [0.0] * 3


class ReturnsArray(Program):
    @kernel
    def run(self):
        values = self.made()

    @kernel
    def made(self):
        return np.array([1, 2])


class StoresList(Program):
    def build(self):
        self.values = [0, 0]

    @kernel
    def run(self):
        self.values = [1, 2]


class UnannotatedResult(Program):
    @kernel
    def run(self):
        value = self.unannotated()
        delay(value)


class UnannotatedResultUsedAtOnce(Program):
    @kernel
    def run(self):
        delay(self.unannotated())


class UnannotatedFunction(Program):
    @kernel
    def run(self):
        delay(on_the_host())


class UnannotatedRpc(Program):
    @kernel
    def run(self):
        delay(1.0 + self.ask())

    @rpc
    def ask(self):
        return 1.0


class AsyncResult(Program):
    @kernel
    def run(self):
        delay(self.ask())

    @rpc(flags={"async"})
    def ask(self) -> TFloat:
        return 1.0


class AnnotationInt(Program):
    @kernel
    def run(self):
        self.wait(1)

    @kernel
    def wait(self, count: int):
        delay(count * us)


class AnnotationIntOfRpc(Program):
    @kernel
    def run(self):
        count = self.ask()

    def ask(self) -> int:
        return 1


class AnnotationArray(Program):
    @kernel
    def run(self):
        self.take(np.array([1, 2]))

    @kernel
    def take(self, values: np.ndarray):
        pass


class AnnotationListOfRpc(Program):
    @kernel
    def run(self):
        values = self.ask()

    def ask(self) -> list[int]:
        return [1]


class ExceptTuple(Program):
    @kernel
    def run(self):
        try:
            self.a.on()
        except (RTIOUnderflow, ValueError):
            self.a.off()


class StaticMethod(Program):
    @staticmethod
    def helper(value):
        return value

    @kernel
    def run(self):
        delay(self.helper(1) * us)


class StaticKernel(Program):
    @staticmethod
    @kernel
    def helper(value):
        delay(value)

    @kernel
    def run(self):
        self.helper(1.0)


class SchedulerPause(Program):
    def build(self):
        self.scheduler = Scheduler()

    @kernel
    def run(self):
        self.scheduler.pause()


class Scheduler:
    @host_only
    def pause(self):
        """Stand for ARTIQ's."""

    def check_pause(self, rid=None) -> TBool:
        return False


class TimeIntoIntAttribute(Program):
    def build(self):
        self.start = 0

    @kernel
    def run(self):
        self.start = now_mu()


class IntAttributeAsDelay(Program):
    def build(self):
        self.width = 100

    @kernel
    def run(self):
        delay_mu(self.width)


class IntAttributeAsTime(Program):
    def build(self):
        self.begin = 100

    @kernel
    def run(self):
        at_mu(self.begin)


class ScannableIteration(Program):
    def build(self):
        self.points = RangeScan(0, 1, 3)

    @kernel
    def run(self):
        for point in self.points:
            delay(point * us)


class UnlikeInstances(Program):
    def build(self):
        self.first = Lamp(self.a, 1)
        self.second = Lamp(self.b, 2.5)

    @kernel
    def run(self):
        self.first.flash()
        self.second.flash()


class IntCondition(Program):
    @kernel
    def run(self):
        value = 1.0 if TIMES[0] else 2.0
        delay(value)


class IntConditionOfName(Program):
    @kernel
    def run(self):
        count = 3
        value = 1.0 if count else 2.0
        delay(value)


class QualifiedDecorator(Program):
    @language.kernel
    def run(self):
        self.a.on()


# What else is refused.


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


# What the table calls accepted.


class ListOfDevices(Program):
    @kernel
    def run(self):
        for channel in [self.a, self.b]:
            channel.pulse(1 * us)


class KeywordsAndDefaults(Program):
    @kernel
    def run(self):
        pulse(self.a)
        pulse(self.a, duration=2 * us)


class Arrays(Program):
    def build(self):
        self.floats = np.array([1.0, 2.0])
        self.singles = np.array([1, 2], dtype=np.int32)
        self.flag = np.bool_(True)

    @kernel
    def run(self):
        if self.flag:
            for value in self.floats:
                delay(value * us)
        for count in self.singles:
            delay(count * us)


class ShortArrays(Program):
    def build(self):
        self.shorts = np.array([1, 2], dtype=np.uint16)
        self.singles = np.array([1, 2], dtype=np.float32)

    @kernel
    def run(self):
        total = 0.0
        for value in self.singles:
            total += value
        delay(total * us)


class GlobalConstants(Program):
    @kernel
    def run(self):
        delay(GAIN * us)
        for value in TIMES:
            delay(value * us)


class Properties(Program):
    height = 2.0

    @property
    def width(self):
        return 3.0

    @kernel
    def run(self):
        delay(self.width * self.height * us)


class NumpyFunctions(Program):
    @kernel
    def run(self):
        delay((2.0 + np.sin(np.pi / 4)) * us)


class AnnotatedResults(Program):
    @kernel
    def run(self):
        delay(self.measured() * us)
        for value in self.many():
            delay(value * us)
        first, second = self.pair()
        delay(first * us)
        self.nothing()

    def many(self) -> TList(TFloat):
        return [1.0]

    def pair(self) -> TTuple([TFloat, TInt32]):
        return 1.0, 2

    def nothing(self) -> TNone:
        pass


class FloatAnnotations(Program):
    @kernel
    def run(self):
        delay(self.ask() * us)
        for value in self.many():
            delay(value * us)

    def ask(self) -> float:
        return 1.0

    def many(self) -> list[float]:
        return [1.0]


class Exceptions(Program):
    @kernel
    def run(self):
        try:
            self.a.pulse(1 * us)
            if self.a.channel > 10:
                raise ValueError("no such channel")
        except RTIOUnderflow:
            self.core.break_realtime()
        except ValueError as error:
            self.b.on()
        finally:
            self.a.off()


class Assertion(Program):
    @kernel
    def run(self):
        assert self.a.channel > 0, "no"


class ObjectsInLists(Program):
    def build(self):
        self.lamps = [Lamp(self.a, 1.0), Lamp(self.b, 2.0)]

    @kernel
    def run(self):
        for lamp in self.lamps:
            lamp.flash()


class Texts(Program):
    def build(self):
        self.name = "a"

    @kernel
    def run(self):
        if self.name == "a":
            rtio_log("name", self.name + "b")


class IsNone(Program):
    def build(self):
        self.nothing = None

    @kernel
    def run(self):
        if self.nothing is None:
            self.a.on()


class LoopControl(Program):
    @kernel
    def run(self):
        for n in range(5):
            if n == 2:
                continue
            if n == 4:
                break
            self.a.pulse(1 * us)
        else:
            self.b.on()


class Datasets(Program):
    @kernel
    def run(self):
        self.set_dataset("x", 1.0, unit="ms", broadcast=True)
        self.append_to_dataset("y", 2)


class Dma(Program):
    @kernel
    def run(self):
        with self.dma.record("train"):
            self.a.pulse(1 * us)
        handle = self.dma.get_handle("train")
        self.core.break_realtime()
        self.dma.playback_handle(handle)


class Analog(Program):
    @kernel
    def run(self):
        self.dac.set_dac([1.0, 2.0], [0, 1])
        readings = [0.0] * 8
        self.adc.sample(readings)


class Counting(Program):
    @kernel
    def run(self):
        self.line.gate_rising(1 * us)
        count = self.line.count(now_mu())
        self.counter.gate_rising(1 * us)
        total = self.counter.fetch_count()


class InterleavedDelays(Program):
    @kernel
    def run(self):
        with interleave:
            delay(1 * us)
            delay(2 * us)


class Nested(Program):
    @kernel
    def run(self):
        with parallel:
            self.a.pulse(1 * us)
            with sequential:
                delay(1 * us)
                self.b.pulse(1 * us)


class HostErrorsCaught(Program):
    @kernel
    def run(self):
        try:
            self.measured()
        except ValueError:
            self.a.off()


class ScanPoints(Program):
    def build(self):
        self.points = [point for point in RangeScan(0, 1, 3)]

    @kernel
    def run(self):
        for point in self.points:
            delay(point * us)


class ScanSequence(Program):
    def build(self):
        self.points = RangeScan(0, 1, 3)

    @kernel
    def run(self):
        for point in self.points.sequence:
            delay(point * us)


class PauseAsked(Program):
    def build(self):
        self.scheduler = Scheduler()

    @kernel
    def run(self):
        while not self.scheduler.check_pause():
            self.a.pulse(1 * us)


class WideAttribute(Program):
    def build(self):
        self.start = np.int64(0)
        self.width = np.int64(100)

    @kernel
    def run(self):
        self.start = now_mu()
        delay_mu(self.width)
        at_mu(self.start + 100)


class WidenedAttribute(Program):
    def build(self):
        self.width = 100

    @kernel
    def run(self):
        delay_mu(int64(self.width))


class LocalCounts(Program):
    @kernel
    def run(self):
        width = 8
        delay_mu(width)
        for n in range(3):
            delay_mu(n)


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


# Corners.


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
