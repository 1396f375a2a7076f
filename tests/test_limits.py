"""The safety envelope refuses, and says what would have happened."""

from __future__ import annotations

import numpy as np
import pytest

from ccqed_ctrl.errors import LimitError
from ccqed_ctrl.limits import ENVELOPE, enforce


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
