"""Simulated drivers have the methods and parameters of ARTIQ's own."""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect

import pytest

from sim_backend.crate.catalogue import SIMULATED

#: What only ARTIQ's compiler and its machinery call: not part of what experiments use.
COMPILER_ONLY = {
    "Core": {"compile", "compile_subkernel", "compile_and_upload_subkernels"},
}
PAIRS = [(module, name) for module, names in SIMULATED.items() for name in names]


def real_artiq():
    try:
        return not importlib.metadata.version("artiq").endswith("embedded")
    except importlib.metadata.PackageNotFoundError:
        return False


def public(kind, but=()):
    """Return name to signature of the public methods, and the constructor."""
    methods = inspect.getmembers(kind, callable)
    names = {name for name, _ in methods if not name.startswith("_")} - set(but)
    return {
        name: inspect.signature(getattr(kind, name)) for name in names | {"__init__"}
    }


def differences(real, simulated, but=()):
    """Return one line for each public method or parameter that is not the same.

    Parameters must agree in name, order and default; the twin may have more methods.
    """
    found = []
    mine = public(simulated)
    for name, signature in public(real, but).items():
        if name not in mine:
            found.append(f"{name} is missing")
            continue
        theirs = [(p.name, p.default) for p in signature.parameters.values()]
        own = [(p.name, p.default) for p in mine[name].parameters.values()]
        if theirs != own:
            found.append(f"{name}{own} should be {theirs}")
    return sorted(found)


@pytest.mark.artiq
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of numpy, in the compiler
@pytest.mark.skipif(not real_artiq(), reason="needs ARTIQ's own drivers")
@pytest.mark.parametrize(("module", "name"), sorted(PAIRS))
def test_the_surface_is_artiqs(module, name):
    real = getattr(importlib.import_module(f"artiq.coredevice.{module}"), name)
    simulated = getattr(
        importlib.import_module(f"sim_backend.crate.drivers.{module}"), name
    )
    assert differences(real, simulated, COMPILER_ONLY.get(name, ())) == []


class Real:
    def __init__(self, dmgr, channel, div=2):
        """Take ARTIQ's arguments."""

    def set(self, value, profile=7):
        """Set."""

    def get(self):
        """Get."""

    def _private(self, anything):
        """Not compared."""


SAME = {name: vars(Real)[name] for name in ("__init__", "set", "get")}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"more": lambda self: None}, []),
        ({"get": None}, ["get is missing"]),
        ({"set": lambda self, value, profile=0: None}, ["set"]),
        ({"set": lambda self, volts, profile=7: None}, ["set"]),
        ({"set": lambda self, profile=7, value=0: None}, ["set"]),
        ({"__init__": lambda self, dmgr, channel: None}, ["__init__"]),
        ({"get": lambda self, **keywords: None}, ["get"]),
    ],
)
def test_the_comparison_finds_what_differs(change, expected):
    members = {
        name: member for name, member in (SAME | change).items() if member is not None
    }
    found = differences(Real, type("Twin", (), members))
    assert len(found) == len(expected)
    for line, start in zip(found, expected, strict=True):
        assert line.startswith(start)


def test_the_comparison_can_leave_methods_out():
    twin = type("Twin", (), {"__init__": SAME["__init__"], "set": SAME["set"]})
    assert differences(Real, twin, {"get"}) == []
