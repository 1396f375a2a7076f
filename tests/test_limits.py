"""The safety envelope refuses, and says what would have happened."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from ccqed_ctrl.errors import LimitError
from ccqed_ctrl.limits import ENVELOPE, enforce, enforce_ramp


@pytest.mark.parametrize("name", ENVELOPE)
def test_the_edges_are_inside_and_a_step_beyond_is_not(name):
    limit = ENVELOPE[name]
    span = limit.maximum - limit.minimum
    assert span > 0
    assert limit.reason
    enforce(name, [limit.minimum, limit.maximum, limit.minimum + span / 2])
    enforce(name, limit.maximum + 1e-12 * span)
    for outside in (limit.maximum + 1e-3 * span, limit.minimum - 1e-3 * span):
        with pytest.raises(LimitError, match=name):
            enforce(name, [limit.minimum, outside])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused(bad):
    with pytest.raises(LimitError):
        enforce("DDS amplitude", [0.5, bad])


def test_the_message_names_the_worst_value_and_the_reason():
    with pytest.raises(LimitError) as caught:
        enforce("pump set-point", [1.0, 6.0, 7.5])
    message = str(caught.value)
    assert "7.5" in message
    assert "[0, 5] V" in message
    assert "servo saturates" in message


def test_nothing_is_within_limits():
    assert enforce("DMD amplitude", []) is None


#: What the apparatus stands, once more: a limit is not changed in passing.
STANDS = {
    "pump set-point": (0.0, 5.0),
    "pump set-point slope": (-5e4, 5e4),
    "DDS amplitude": (0.0, 1.0),
    "time between DDS amplitudes": (10e-6, 1.0),
    "DMD amplitude": (0.0, 1.0),
    "energy change": (0.0, 1.0),
    "distance of sites": (3e-6, 1e-3),
    "camera exposure": (1e-6, 1.0),
}


def test_the_limits_are_those_of_the_apparatus_and_nobody_moves_them():
    found = {name: (each.minimum, each.maximum) for name, each in ENVELOPE.items()}
    assert found == STANDS
    with pytest.raises(FrozenInstanceError):
        ENVELOPE["pump set-point"].maximum = 10.0


@pytest.mark.parametrize("name", ENVELOPE)
def test_rounding_is_forgiven_to_a_billionth_of_the_range_and_no_more(name):
    limit = ENVELOPE[name]
    span = limit.maximum - limit.minimum
    for edge, out in ((limit.minimum, -1), (limit.maximum, 1)):
        enforce(name, edge + out * (1e-9 * span))
        with pytest.raises(LimitError):
            enforce(name, edge + out * 1.1e-9 * span)


def test_the_worst_value_is_the_farthest_out_on_either_side():
    with pytest.raises(LimitError, match=r"asks for -9$"):
        enforce("pump set-point", [[-9.0, 6.0], [1.0, 7.0]])


@pytest.mark.parametrize(
    ("volts", "slope"),
    [
        ([2.0, 2.0, 2.0], "2e+05"),
        ([0.4, 2.0, 2.0], "1.6e+05"),
        ([0.4, 0.8, 0.0], "-8e+04"),
    ],
)
def test_every_step_of_a_ramp_has_its_slope_the_first_from_zero(volts, slope):
    enforce_ramp([0.4, 0.8, 1.2], 1e-5)
    with pytest.raises(LimitError, match="slope") as caught:
        enforce_ramp(volts, 1e-5)
    assert str(caught.value).endswith(f"asks for {slope}")


def test_a_ramp_beyond_the_servo_is_refused():
    with pytest.raises(LimitError, match="pump set-point must stay"):
        enforce_ramp([2.5, 5.1], 1.0)
