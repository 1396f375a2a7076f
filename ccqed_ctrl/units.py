"""The one file that writes 2*pi: everything else is SI, rates in rad/s."""

from __future__ import annotations

import math
from typing import Final

TWO_PI: Final = 2 * math.pi

#: Display units and the SI value of one of each: ARTIQ's own table, lengths, parts of a
#: whole, and angular frequencies by their number of turns.
SCALES: Final[dict[str, float]] = {
    "": 1.0,
    "%": 1e-2,
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
    "kV": 1e3,
    "uA": 1e-6,
    "mA": 1e-3,
    "A": 1.0,
    "nW": 1e-9,
    "uW": 1e-6,
    "mW": 1e-3,
    "W": 1.0,
    "nm": 1e-9,
    "um": 1e-6,
    "m": 1.0,
    "m/s": 1.0,
    "rad/s": 1.0,
    "2pi Hz": TWO_PI,
    "2pi kHz": TWO_PI * 1e3,
    "2pi MHz": TWO_PI * 1e6,
    "2pi GHz": TWO_PI * 1e9,
}


def angular(frequency: float) -> float:
    """Turn a frequency in Hz into an angular frequency in rad/s."""
    return TWO_PI * frequency


def frequency(angular_frequency: float) -> float:
    """Turn an angular frequency in rad/s into a frequency in Hz."""
    return angular_frequency / TWO_PI


def si_unit(unit: str) -> str:
    """Return the SI unit of values whose display unit is `unit`: m for um."""
    if unit == "%":
        return ""
    if unit.startswith("2pi "):
        return "rad/s"
    for base in ("rad/s", "Hz", "dB", "V", "A", "W", "m", "s"):
        if unit.endswith(base) and len(unit) <= len(base) + 1:
            return base
    return unit
