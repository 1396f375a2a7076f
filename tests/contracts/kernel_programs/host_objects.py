"""Objects of the host: instances of one class, and what a remote call does there."""

# ruff: noqa

from __future__ import annotations

from artiq.experiment import *
from .base import Lamp, Program


class Dimmer:
    def __init__(self, ttl):
        self.ttl = ttl
        self.level = 1

    @kernel
    def dim(self):
        delay(self.level * us)


class Bulb(Lamp):
    @kernel
    def glow(self):
        self.flash()


class UnlikeInstancesInList(Program):
    def build(self):
        self.lamps = [Lamp(self.a, 1), Lamp(self.b, 2.0)]

    @kernel
    def run(self):
        for lamp in self.lamps:
            lamp.flash()


class UnlikeInstancesAppended(Program):
    def build(self):
        self.lamps = [Lamp(self.a, 1)]
        self.lamps.append(Lamp(self.b, 2.0))

    @kernel
    def run(self):
        for lamp in self.lamps:
            lamp.flash()


class UnlikeInstancesComprehended(Program):
    def build(self):
        self.lamps = [Lamp(self.a, level) for level in (1.0, 2.0)]

    @kernel
    def run(self):
        for lamp in self.lamps:
            lamp.flash()


class UnlikeInstancesDeep(Program):
    def build(self):
        self.one = Lamp(self.a, 1)
        self.other = Lamp(self.b, 2.0)

    @kernel
    def run(self):
        self.first()
        self.second()

    @kernel
    def first(self):
        self.one.flash()

    @kernel
    def second(self):
        self.other.flash()


class UnlikeInstancesApart(Program):
    def build(self):
        self.one = Lamp(self.a, 1)
        self.other = Lamp(self.b, 2.0)

    @kernel
    def run(self):
        self.one.flash()

    @kernel
    def another(self):
        self.other.flash()


class UnlikeInstancesUnread(Program):
    def build(self):
        self.one = Lamp(self.a, 1)
        self.other = Lamp(self.b, 2.0)

    @kernel
    def run(self):
        self.one.ttl.on()
        self.other.ttl.on()


class UnlikeInstancesRead(Program):
    def build(self):
        self.one = Lamp(self.a, 1)
        self.other = Lamp(self.b, 2.0)

    @kernel
    def run(self):
        delay(self.one.level * us)
        self.other.ttl.on()


class UnlikeInstancesLater(Program):
    def build(self):
        self.one = Dimmer(self.a)
        self.other = Dimmer(self.b)
        self.other.level = 2.0

    @kernel
    def run(self):
        self.one.dim()
        self.other.dim()


class UnlikeInstancesInherited(Program):
    def build(self):
        self.one = Bulb(self.a, 1)
        self.other = Bulb(self.b, 2.0)

    @kernel
    def run(self):
        self.one.glow()
        self.other.glow()


class UnlikeInstancesOfTwoClasses(Program):
    def build(self):
        self.one = Lamp(self.a, 1)
        self.other = Bulb(self.b, 2.0)

    @kernel
    def run(self):
        self.one.flash()
        self.other.glow()


class UnlikeDevicesInInstances(Program):
    def build(self):
        self.one = Lamp(self.a, 1.0)
        self.other = Lamp(self.line, 2.0)

    @kernel
    def run(self):
        self.one.flash()
        self.other.flash()


class RemoteBody(Program):
    @kernel
    def run(self):
        for value in self.nothing():
            delay(value * us)
        self.stored(1)

    def nothing(self) -> TList(TInt32):
        def inner():
            return {}

        inner()
        return []

    @rpc(flags={"async"})
    def stored(self, value):
        self.deeper(f"{value}")

    def deeper(self, text):
        yield {text: [n for n in range(3) if n]}


class RemoteInside(Program):
    @kernel
    def run(self):
        @rpc
        def inner() -> TInt32:
            return len({})

        delay(inner() * us)


class RemoteInsideUndecorated(Program):
    @kernel
    def run(self):
        def inner():
            x = {}

        inner()
