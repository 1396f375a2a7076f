"""The safety envelope: one table, enforced when a shot is planned.

ARTIQ's own `min` and `max` of arguments are display only; these are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from .errors import LimitError


@dataclass(frozen=True)
class Limit:
    """Allowed range in SI, and what breaks outside it."""

    minimum: float
    maximum: float
    unit: str
    reason: str


ENVELOPE: Final[dict[str, Limit]] = {
    "pump set-point": Limit(0.0, 5.0, "V", "the pump servo saturates"),
    "pump set-point slope": Limit(
        -5e4, 5e4, "V/s", "the servo loses lock on faster ramps"
    ),
    "DDS amplitude": Limit(0.0, 1.0, "of full scale", "the AOM driver saturates"),
    "time between DDS amplitudes": Limit(
        10e-6, 1.0, "s", "the core device cannot write tones faster for long"
    ),
    "DMD amplitude": Limit(0.0, 1.0, "of full scale", "a mirror is on or off"),
    "energy change": Limit(
        0.0,
        1.0,
        "of |Delta_C|",
        "beyond it the order of flips reverses and rates fall",
    ),
    "distance of sites": Limit(
        3e-6, 1e-3, "m", "closer traps merge, and to the cavity r and -r are one place"
    ),
    "camera exposure": Limit(1e-6, 1.0, "s", "the shutter cannot follow"),
}


def enforce(name: str, values: ArrayLike) -> None:
    """Raise if any of `values` is outside the envelope's entry `name`.

    Raises
    ------
    LimitError
        Names the quantity, the range, the worst value and the reason.
    """
    limit = ENVELOPE[name]
    array = np.asarray(values, dtype=np.float64)
    # A rounding error in the last digit is not a violation.
    slack = 1e-9 * (limit.maximum - limit.minimum)
    outside = ~((array >= limit.minimum - slack) & (array <= limit.maximum + slack))
    if outside.any():
        worst = array[outside].flat[int(np.argmax(np.abs(array[outside])))]
        raise LimitError(
            f"{name} must stay in [{limit.minimum:g}, {limit.maximum:g}] {limit.unit} "
            f"({limit.reason}); the plan asks for {worst:.4g}"
        )


def enforce_ramp(volts: ArrayLike, step: float) -> None:
    """Raise if set-points (T,) in V, `step` s apart and from zero on, are not allowed.

    Raises
    ------
    LimitError
        A set-point or a slope, that of the step from zero among them.
    """
    enforce("pump set-point", volts)
    enforce("pump set-point slope", np.diff(volts, prepend=0.0) / step)
