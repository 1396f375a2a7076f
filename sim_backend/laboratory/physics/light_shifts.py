"""AC Stark shifts of the two-photon splitting by pump and intracavity light."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ccqed_ctrl.params import Pump

from .system import Floats


def pump_shift(pump: Pump, rabi_frequency: float) -> float:
    """Return Omega^2 / |Delta_A| in rad/s: of one state, by one beam's light."""
    return rabi_frequency**2 / abs(pump.atomic_detuning)


def cavity_shift(pump: Pump, rabi_frequency: float, field: ArrayLike) -> Floats:
    """Return g0^2 |alpha_i|^2 / |Delta_A| (N,) in rad/s.

    alpha_i is the cavity's amplitude at site i, which the field b_i = 2 g~ Re alpha_i
    measures (kappa << |Delta_C|) with g~ = Omega g0/|Delta_A|: so the shift is
    b_i^2 |Delta_A| / (4 Omega^2). Nothing without pump.

    field: b_i (N,), rad/s.
    """
    b = np.asarray(field, np.float64)
    if rabi_frequency == 0:
        return np.zeros_like(b)
    return b**2 * abs(pump.atomic_detuning) / (4 * rabi_frequency**2)
