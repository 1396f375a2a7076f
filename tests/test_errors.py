"""The error tree: one root, and each error also its nearest builtin."""

from __future__ import annotations

import inspect
import traceback

import pytest

from ccqed_ctrl import errors

ALL = [cls for _, cls in inspect.getmembers(errors, inspect.isclass)]


def test_one_root():
    assert errors.CcqedError in ALL
    assert all(issubclass(cls, errors.CcqedError) for cls in ALL)
    assert len(ALL) > 10


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (errors.ParameterError, ValueError),
        (errors.ShapeError, errors.ParameterError),
        (errors.PatternError, errors.ParameterError),
        (errors.LayoutError, errors.ParameterError),
        (errors.LimitError, errors.ParameterError),
        (errors.DeviceError, RuntimeError),
        (errors.DeviceTimeoutError, TimeoutError),
        (errors.DeviceTimeoutError, errors.DeviceError),
        (errors.SchemaError, ValueError),
        (errors.DecodingError, ValueError),
        (errors.ResultsError, OSError),
        (errors.TimelineError, RuntimeError),
    ],
)
def test_each_is_also_what_python_would_raise(error, builtin):
    assert issubclass(error, builtin)


def test_every_error_says_what_it_is_for():
    for cls in ALL:
        assert cls.__doc__
        assert str(cls("what, allowed, got")) == "what, allowed, got"


def test_errors_come_back_from_the_network():
    for cls in ALL:
        sent = traceback.format_exception_only(cls("x: of 1 s\nmore"))[0].rstrip()
        found = errors.restored(Exception(sent))
        assert type(found) is cls
        assert str(found) == "x: of 1 s\nmore"


@pytest.mark.parametrize(
    "text",
    [
        "", "no luck", "DeviceError: x", "builtins.ValueError: x",
        "ccqed_ctrl.errors.restored: x", "ccqed_ctrl.errors.Missing: x",
        "ccqed_ctrl.units.DeviceError: x", "ccqed_ctrl.errors.annotations: x",
    ],
)  # fmt: skip
def test_other_errors_are_not_ours(text):
    assert errors.restored(Exception(text)) is None
