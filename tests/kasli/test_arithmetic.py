"""The CPU and its runtime against the RISC-V specification, chapters M and D."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("unicorn")
pytest.importorskip("elftools")

from sim_backend.kasli.machine import A0, A1
from sim_backend.kasli.memory import PAYLOAD
from tests.kasli import bench

RETURN = 0x8067
MOST, LEAST = 2**31 - 1, -(2**31)
WORDS = st.one_of(
    st.integers(LEAST, MOST), st.sampled_from([0, 1, -1, MOST, LEAST, 31, 32])
)
LONGS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    WORDS,
    st.sampled_from([2**63 - 1, -(2**63), 2**32, -(2**32), 2**53 + 1]),
)
DOUBLES = st.one_of(
    st.floats(), st.integers(-(2**33), 2**33).map(lambda n: n / 2),
    st.sampled_from([-0.0, 2.0**31, -(2.0**31) - 1, 2.0**32, 2.0**63, -(2.0**63)]),
)  # fmt: skip


def signed(value, bits=32):
    value &= (1 << bits) - 1
    return value - (value >> (bits - 1) << bits)


def quotient(a, b):
    """Return the quotient towards zero."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def unsigned(a):
    return a & 0xFFFFFFFF


#: Name: (funct7, funct3), and what the specification says of two signed words.
OPERATIONS = {
    "add": (0, 0, lambda a, b: a + b),
    "sub": (32, 0, lambda a, b: a - b),
    "sll": (0, 1, lambda a, b: a << (b & 31)),
    "slt": (0, 2, lambda a, b: a < b),
    "sltu": (0, 3, lambda a, b: unsigned(a) < unsigned(b)),
    "srl": (0, 5, lambda a, b: unsigned(a) >> (b & 31)),
    "sra": (32, 5, lambda a, b: a >> (b & 31)),
    "mul": (1, 0, lambda a, b: a * b),
    "mulh": (1, 1, lambda a, b: a * b >> 32),
    "mulhsu": (1, 2, lambda a, b: a * unsigned(b) >> 32),
    "mulhu": (1, 3, lambda a, b: unsigned(a) * unsigned(b) >> 32),
    "div": (1, 4, lambda a, b: quotient(a, b) if b else -1),
    "divu": (1, 5, lambda a, b: unsigned(a) // unsigned(b) if b else -1),
    "rem": (1, 6, lambda a, b: a - b * quotient(a, b) if b else a),
    "remu": (1, 7, lambda a, b: unsigned(a) % unsigned(b) if b else a),
}


@pytest.fixture(scope="module")
def machine():
    return bench.machine()


def execute(machine, word, *arguments):
    """Run one instruction on a0 and a1; return a0, signed."""
    machine.memory.pack("<II", PAYLOAD, word, RETURN)
    machine._cpu.ctl_flush_tb()
    machine.run(PAYLOAD, *arguments)
    return signed(machine.get(A0)[0])


@pytest.mark.parametrize("name", OPERATIONS)
@settings(max_examples=60)
@given(a=WORDS, b=WORDS)
def test_integers(machine, name, a, b):
    funct7, funct3, meaning = OPERATIONS[name]
    word = funct7 << 25 | A1 << 20 | A0 << 15 | funct3 << 12 | A0 << 7 | 0x33
    assert execute(machine, word, a, b) == signed(meaning(a, b))


def saturated(x, least, most):
    """Return x rounded to zero and clipped; not a number is the largest."""
    return most if math.isnan(x) else int(min(max(x, least), most))


@pytest.mark.parametrize(
    ("select", "least", "most"), [(0, LEAST, MOST), (1, 0, 2**32 - 1)]
)
@settings(max_examples=100)
@given(x=DOUBLES)
def test_doubles_become_words(machine, select, least, most, x):
    machine.set_double(A0, x)
    word = 0x61 << 25 | select << 20 | A0 << 15 | 1 << 12 | A0 << 7 | 0x53
    assert execute(machine, word) == signed(saturated(x, least, most))


def divided(x, y):
    if y == 0 or math.isnan(x) or math.isnan(y):
        infinite = x and not math.isnan(x) and not math.isnan(y)
        return (
            math.copysign(math.inf, x) * math.copysign(1, y) if infinite else math.nan
        )
    try:
        return x / y
    except OverflowError:
        return math.copysign(math.inf, x) * math.copysign(1, y)


def least(x, y):
    """Return the smaller one; -0 is smaller than 0, and a number than none."""
    if math.isnan(x) or math.isnan(y):
        return y if math.isnan(x) else x
    return min(x, y, key=lambda value: (value, math.copysign(1, value)))


FLOATS = {"fdiv": (0x0D, 7, divided), "fmin": (0x15, 0, least)}


@pytest.mark.parametrize("name", FLOATS)
@settings(max_examples=100)
@given(x=DOUBLES, y=DOUBLES)
def test_doubles(machine, name, x, y):
    funct7, rounding, meaning = FLOATS[name]
    machine.set_double(A0, x)
    machine.set_double(A1, y)
    execute(
        machine, funct7 << 25 | A1 << 20 | A0 << 15 | rounding << 12 | A0 << 7 | 0x53
    )
    found, expected = machine.get_double(A0), meaning(x, y)
    assert struct.pack("<d", found) == struct.pack("<d", expected) or (
        math.isnan(found) and math.isnan(expected)
    )


# The runtime.


def pair(value):
    return value & 0xFFFFFFFF, value >> 32 & 0xFFFFFFFF


def runtime(machine, name, *arguments):
    machine.run(machine.runtime.symbols[name], *arguments)
    low, high = machine.get(A0, A1)
    return signed(high << 32 | low, 64)


DIVISIONS = {
    "__divdi3": (quotient, False),
    "__moddi3": (lambda a, b: a - b * quotient(a, b), False),
    "__udivdi3": (lambda a, b: a // b, True),
    "__umoddi3": (lambda a, b: a % b, True),
}


@pytest.mark.parametrize("name", DIVISIONS)
@settings(max_examples=100)
@given(a=LONGS, b=LONGS.filter(bool))
def test_long_division(machine, name, a, b):
    meaning, without_sign = DIVISIONS[name]
    mask = 2**64 - 1
    expected = meaning(a & mask, b & mask) if without_sign else meaning(a, b)
    assert runtime(machine, name, *pair(a), *pair(b)) == signed(expected, 64)


@settings(max_examples=200)
@given(n=LONGS)
def test_longs_become_doubles(machine, n):
    machine.run(machine.runtime.symbols["__floatdidf"], *pair(n))
    assert machine.get_double(A0) == float(n)


@settings(max_examples=200)
@given(x=DOUBLES)
def test_doubles_become_longs(machine, x):
    machine.set_double(A0, x)
    clipped = 0 if math.isnan(x) else saturated(x, -(2**63), 2**63 - 1)
    assert runtime(machine, "__fixdfdi") == clipped


@settings(max_examples=100)
@given(x=st.floats(0.5, 2), n=st.integers(-40, 40))
def test_powers(machine, x, n):
    machine.set_double(A0, x)
    machine.run(machine.runtime.symbols["__powidf2"], n)
    assert machine.get_double(A0) == pytest.approx(x**n, rel=1e-13)


@settings(max_examples=100)
@given(data=st.binary(min_size=1, max_size=40), shift=st.integers(-20, 20))
def test_blocks_that_overlap(machine, data, shift):
    start = PAYLOAD + 4096
    machine.memory.write(start, data)
    symbols = machine.runtime.symbols
    machine.run(symbols["memmove"], start + shift, start, len(data))
    assert machine.memory.read(start + shift, len(data)) == data
    machine.run(symbols["memset"], start, 7, len(data))
    assert machine.memory.read(start, len(data)) == bytes([7]) * len(data)


@given(a=st.binary(min_size=4, max_size=4), b=st.binary(min_size=4, max_size=4))
def test_blocks_compare_as_bytes(machine, a, b):
    machine.memory.write(PAYLOAD + 4096, a + b)
    machine.run(machine.runtime.symbols["memcmp"], PAYLOAD + 4096, PAYLOAD + 4100, 4)
    found = signed(machine.get(A0)[0])
    assert (found > 0) - (found < 0) == (a > b) - (a < b)
