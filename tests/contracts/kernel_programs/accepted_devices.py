"""What the table calls accepted: devices, control flow, attributes."""

# ruff: noqa

from __future__ import annotations

import numpy as np
from artiq.experiment import *
from numpy import int64
from .base import GAIN, Lamp, Program, TIMES, pulse
from .refused_types import Scheduler


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
