"""Formats of kernels' texts, with arguments in registers and on the stack."""

from __future__ import annotations

import struct

import pytest

from sim_backend.kasli.memory import RAM, Memory
from sim_backend.kasli.printing import formatted

FORM, TEXT, STACK = RAM + 0x100, RAM + 0x200, RAM + 0x1000


def words(*values):
    """Return the words of arguments as a caller passes them, pairs aligned."""
    found = []
    for value in values:
        if isinstance(value, float) or abs(value) >= 2**32:
            form = "<d" if isinstance(value, float) else "<q"
            # The format is in a0: pairs begin at a2, the second word here.
            found += [0] * ((len(found) + 1) % 2)
            found += struct.unpack("<II", struct.pack(form, value))
        else:
            found.append(value & 0xFFFFFFFF)
    return found


@pytest.mark.parametrize(
    ("form", "values", "expected"),
    [
        ("no more", (), "no more"),
        ("100%% of %d", (-3,), "100% of -3"),
        ("%u %x", (-1, 255), "4294967295 ff"),
        ("%d %g", (1, 2.5), "1 2.5"),
        ("%g %d", (2.5, 1), "2.5 1"),
        ("%lld|%d", (-(2**40), 5), f"{-(2**40)}|5"),
        ("%.*s!", (3, TEXT), "abc!"),
        ("%s", (TEXT,), "abcd"),
        ("%c%c", (72, 105), "Hi"),
        ("%d %d %d %d %d %d %d %d %g", (*range(8), 0.5), "0 1 2 3 4 5 6 7 0.5"),
        ("%5d|%-5d|%05d|%.2f", (1, 2, 3, 1.0), "    1|2    |00003|1.00"),
        ("%q", (), "%q"),
    ],
)
def test_formats(form, values, expected):
    memory = Memory()
    memory.write(FORM, form.encode() + b"\0")
    memory.write(TEXT, b"abcd\0")
    given = words(*values)
    registers = [*given[:7], *[0] * 7][:7]
    for number, word in enumerate(given[7:]):
        memory.pack("<I", STACK + 4 * number, word)
    assert formatted(memory, FORM, registers, STACK) == expected
