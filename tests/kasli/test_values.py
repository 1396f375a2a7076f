"""Values cross to the device and back unchanged, whatever they are made of."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_backend.kasli import values
from sim_backend.kasli.memory import RAM, RAM_SIZE, Memory, MemoryAccessError

MEMORY = Memory()
SLOT, HEAP = RAM + 0x1000, RAM + 0x10000
FORMS = {"b": "<?", "i": "<i", "I": "<q", "f": "<d"}
SIMPLE = {
    "b": st.booleans(), "i": st.integers(-(2**31), 2**31 - 1),
    "I": st.integers(-(2**63), 2**63 - 1), "f": st.floats(allow_nan=False),
}  # fmt: skip
TEXTS = {"s": st.text(max_size=5).map(str.encode), "B": st.binary(max_size=5)}


@st.composite
def typed(draw, depth=3):
    """Draw the text of a type, and what draws its values."""
    leaves = {**SIMPLE, **TEXTS, "n": st.none()}
    letter = draw(st.sampled_from([*leaves, *("ltar" if depth else "")]))
    if letter in leaves:
        return letter.encode(), leaves[letter]
    if letter == "r":
        kind = draw(st.sampled_from("iI"))
        return b"r" + kind.encode(), st.tuples(*[SIMPLE[kind]] * 3)
    if letter == "t":
        parts = draw(st.lists(typed(depth - 1), min_size=1, max_size=3))
        text = bytes([len(parts)]) + b"".join(one for one, _ in parts)
        return b"t" + text, st.tuples(*(made for _, made in parts))
    text, made = draw(typed(depth - 1))
    if letter == "l":
        return b"l" + text, st.lists(made, max_size=4)
    shape = draw(st.lists(st.integers(0, 2), min_size=1, max_size=2))
    count = math.prod(shape)
    items = st.lists(made, min_size=count, max_size=count)
    return bytes([97, len(shape)]) + text, items.map(lambda given: (shape, given))


@st.composite
def examples(draw):
    text, made = draw(typed())
    return text, draw(made)


def coded(kind, value, *, tags):
    """Return a value as it travels; the device's side marks items with types."""
    out = kind.letter.encode() if tags else b""
    return out + _body(kind, value, tags)


def _body(kind, value, tags):
    if kind.letter in FORMS:
        return struct.pack(FORMS[kind.letter], value)
    if kind.letter in "sB":
        return struct.pack("<i", len(value)) + value
    if kind.letter == "n":
        return b""
    if kind.letter in "tr":
        parts = kind.parts if kind.letter == "t" else kind.parts * 3
        head = bytes([len(parts)]) if tags and kind.letter == "t" else b""
        pairs = zip(parts, value, strict=True)
        return head + b"".join(coded(*pair, tags=tags) for pair in pairs)
    (item,) = kind.parts
    if kind.letter == "l":
        shape, items, head = [len(value)], value, b""
    else:
        (shape, items), head = value, bytes([kind.dims]) if tags else b""
    out = head + struct.pack(f"<{len(shape)}i", *shape)
    out += item.letter.encode() if tags else b""
    marked = tags and item.letter not in FORMS
    return out + b"".join(coded(item, one, tags=marked) for one in items)


class Reader:
    def __init__(self, data):
        self.data = data

    def take(self, count):
        assert count <= len(self.data), "the device waits for more than there is"
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def int32(self):
        return struct.unpack("<i", self.take(4))[0]


def receive(data, kind):
    """Store what the host sends, in memory that is given as the kernel gives it."""
    reader, top = Reader(data), HEAP
    receiving, address = values.receive(MEMORY, reader, kind, SLOT), None
    while True:
        try:
            needed = receiving.send(address)
        except StopIteration:
            return reader.data
        assert needed > 0
        address, top = top, top + -(-needed // 16) * 16


@given(examples())
def test_what_the_host_sends_comes_back(example):
    text, value = example
    kind = values.signature(b":" + text).result
    assert receive(coded(kind, value, tags=False), kind) == b""
    sent = values.request(MEMORY, 7, text + b":n", [SLOT])
    expected = struct.pack("<I", 7) + coded(kind, value, tags=True)
    assert sent == expected + b"\0" + struct.pack("<i", 1) + b"n"


def test_an_object_is_its_number_and_a_keyword_its_name():
    MEMORY.pack("<II", SLOT, HEAP, 3)
    MEMORY.pack("<I", HEAP, 12)
    assert values.request(MEMORY, 0, b"O:n", [SLOT])[4:9] == b"O" + struct.pack(
        "<i", 12
    )
    MEMORY.write(HEAP, b"abc")
    MEMORY.pack("<i", SLOT + 8, 5)
    sent = values.request(MEMORY, 0, b"ki:n", [SLOT])[4:]
    assert sent[:13] == b"k" + struct.pack("<i", 3) + b"abc" + b"i" + struct.pack(
        "<i", 5
    )


@pytest.mark.parametrize("text", [b"", b"i", b"t:n", b"l:n", b"x:n", b"a\2:n", b":"])
def test_types_that_are_none(text):
    with pytest.raises(ValueError, match="type"):
        values.signature(text)


@pytest.mark.parametrize("data", [0, RAM - 1, RAM + RAM_SIZE - 2, 0xFFFFFFFF])
def test_addresses_outside_the_memory(data):
    MEMORY.pack("<Ii", SLOT, data, 4)
    with pytest.raises(MemoryAccessError, match=f"{data:#010x}"):
        values.request(MEMORY, 0, b"s:n", [SLOT])


@pytest.mark.parametrize("length", [-1, 2**31 - 1])
@pytest.mark.parametrize("letter", [b"s", b"li"])
def test_lengths_that_have_no_room_are_not_waited_for(letter, length):
    kind = values.signature(b":" + letter).result
    with pytest.raises(MemoryAccessError if length > 0 else ValueError):
        receive(struct.pack("<i", length), kind)
