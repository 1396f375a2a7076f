"""Refused, as the table of section 3.9 says: containers, builtins, variadics."""

# ruff: noqa

from __future__ import annotations

from artiq.experiment import *
from .base import Lamp, Program, TABLE, TIMES, twice


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
