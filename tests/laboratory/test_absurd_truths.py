"""No value of any knob of `ccqed twin` hangs, fills the memory, or passes unread."""

from __future__ import annotations

import dataclasses

import pytest

from ccqed_ctrl.errors import ParameterError
from sim_backend.laboratory.scenario import TRUTH, Scenario

#: Taken from the command's own list: a new knob is tested when it is there.
KNOBS = {knob.name: knob.default for knob in TRUTH.knobs()}
NUMBERS = [name for name, default in KNOBS.items() if type(default) in (int, float)]
ABSURD = ["1e300", "-1e300", "nan", "inf", "-inf", str(10**400), f"-{10**400}", "text",
          "[1]", "None", "True", "[" * 5000]  # fmt: skip


def refusal(text):
    with pytest.raises(ParameterError) as refused:
        TRUTH.resolve(TRUTH.parse([text]))
    return str(refused.value)


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_have_bounds_on_both_sides(name):
    group, _, field = name.partition(".")
    part = next(f.default for f in dataclasses.fields(Scenario) if f.name == group)
    meaning = type(part).quantities()[field]
    assert meaning.minimum is not None
    assert meaning.maximum is not None
    assert meaning.minimum <= KNOBS[name] <= meaning.maximum


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ABSURD, ids=lambda text: text[:10])
def test_absurd_numbers_are_refused_in_a_sentence(name, value):
    said = refusal(f"{name}={value}")
    assert name.partition(".")[2] in said
    assert "\n" not in said


@pytest.mark.parametrize("name", [name for name in KNOBS if name not in NUMBERS])
@pytest.mark.parametrize("value", ["1e300", "nan", "-1", "{}", "text"])
def test_other_absurd_values_are_refused_too(name, value):
    assert name.rpartition(".")[2].split("_")[0] in refusal(f"{name}={value}")
