"""Arguments, parts and phases; expected values were printed by ARTIQ-9."""

from __future__ import annotations

import pytest
from artiq.experiment import (
    BooleanValue,
    DefaultMissing,
    EnumerationValue,
    EnvExperiment,
    HasEnvironment,
    NumberValue,
    PYONValue,
    Scannable,
    StringValue,
)
from artiq.language.environment import ProcessArgumentManager, TraceArgumentManager


@pytest.mark.parametrize(
    ("options", "processed", "default"),
    [
        ({"default": 3.7, "precision": 0, "step": 1}, 2, 3),
        ({"default": 3, "type": "int", "precision": 0, "step": 1, "scale": 1}, 2, 3),
        ({"default": 3}, 2.9, 3.0),
        ({"default": 3, "precision": 0}, 2.9, 3.0),
        ({"default": 3, "precision": 0, "step": 1, "type": "float"}, 2.9, 3.0),
    ],
)
def test_numbers_are_int_or_float(options, processed, default):
    processor = NumberValue(**options)
    for value, expected in [
        (processor.process(2.9), processed),
        (processor.default(), default),
    ]:
        assert (value, type(value)) == (expected, type(expected))


def test_descriptions():
    assert NumberValue(42e-6, unit="us", precision=4).describe() == {
        "ty": "NumberValue", "default": 4.2e-05, "unit": "us", "scale": 1e-06,
        "step": 1e-07, "min": None, "max": None, "precision": 4, "type": "auto",
    }  # fmt: skip
    assert EnumerationValue(["a", "b"], "a").describe() == {
        "ty": "EnumerationValue", "default": "a", "choices": ["a", "b"],
        "quickstyle": False,
    }  # fmt: skip
    assert BooleanValue(True).describe() == {"ty": "BooleanValue", "default": True}
    assert StringValue().describe() == {"ty": "StringValue"}
    assert PYONValue([1, (2,)]).describe() == {
        "ty": "PYONValue",
        "default": '[1,{"__jsonclass__":["tuple",[[2]]]}]',
    }


@pytest.mark.parametrize("value", [1, 0, "true", None])
def test_booleans_are_strict(value):
    with pytest.raises(ValueError, match="BooleanValue"):
        BooleanValue().process(value)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: NumberValue(1, unit="furlong"), KeyError),
        (lambda: NumberValue(1, type="complex"), TypeError),
        (lambda: NumberValue(1, type="int"), ValueError),
        (lambda: NumberValue([1, 2]), NotImplementedError),
        (lambda: EnumerationValue(["a"], "b"), ValueError),
        (lambda: StringValue().default(), DefaultMissing),
        (lambda: Scannable().default(), DefaultMissing),
        (lambda: Scannable(unit="furlong"), KeyError),
    ],
)
def test_refusals(make, error):
    with pytest.raises(error):
        make()


def test_pyon_is_decoded_in_both_versions():
    processor = PYONValue()
    assert processor.process('{"a":{"__jsonclass__":["tuple",[[1]]]}}') == {"a": (1,)}
    assert processor.process("(1, true, null)") == (1, True, None)


class Part(HasEnvironment):
    def build(self, label, order=None):
        self.label, self.order = label, order
        self.setattr_argument("x", NumberValue(1.0))

    def prepare(self):
        self.order.append(self.label)


class Whole(EnvExperiment):
    def build(self):
        self.order = []
        self.parts = [
            Part(self, "first", self.order),
            Part(self, "second", order=self.order),
        ]
        self.setattr_argument("y", NumberValue(2.0), "Group", "tip")
        self.set_default_scheduling(priority=3, pipeline_name="side", flush=True)


def test_parts_share_arguments_and_are_prepared_in_order():
    scheduling = {}
    arguments = ProcessArgumentManager({"x": 4})
    whole = Whole((None, None, arguments, scheduling))
    arguments.check_unprocessed_arguments()
    whole.prepare()
    assert [part.x for part in whole.parts] == [4.0, 4.0]
    assert whole.y == 2.0
    assert whole.order == ["first", "second"]
    assert whole.kernel_invariants == {"y"}
    assert scheduling == {"priority": 3, "pipeline_name": "side", "flush": True}


def test_what_the_dashboard_learns():
    arguments = TraceArgumentManager()
    whole = Whole((None, None, arguments, {}))
    assert whole.y is None
    assert list(arguments.requested_args) == ["x", "y"]
    assert arguments.requested_args["y"][1:] == ("Group", "tip")


def test_arguments_belong_to_build():
    whole = Whole((None, None, ProcessArgumentManager({}), {}))
    with pytest.raises(TypeError, match="build"):
        whole.get_argument("z", NumberValue(1))
    with pytest.raises(TypeError, match="build"):
        whole.set_default_scheduling(priority=1)


def test_arguments_nobody_asked_for():
    arguments = ProcessArgumentManager({"typo": 1})
    Whole((None, None, arguments, {}))
    with pytest.raises(AttributeError, match="typo"):
        arguments.check_unprocessed_arguments()


def test_private_names_are_artiqs():
    # Some public code reaches for them.
    managers = (object(), object(), TraceArgumentManager(), {})
    whole = Whole(managers)
    assert whole._HasEnvironment__device_mgr is managers[0]
    assert whole._HasEnvironment__dataset_mgr is managers[1]
    assert whole._HasEnvironment__argument_mgr is managers[2]


def test_run_must_be_written():
    with pytest.raises(NotImplementedError):
        Whole((None, None, TraceArgumentManager(), {})).run()
