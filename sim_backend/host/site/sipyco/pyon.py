"""PYON version 2: Python and NumPy values as JSON, types kept.

What JSON lacks is written as ``{"__jsonclass__": [name, arguments]}``.
"""

import base64
import json
from fractions import Fraction
from pathlib import Path

import numpy as np

from ccqed_ctrl.pyon import MARK, decode_v2
from sipyco import _files

_SCALAR_KINDS = "biufcmMSUV"
_SCALAR_LARGEST = 16  # bytes: no extended precision, whose width is the machine's


def _text(raw):
    return base64.b64encode(raw).decode()


def _encode_dict(x):
    if all(isinstance(key, str) for key in x):
        if MARK in x:
            raise ValueError(f"the key {MARK!r} is reserved by PYON")
        return {key: _plain(item) for key, item in x.items()}
    return {MARK: ["dict", [[[_plain(k), _plain(v)] for k, v in x.items()]]]}


def _encode_array(x):
    if x.dtype.hasobject:
        raise TypeError(f"arrays of Python objects are not PYON encodable: {x!r}")
    raw = np.ascontiguousarray(x).tobytes()
    return {MARK: ["nparray", [list(x.shape), x.dtype.str, _text(raw)]]}


def _encode_scalar(x):
    fixed = x.dtype.kind in "SUV" or x.dtype.itemsize <= _SCALAR_LARGEST
    if x.dtype.kind not in _SCALAR_KINDS or not fixed or x.dtype.char in "gG":
        raise TypeError(f"{type(x).__name__} is not PYON encodable: {x!r}")
    return {MARK: ["npscalar", [x.dtype.str, _text(x.tobytes())]]}


def _encode_other(x):
    """Encode the types that need nothing but their own arguments."""
    if type(x) is complex:
        return {MARK: ["complex", [x.real, x.imag]]}
    if type(x) is bytes:
        return {MARK: ["bytes", [_text(x)]]}
    if type(x) is set:
        return {MARK: ["set", [[_plain(item) for item in x]]]}
    if type(x) is slice:
        return {MARK: ["slice", [_plain(v) for v in (x.start, x.stop, x.step)]]}
    if type(x) is Fraction:
        return {MARK: ["Fraction", [x.numerator, x.denominator]]}
    raise TypeError(f"{type(x).__name__} is not PYON encodable: {x!r}")


def _plain(x):
    """Return `x` in terms of what JSON has."""
    if x is None or isinstance(x, bool | int | float | str):
        return x  # np.float64 and np.str_ are among them, as in sipyco
    if isinstance(x, dict):
        return _encode_dict(x)
    if isinstance(x, list):
        return [_plain(item) for item in x]
    if isinstance(x, tuple):
        return {MARK: ["tuple", [[_plain(item) for item in x]]]}
    if isinstance(x, np.ndarray):
        return _encode_array(x)
    if isinstance(x, np.generic):
        return _encode_scalar(x)
    return _encode_other(x)


def encode(x, pretty=False, **kw):
    """Return `x` as PYON text, on one line unless `pretty`."""
    layout = {"indent": 4} if pretty else {"separators": (",", ":")}
    return json.dumps(_plain(x), **layout, **kw)


def store_file(filename, x, **kw):
    """Write `x` to a file, in one step."""
    _files.replace_text(filename, encode(x, True, **kw))


def decode(s, **kw):
    """Return the value of PYON text; keywords go to the JSON reader."""
    return decode_v2(s, **kw)


def load_file(filename, **kw):
    """Return the value of a file."""
    return decode(Path(filename).read_text(encoding="utf-8"), **kw)
