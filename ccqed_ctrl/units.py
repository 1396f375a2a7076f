"""The one file that writes 2*pi: everything else is SI, rates in rad/s."""

from __future__ import annotations

import math
from typing import Final

TWO_PI: Final = 2 * math.pi

#: Display units and the SI value of one of each; ARTIQ's own table plus lengths.
SCALES: Final[dict[str, float]] = {
    "": 1.0,
    "ps": 1e-12,
    "ns": 1e-9,
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "mHz": 1e-3,
    "Hz": 1.0,
    "kHz": 1e3,
    "MHz": 1e6,
    "GHz": 1e9,
    "dB": 1.0,
    "uV": 1e-6,
    "mV": 1e-3,
    "V": 1.0,
    "nm": 1e-9,
    "um": 1e-6,
    "m": 1.0,
    "rad/s": 1.0,
}


def angular(frequency: float) -> float:
    """Turn a frequency in Hz into an angular frequency in rad/s."""
    return TWO_PI * frequency


def frequency(angular_frequency: float) -> float:
    """Turn an angular frequency in rad/s into a frequency in Hz."""
    return angular_frequency / TWO_PI


def si_unit(unit: str) -> str:
    """Return the SI unit of values whose display unit is `unit`: m for um."""
    for base in ("rad/s", "Hz", "dB", "V", "m", "s"):
        if unit.endswith(base) and len(unit) <= len(base) + 1:
            return base
    return unit
