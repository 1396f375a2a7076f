"""Declared parameters of every kind: what a field may be, and what it takes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest

from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.quantities import Parameters, quantity


@dataclass(frozen=True)
class Every(Parameters):
    """A field of each kind."""

    detuning: float = quantity(-2e6, "signed, negative by default", "MHz", maximum=0.0)
    count: int = quantity(5, "whole", minimum=0, maximum=9)
    wanted: bool = quantity(True, "a switch")
    name: str = quantity("a", "text")
    kind: str = quantity("one", "one of two", choices=("one", "two"))
    width: float | None = quantity(None, "perhaps", "um", minimum=0.0)
    size: int | None = quantity(None, "perhaps, whole")


def test_kinds_are_those_of_the_annotations():
    kinds = {n: (d.kind, d.optional) for n, d in Every.declared().items()}
    assert kinds == {
        "detuning": (float, False), "count": (int, False), "wanted": (bool, False),
        "name": (str, False), "kind": (str, False), "width": (float, True),
        "size": (int, True),
    }  # fmt: skip


def test_defaults_and_round_trip():
    made = Every()
    assert made.to_dict() == {
        "detuning": -2e6, "count": 5, "wanted": True, "name": "a", "kind": "one",
        "width": None, "size": None,
    }  # fmt: skip
    assert Every.from_dict(made.to_dict()) == made
    assert made.replace(width=1).width == 1.0
    assert made.replace(width=1e-6).replace(width=None) == made


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("detuning", 1.0), ("detuning", None), ("detuning", True), ("count", 1.5),
        ("count", 10), ("count", True), ("wanted", 1), ("wanted", "true"),
        ("wanted", None), ("name", 3), ("kind", "three"), ("width", -1.0),
        ("width", math.nan), ("size", 2.5), ("size", "2"),
    ],
)  # fmt: skip
def test_another_kind_is_refused_by_name(name, value):
    with pytest.raises(ParameterError, match=rf"Every\.{name}"):
        Every(**{name: value})


def test_numpy_values_become_python_values():
    made = Every(count=np.int8(3), wanted=np.bool_(False), width=np.float32(0.5))
    assert [type(v) for v in (made.count, made.wanted, made.width)] == [
        int, bool, float,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("default", "unit", "step"),
    [(10e-3, "ms", 1e-3), (1e-3, "ms", 1e-4), (200e-6, "us", 10e-6), (0.1, "", 0.01),
     (0.0, "us", 1e-7), (-3e6, "MHz", 1e5)],
)  # fmt: skip
def test_the_step_follows_the_display_unit(default, unit, step):
    @dataclass(frozen=True)
    class One(Parameters):
        """One."""

        value: float = quantity(default, "x", unit)

    assert One.declared()["value"].step == pytest.approx(step)


def test_a_step_may_be_said():
    @dataclass(frozen=True)
    class Atoms(Parameters):
        """Many."""

        number: int = quantity(100_000, "x", step=1000)

    assert Atoms.declared()["number"].step == 1000


@pytest.mark.parametrize("annotation", [complex, "float | int", list, "int | str"])
def test_a_field_of_no_kind_is_refused_where_it_is_declared(annotation):
    made = type("Bad", (Parameters,), {"__annotations__": {"x": annotation}})
    made.x = quantity(1.0, "x")
    bad = dataclass(frozen=True)(made)
    with pytest.raises(ParameterError, match=r"Bad\.x must be declared as"):
        bad()


def test_a_plain_field_is_refused():
    @dataclass(frozen=True)
    class Plain(Parameters):
        """No quantity."""

        x: float = 1.0

    with pytest.raises(ParameterError, match=r"Plain\.x must be declared as"):
        Plain()
