"""PYON: texts as sipyco 1.10 wrote them, round trips, and hostile texts."""

from __future__ import annotations

import os
from collections import OrderedDict
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sipyco import pyon, pyon_v1

from sim_backend.host import is_embedded

# value, version 2, version 1: printed by sipyco 1.10
TEXTS = [
    (None, "null", "null"),
    (True, "true", "true"),
    (1.5, "1.5", "1.5"),
    ('a"é', r'"a\"\u00e9"', r'"a\"\u00e9"'),
    (b"ab", '{"__jsonclass__":["bytes",["YWI="]]}', "b'ab'"),
    (1 + 2j, '{"__jsonclass__":["complex",[1.0,2.0]]}', "(1+2j)"),
    (
        (1, (2,), []),
        '{"__jsonclass__":["tuple",[[1,{"__jsonclass__":["tuple",[[2]]]},[]]]]}',
        "(1, (2, ), [])",
    ),
    (
        {1: 2, "a": (3,)},
        '{"__jsonclass__":["dict",[[[1,2],["a",{"__jsonclass__":["tuple",[[3]]]}]]]]}',
        '{1: 2, "a": (3, )}',
    ),
    ({"a": 1}, '{"a":1}', '{"a": 1}'),
    ({1}, '{"__jsonclass__":["set",[[1]]]}', "{1}"),
    (
        slice(1, None, 2),
        '{"__jsonclass__":["slice",[1,null,2]]}',
        "slice(1, None, 2)",
    ),
    (
        Fraction(1, 3),
        '{"__jsonclass__":["Fraction",[1,3]]}',
        "Fraction(1, 3)",
    ),
    (
        np.int32(3),
        '{"__jsonclass__":["npscalar",["<i4","AwAAAA=="]]}',
        'npscalar("<i4", b"AwAAAA==")',
    ),
    (
        np.float32(1.5),
        '{"__jsonclass__":["npscalar",["<f4","AADAPw=="]]}',
        'npscalar("<f4", b"AADAPw==")',
    ),
]


@pytest.mark.parametrize(("value", "second", "first"), TEXTS)
def test_texts_are_sipycos(value, second, first):
    assert pyon.encode(value) == second
    for decoded in (pyon.decode(second), pyon_v1.decode(first)):
        assert decoded == value
        assert type(decoded) is type(value)


def test_arrays_are_sipycos():
    value = np.arange(6, dtype=np.uint16).reshape(2, 3)
    text = '{"__jsonclass__":["nparray",[[2,3],"<u2","AAABAAIAAwAEAAUA"]]}'
    assert pyon.encode(value) == text
    for decoded in (
        pyon.decode(text),
        pyon_v1.decode('nparray((2, 3), "<u2", b"AAABAAIAAwAEAAUA")'),
    ):
        assert decoded.dtype == value.dtype
        np.testing.assert_array_equal(decoded, value)
        decoded[0, 0] = 9  # it is the caller's own


numbers = (
    st.integers() | st.floats(allow_nan=False) | st.complex_numbers(allow_nan=False)
)
finite = st.floats(allow_nan=False, allow_infinity=False)
leaves = st.none() | st.booleans() | numbers | st.text() | st.binary()
keys = st.text().filter(lambda key: key != "__jsonclass__")
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(keys, inner),
        st.dictionaries(st.integers() | st.text(), inner),
        st.sets(st.integers() | st.text()),
    ),
    max_leaves=10,
)


@given(values)
def test_round_trip(value):
    decoded = pyon.decode(pyon.encode(value))
    assert decoded == value
    assert repr(type(decoded)) == repr(type(value))


# Times are left out: sipyco cannot write them.
dtypes = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(),
    hnp.unsigned_integer_dtypes(),
    hnp.floating_dtypes(),
    hnp.complex_number_dtypes(),
    hnp.unicode_string_dtypes(),
    hnp.byte_string_dtypes(),
)


@given(hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, min_side=0)))
def test_arrays_round_trip(value):
    decoded = pyon.decode(pyon.encode(value))
    assert decoded.dtype == value.dtype
    assert decoded.shape == value.shape
    assert decoded.tobytes() == value.tobytes()


literals = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | st.text(),
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(st.integers(), inner),
    ),
    max_leaves=8,
)


@given(literals)
def test_version_1_reads_python_literals(value):
    assert pyon_v1.decode(repr(value)) == value


def test_version_1_keeps_the_order_of_its_dictionaries():
    decoded = pyon_v1.decode('OrderedDict([("b", 1), ("a", -inf)])')
    assert decoded == OrderedDict([("b", 1), ("a", -np.inf)])
    assert np.isnan(pyon_v1.decode("nan"))


HOSTILE = [
    "__import__('os').system('touch owned')",
    "open('owned', 'w')",
    "().__class__.__bases__[0].__subclasses__()",
    "[x for x in (1, 2)]",
    "(lambda: 1)()",
    "f'{1}'",
    "slice(1, 2, step=3)",
    "Fraction.from_float(0.5)",
    "2 ** 100000",
    "1 + 1",
    "-true",
    "{**{}}",
    "x",
    "...",
    "(" * 100000,
    "-" * 100000 + "1",
    "1 if 1 else 2",
    "nparray((2, ), 'O', b'')",
    "",
]


@pytest.mark.skipif(not is_embedded("sipyco"), reason="sipyco evaluates version 1")
@pytest.mark.parametrize("text", HOSTILE)
def test_version_1_is_parsed_not_evaluated(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError):
        pyon_v1.decode(text)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "value", [object(), np.array([object()]), np.longdouble(1), {"x": [print]}]
)
def test_what_cannot_be_written(value):
    with pytest.raises(TypeError):
        pyon.encode(value)


def test_unknown_marks_are_refused():
    with pytest.raises(TypeError, match="burger"):
        pyon.decode('{"__jsonclass__": ["burger", []]}')


def test_files(tmp_path):
    path = tmp_path / "value.pyon"
    pyon.store_file(path, {"a": (1, 2)})
    assert pyon.load_file(path) == {"a": (1, 2)}
    pyon.store_file(path, 3)
    assert [p.name for p in tmp_path.iterdir()] == ["value.pyon"]
    path.write_text("(1, null)\n")
    assert pyon_v1.load_file(path) == (1, None)


def test_a_file_is_on_the_disk_before_it_takes_the_old_ones_place(
    tmp_path, monkeypatch
):
    """Else a power cut could leave it empty, and the old one is gone: run numbers."""
    synced = []
    sync = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda handle: (synced.append(os.fstat(handle)), sync(handle))
    )
    pyon.store_file(tmp_path / "last_rid.pyon", 3)
    stored = (tmp_path / "last_rid.pyon").stat()
    assert [(each.st_ino, each.st_size) for each in synced] == [
        (stored.st_ino, stored.st_size)
    ]
