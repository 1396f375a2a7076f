"""Refused, as the table says: types, results, decorators."""

# ruff: noqa

from __future__ import annotations

import numpy as np
from artiq.experiment import *
from artiq.language import core as language
from .base import Lamp, Program, TIMES, on_the_host


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
