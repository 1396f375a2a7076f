"""Empty lists, whose type the compiler takes from elsewhere or not at all."""

# ruff: noqa

from __future__ import annotations

from artiq.experiment import *
from .base import Program


class EmptyListProgram(Program):
    def build(self):
        self.values = [1]

    def get_empty(self) -> TList(TInt32):
        return []

    def take(self, values):
        pass

    @kernel
    def total(self, values):
        result = 0
        for value in values:
            result += value
        return result

    @kernel
    def count(self, values):
        return len(values)

    @kernel
    def typed(self, values: TList(TInt32)):
        return len(values)

    @kernel
    def run(self):
        if self.get_empty() != []:
            raise ValueError


class EmptyListCompared(EmptyListProgram):
    @kernel
    def run(self):
        values = self.get_empty()
        if values == [] or [] == values:
            self.a.on()


class EmptyListComparedWithAnother(EmptyListProgram):
    @kernel
    def run(self):
        if [] == []:
            self.a.on()


class EmptyListThenFull(EmptyListProgram):
    @kernel
    def run(self):
        values = []
        values = [1, 2]
        delay(values[0] * us)


class EmptyListFilledOnOnePath(EmptyListProgram):
    @kernel
    def run(self):
        values = []
        if self.a.channel > 3:
            values = [1, 2]
        self.total(values)


class EmptyListAdded(EmptyListProgram):
    @kernel
    def run(self):
        values = [] + [1]
        delay(values[0] * us)


class EmptyListPassed(EmptyListProgram):
    @kernel
    def run(self):
        self.total([])


class EmptyListCounted(EmptyListProgram):
    @kernel
    def run(self):
        self.count([])


class EmptyListPassedTyped(EmptyListProgram):
    @kernel
    def run(self):
        self.typed([])


class EmptyListByNameTyped(EmptyListProgram):
    @kernel
    def run(self):
        values = []
        self.typed(values)


class EmptyListToRpc(EmptyListProgram):
    @kernel
    def run(self):
        self.take([])


class EmptyListIterated(EmptyListProgram):
    @kernel
    def run(self):
        for value in []:
            self.a.on()


class EmptyListNeverUsed(EmptyListProgram):
    @kernel
    def run(self):
        values = []


class EmptyListInList(EmptyListProgram):
    @kernel
    def run(self):
        values = [[], [1]]
        self.total(values[1])


class EmptyListChosen(EmptyListProgram):
    @kernel
    def run(self):
        values = [] if self.a.channel > 3 else [1]
        self.total(values)


class EmptyListIntoAttribute(EmptyListProgram):
    @kernel
    def run(self):
        self.values = []


class EmptyListReturned(EmptyListProgram):
    @kernel
    def run(self):
        self.nothing()

    @kernel
    def nothing(self):
        return []
