"""Parameter groups: frozen, validated, round trip, and consistent with each other."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccqed_ctrl import params
from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.units import SCALES, angular

GROUPS = [
    params.Cavity, params.Pump, params.Cloud, params.Memories, params.Cue,
    params.Layout, params.Sequence, params.Movie, params.Run, params.PumpCalibration,
    params.LongitudinalCalibration, params.Imaging, params.Axis, params.Tones,
    params.Timing,
]  # fmt: skip


NUMBERS = [
    (group, name)
    for group in GROUPS
    for name, declared in group.declared().items()
    if declared.kind in (int, float)
]


def values(declared):
    """Draw an allowed value of a field."""
    meaning = declared.meaning
    if declared.optional:
        return st.none() | values(dataclasses.replace(declared, optional=False))
    if meaning.choices:
        return st.sampled_from(meaning.choices)
    if declared.kind is str:
        return st.text()
    if declared.kind is bool:
        return st.booleans()
    low = -1e12 if meaning.minimum is None else meaning.minimum
    high = 1e12 if meaning.maximum is None else meaning.maximum
    if declared.kind is int:
        return st.integers(math.ceil(low), math.floor(high))
    return st.floats(low, high)


def groups():
    return st.sampled_from(GROUPS).flatmap(
        lambda group: st.builds(
            group, **{name: values(one) for name, one in group.declared().items()}
        )
    )


@given(groups())
def test_dict_round_trip(group):
    as_dict = group.to_dict()
    assert type(group).from_dict(as_dict) == group
    for name, declared in group.declared().items():
        assert isinstance(as_dict[name], (declared.kind, type(None)))


@pytest.mark.parametrize("group", GROUPS)
def test_groups_are_frozen_and_described(group):
    made = group()
    for name, described in group.quantities().items():
        assert described.doc
        assert described.scale == SCALES[described.unit]
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(made, name, getattr(made, name))


@pytest.mark.parametrize(("group", "name"), NUMBERS)
@pytest.mark.parametrize("bad", [math.nan, math.inf, True, "1", 1j, [1.0]])
def test_what_is_no_number_is_refused(group, name, bad):
    with pytest.raises(ParameterError, match=f"{group.__name__}.{name} must be"):
        group(**{name: bad})


@pytest.mark.parametrize(("group", "name"), NUMBERS)
def test_bounds_hold(group, name):
    described = group.quantities()[name]
    for bound, beyond in ((described.minimum, -1), (described.maximum, 1)):
        if bound is None:
            continue
        assert getattr(group(**{name: bound}), name) == bound
        with pytest.raises(ParameterError, match=name):
            group(**{name: bound + beyond * max(1.0, abs(bound))})


def test_replace_validates_anew():
    sequence = params.Sequence().replace(exposure=1e-3)
    assert (sequence.exposure, sequence.ramp_time) == (1e-3, 1e-3)
    with pytest.raises(ParameterError, match=r"Sequence.exposure .*\[1e-06, 1\]"):
        sequence.replace(exposure=2.0)
    with pytest.raises(TypeError):
        sequence.replace(exposures=1e-3)


def test_unknown_fields_are_refused_with_the_known_ones():
    with pytest.raises(ParameterError, match="Cloud has no field 'atom'; it has size"):
        params.Cloud.from_dict({"atom": 1000})


def test_missing_fields_take_their_defaults():
    assert params.Cloud.from_dict({"atoms": 7}) == params.Cloud(atoms=7)


def test_types_are_settled():
    assert type(params.Run(shots=3.0).shots) is int
    assert type(params.Run(shots=np.int16(3)).shots) is int
    assert type(params.Sequence(ramp_time=1).ramp_time) is float
    with pytest.raises(ParameterError, match="whole number"):
        params.Run(shots=2.5)


def test_large_seeds_stay_exact():
    assert params.Run(seed=2**60 + 1).seed == 2**60 + 1


@pytest.mark.parametrize("bad", [3, None, True, ["icons"]])
def test_text_must_be_text(bad):
    with pytest.raises(ParameterError, match="Memories.patterns must be text"):
        params.Memories(patterns=bad)


@pytest.mark.parametrize("bad", ["", "Plain", "hebbian", None, 1, ["plain"]])
def test_a_choice_must_be_one_of_them(bad):
    with pytest.raises(
        ParameterError, match="Memories.encoder must be one of plain, trained; got"
    ):
        params.Memories(encoder=bad)


def test_mode_coupling_is_the_text_convention():
    pump = params.Pump(rabi_frequency=angular(100e6), atomic_detuning=-angular(100e9))
    # Omega/|Delta_A| = 1/1000 of g0 = 2 pi 1.5 MHz.
    assert pump.mode_coupling(params.Cavity()) == pytest.approx(angular(1.5e3))


def test_the_default_cloud_has_beta_ten():
    assert params.Cloud().beta(params.Cavity()) == pytest.approx(10.0, rel=1e-6)


@given(st.floats(0, 1e10))
def test_pump_calibration_round_trip(rabi_frequency):
    calibration = params.PumpCalibration()
    volts = calibration.volts(rabi_frequency)
    back = calibration.rabi_frequency(volts)
    assert back == pytest.approx(rabi_frequency, rel=1e-9, abs=1e-6)


def test_pump_calibration_is_linear_in_power():
    calibration = params.PumpCalibration(rabi_frequency_1v=1e9)
    assert calibration.volts(2e9) == pytest.approx(4.0)
    assert calibration.rabi_frequency(-0.1) == 0.0
