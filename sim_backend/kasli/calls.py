"""Calls of kernels into Python, by the calling convention ilp32d.

Reference: riscv-elf-psabi, "Calling Conventions". Arguments and results are letters:
i word, u unsigned word or pointer, I long, f double, b bool, s text {pointer, length},
v nothing; ``*`` alone is a format with what belongs to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .exceptions import Exceptions, RaisedError
from .machine import A0, A1, RA, SP, Handler, Machine
from .printing import formatted

#: Registers for arguments, integers as doubles: a0 to a7, fa0 to fa7.
_ARGUMENTS = range(A0, A0 + 8)


class Call(NamedTuple):
    """What Python does for a kernel: letters of result and arguments, a function."""

    result: str
    arguments: str
    function: Callable[..., Any]


def handler(machine: Machine, exceptions: Exceptions, call: Call) -> Handler:
    """Return what the machine does at a call: it comes back, or at a landing pad."""
    take = _formatted if call.arguments == "*" else _takers(call.arguments)

    def handle() -> int:
        back, *words = machine.get(RA, *_ARGUMENTS)
        try:
            result = call.function(*take(machine, words))
        except RaisedError as error:
            return exceptions.raise_new(error)
        _give(machine, call.result, result)
        return back

    return handle


def _formatted(machine: Machine, words: list[int]) -> list[Any]:
    (stack,) = machine.get(SP)
    return [formatted(machine.memory, words[0], words[1:], stack)]


def _takers(letters: str) -> Callable[[Machine, list[int]], list[Any]]:
    """Return what finds the arguments in the registers."""
    plan, number, double = [], 0, A0
    for letter in letters:
        plan.append((letter, double if letter == "f" else number))
        if letter == "f":
            double += 1
        else:
            number += 2 if letter in "Is" else 1

    def take(machine: Machine, words: list[int]) -> list[Any]:
        return [_taken(machine, words, letter, at) for letter, at in plan]

    return take


def _taken(machine: Machine, words: list[int], letter: str, at: int) -> Any:
    if letter == "f":
        return machine.get_double(at)
    word = words[at]
    if letter == "I":
        value = word | words[at + 1] << 32
        return value - (value >> 63 << 64)
    if letter == "s":
        return machine.memory.read(word, words[at + 1])
    if letter == "i":
        return word - (word >> 31 << 32)
    return bool(word & 1) if letter == "b" else word


def _give(machine: Machine, letter: str, result: Any) -> None:
    if letter == "f":
        machine.set_double(A0, result)
    elif letter == "I":
        machine.set(A0, result)
        machine.set(A1, result >> 32)
    elif letter != "v":
        machine.set(A0, int(result))
