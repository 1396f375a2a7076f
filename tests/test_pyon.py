"""Reading PYON of both versions: values come back, hostile text is refused."""

from __future__ import annotations

import json
from collections import OrderedDict
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccqed_ctrl import pyon

# As `sipyco` 1.10 (version 2) and ARTIQ 8 (version 1) wrote them.
V2 = (
    '{"rid":3,"scan":{"__jsonclass__":["tuple",[[1,2.5]]]},'
    '"x":{"__jsonclass__":["nparray",[[2],"<i8","AQAAAAAAAAACAAAAAAAAAA=="]]}}'
)
V1 = (
    '{"rid": 3, "scan": (1, 2.5), "x": nparray((2,), "<i8", '
    'b"AQAAAAAAAAACAAAAAAAAAA=="), "log": null, "z": 1-2j}'
)


@pytest.mark.parametrize("text", [V1, V2])
def test_either_version_is_recognised(text):
    found = pyon.decode(text)
    assert found["rid"] == 3
    assert found["scan"] == (1, 2.5)
    np.testing.assert_array_equal(found["x"], [1, 2])
    assert found["x"].dtype == np.int64


def test_version_1_names_and_calls():
    found = pyon.decode(
        'OrderedDict([("a", -inf), ("b", Fraction(1, 3)), ("c", true)])'
    )
    assert found == OrderedDict([("a", -np.inf), ("b", Fraction(1, 3)), ("c", True)])


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_json_is_version_2(value):
    assert pyon.decode(json.dumps(value)) == value


def marked(name, *arguments):
    return json.dumps({pyon.MARK: [name, list(arguments)]})


HOSTILE = {
    "evaluation": "__import__('os').system('touch owned')",
    "attributes": "().__class__",
    "an address as array": marked("nparray", [1], "O", "QUFBQUFBQUE="),
    "an address in a structure": marked("nparray", [1], "i8,O", "QUFB" * 6),
    "an address as scalar": marked("npscalar", "O", "QUFBQUFBQUE="),
    "an address, version 1": "nparray((1,), 'O', b'QUFBQUFBQUE=')",
    "a huge array": marked("nparray", [10**15], "<f8", "AAAAAAAAAAA="),
    "unknown mark": marked("burger"),
    "a mark without arguments": '{"__jsonclass__": 3}',
    "zero denominator": marked("Fraction", 1, 0),
    "zero denominator, version 1": "Fraction(1, 0)",
    "a gigantic Fraction": marked("Fraction", "1e1000000000", 1),
    "a gigantic Fraction, version 1": "Fraction('1e1000000000')",
    "a Fraction that takes long": f"Fraction(0x{'f' * 250_000}, 0x{'7' * 250_000})",
    "an empty scalar": marked("npscalar", "<f8", ""),
    "no bytes for entries": marked("nparray", [10**15], "S0", ""),
    "too many arguments": marked("bytes", "AA==", "x"),
    "a sum without end": "1" + "+1" * 50_000,
    "unhashable member": marked("set", [[1]]),
    "no base64": marked("bytes", "A"),
    "an endless number": "9" * 5000,
    "deep JSON": "[" * 100_000,
    "deep Python": "(" * 100_000,
    "empty": "",
    "null byte": "\0",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_one_kind_of_error(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="^not PYON: ") as refused:
        pyon.decode(text)
    assert len(str(refused.value)) < 500
    assert not list(tmp_path.iterdir())
