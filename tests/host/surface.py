"""Print what an `artiq` and `sipyco` do, one fact a line; run under either of them.

`test_against_artiq.py` compares the lines of the embedded pair and the real one.
"""

import inspect
import sys

import artiq.experiment
import numpy as np
from artiq import tools
from artiq.coredevice import ad9910, exceptions, urukul
from artiq.language import environment, scan, units
from sipyco import common_args, pyon


def say(*facts):
    sys.stdout.write(" ".join(map(str, facts)) + "\n")


def parameters(function):
    """Return names and kinds; defaults only where they are plain values."""
    for p in inspect.signature(function).parameters.values():
        plain = isinstance(p.default, int | float | str | bool | None)
        yield p.name, str(p.kind), p.default if plain else "..."


def classes_of(module):
    found = inspect.getmembers(module, inspect.isclass)
    return [cls for name, cls in found if name in module.__all__]


say(sorted(artiq.experiment.__all__))
for name in units.__all__:
    say(name, repr(getattr(units, name)))
for cls in (*classes_of(environment), *classes_of(scan)):
    say(cls.__name__, *parameters(cls.__init__))
    for method, function in inspect.getmembers(cls, inspect.isfunction):
        if not method.startswith("_"):
            say(cls.__name__, method, *parameters(function))
for function in (
    tools.parse_arguments,
    tools.parse_devarg_override,
    tools.unparse_devarg_override,
    tools.elide,
    tools.file_import,
    tools.get_experiment,
    common_args.verbosity_args,
    common_args.simple_network_args,
    common_args.bind_address_from_args,
    pyon.encode,
    pyon.decode,
    pyon.store_file,
    pyon.load_file,
):
    say(function.__name__, *parameters(function))
for name in ad9910.__all__:
    if name.isupper() and name != "AD9910":
        say(name, getattr(ad9910, name))
say(urukul.DEFAULT_PROFILE, urukul.STA_PROTO_REV, urukul.urukul_sta_ifc_mode(0xF000))
for name, cls in inspect.getmembers(exceptions, inspect.isclass):
    if getattr(cls, "artiq_builtin", False):
        say(name, cls.__mro__[1].__name__)

SCANS = [
    scan.NoScan(2.5, 3),
    *(scan.RangeScan(0.1, 7.3, n, True, n) for n in range(12)),
    *(scan.CenterScan(1.7, n / 3, 0.21, True, n) for n in range(12)),
    scan.ExplicitScan([3, 1]),
]
for one in SCANS:
    say(one.describe(), list(one), len(one))
PROCESSORS = [
    environment.NumberValue(1.5, "ms", min=0, step=1e-4),
    environment.NumberValue(3, type="int", precision=0, step=1, scale=1),
    environment.EnumerationValue(["a"], "a", quickstyle=True),
    environment.BooleanValue(False),
    environment.StringValue("x"),
    environment.PYONValue({1: (2,)}),
    scan.Scannable(SCANS[:2], "kHz", global_min=1),
]
for processor in PROCESSORS:
    say(processor.describe())
VALUES = [
    None, True, 1, -0.0, float("inf"), "µ\n", b"\0\xff", 1j, (1, (), []),
    {(1,): {2: 3}}, {"a": None}, {5}, slice(None, 2), np.int8(-1), np.uint64(2**63),
    np.float64(0.1), np.float32(0.1), np.bool_(False), np.complex64(1j), np.str_("s"),
    np.bytes_(b"b"),
    np.zeros((2, 0)), np.arange(6.0).reshape(2, 3).T, np.array(["ab", "c"]),
]  # fmt: skip
for value in VALUES:
    say(pyon.encode(value), repr(pyon.decode(pyon.encode(value))))
for value in (
    1e-3,
    12,
    True,
    "text",
    [1],
    {"a": 1},
    None,
    np.arange(9) / 7,
    np.int32(4),
):
    for metadata in ({}, {"unit": "ms"}, {"unit": "x", "scale": 2, "precision": 1}):
        say(tools.short_format(value, metadata))
for text in ("", "short", "a" * 60, "two\nlines", "a" * 9 + "\nb"):
    say(repr(tools.elide(text, 10)))
