"""Loading: each relocation by what the code then does, and every refusal."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("unicorn")
pytest.importorskip("elftools")

from sim_backend.kasli import runtime
from sim_backend.kasli.library import JUMP_SLOT, WORD, Library, LoadError
from sim_backend.kasli.linking import UnlinkableError, link
from sim_backend.kasli.memory import LAST, PAYLOAD, Memory
from tests.kasli import bench

SOURCE = """
@number = global i32 40
@zeros = global [3 x i32] zeroinitializer
@pointer = global ptr @number
@outside = global ptr @memcpy
declare ptr @memcpy(ptr, ptr, i32)
define i32 @own(i32 %a) noinline {
  %r = add i32 %a, 1
  ret i32 %r
}
define i32 @called(i32 %a) {
  %r = call i32 @own(i32 %a)
  ret i32 %r
}
define i32 @by_table() {
  %v = load i32, ptr @number
  ret i32 %v
}
define i32 @by_pointer() {
  %p = load ptr, ptr @pointer
  %v = load i32, ptr %p
  ret i32 %v
}
define i32 @copied() {
  %f = load ptr, ptr @outside
  %r = call ptr %f(ptr @zeros, ptr @number, i32 4)
  %v = load i32, ptr @zeros
  ret i32 %v
}
define double @constant(i32 %a) {
  %f = sitofp i32 %a to double
  %r = fmul double %f, 0x3FF199999999999A
  ret double %r
}
"""
DATA = runtime.compiled(bench.HEAD + SOURCE)


@pytest.fixture
def machine():
    return bench.machine()


@pytest.mark.parametrize(
    ("name", "argument", "expected"),
    [("called", 41, 42), ("by_table", 0, 40), ("by_pointer", 0, 40), ("copied", 0, 40)],
)
def test_what_a_library_refers_to(machine, name, argument, expected):
    assert bench.call(machine, machine.load(DATA), name, argument) == expected


def test_a_constant_of_its_own(machine):
    library = machine.load(DATA)
    bench.call(machine, library, "constant", 10)
    assert machine.get_double(10) == 11.0


def test_a_second_library_takes_the_place_of_the_first(machine):
    for _ in range(2):
        library = machine.load(DATA)
        assert machine.memory.read(library.symbols["zeros"], 12) == bytes(12)
        assert bench.call(machine, library, "copied") == 40
    other = runtime.compiled(bench.HEAD + "define i32 @copied() { ret i32 3 }")
    assert bench.call(machine, machine.load(other), "copied") == 3


def test_a_jump_slot_is_a_word(machine):
    changed = bytearray(DATA)
    at = changed.index(struct.pack("<i", 0), _relocation(changed, WORD) + 8) - 4
    assert changed[at] == WORD
    changed[at] = JUMP_SLOT
    assert bench.call(machine, machine.load(bytes(changed)), "copied") == 40


def _relocation(data, kind):
    """Return where the first relocation of a kind stands in the file."""
    start, size = (_tag(data, tag) for tag in (7, 8))
    entries = range(start, start + size, 12)
    return next(at for at in entries if data[at + 4] == kind)


def _tag(data, wanted):
    (at,) = struct.unpack_from("<I", data, 52 + 32 + 4)
    while True:
        tag, value = struct.unpack_from("<II", data, at)
        if tag == wanted:
            return value
        at += 8


def patched(at, form, value):
    data = bytearray(DATA)
    struct.pack_into(form, data, at, value)
    return bytes(data)


def test_unknown_relocations_are_refused(machine):
    at = _relocation(DATA, WORD) + 4
    with pytest.raises(LoadError, match="unsupported relocation type"):
        machine.load(patched(at, "<B", 2))


def test_a_relocation_outside_is_refused(machine):
    at = _relocation(DATA, WORD)
    with pytest.raises(LoadError, match="out of image bounds"):
        machine.load(patched(at, "<I", 0x100000))


def test_what_nobody_defines_is_named(machine):
    source = "declare void @fly()\ndefine void @f() { call void @fly() ret void }"
    with pytest.raises(LoadError, match="symbol lookup error: fly"):
        bench.load(machine, source)


def test_state_of_the_runtime_is_no_kernels(machine):
    source = "@_counter = external global i64\n@x = global ptr @_counter"
    with pytest.raises(LoadError, match="symbol lookup error: _counter"):
        bench.load(machine, source)


@pytest.mark.parametrize(
    ("at", "form", "value", "reason"),
    [
        (0, "<B", 0, "not a shared library"),
        (4, "<B", 2, "not a shared library"),
        (16, "<H", 2, "not a shared library"),
        (18, "<H", 0x28, "not a shared library"),
        (36, "<I", 0, "wrong floating point ABI"),
        (52 + 8, "<I", LAST, "out of bounds load"),
        (52 + 16, "<I", 1 << 20, "out of bounds load"),
        (52 + 32, "<I", 6, "cannot find a dynamic header"),
    ],
)
def test_other_files_are_refused(machine, at, form, value, reason):
    with pytest.raises(LoadError, match=reason):
        machine.load(patched(at, form, value))


MEMORY = Memory()


@settings(max_examples=300)
@given(
    cut=st.integers(0, len(DATA)),
    changes=st.lists(st.tuples(st.integers(0, len(DATA) - 1), st.integers(0, 255))),
)
def test_whatever_comes_is_loaded_or_refused(cut, changes):
    data = bytearray(DATA)
    for at, value in changes:
        data[at] = value
    for whole in (bytes(data), bytes(data[:cut])):
        try:
            Library(whole, PAYLOAD, MEMORY, {"memcpy": PAYLOAD}.get)
        except LoadError:
            continue


def test_what_cannot_be_linked_is_named():
    with pytest.raises(UnlinkableError, match="relocation 1 of memcpy"):
        runtime.compiled(
            bench.HEAD + "declare void @memcpy()\n"
            "@x = global ptr getelementptr (i8, ptr @memcpy, i32 4)"
        )
    with pytest.raises(Exception, match="[Mm]agic"):
        link(b"no object")
