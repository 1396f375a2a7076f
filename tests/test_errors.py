"""The error tree: one root, and each error also its nearest builtin."""

from __future__ import annotations

import inspect

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
