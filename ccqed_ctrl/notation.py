"""Numbers and scans as people write them: 5ms, 20%, 2pi*150kHz, 0:0.4:5.

Texts become SI values. A bare number is SI already; a unit must be one of the
quantity's own dimension, and a frequency is never taken for an angular frequency. A
refusal has no subject, "must be a time such as 5ms, ...": whoever knows the name of the
quantity puts it in front.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from .errors import ParameterError
from .units import SCALES, angular, frequency, si_unit

#: More points than this are a slip of the finger.
MOST_POINTS: Final = 100_000

#: Longer texts are no number.
_LONGEST = 100

#: What is printed in papers, as typed in programs.
_TYPED = str.maketrans({"\u00b5": "u", "\u03bc": "u", "\u03c0": "pi", "\u2212": "-"})

_FORM = re.compile(
    r"""
    (?P<sign> [+-]?)
    (?P<turns> 2\ ?\*?\ ?pi (\ ?\*\ ?|\ )? )?
    (?P<digits> [+-]? ([0-9][0-9_]*\.?[0-9_]* | \.[0-9][0-9_]*) )
    ([eE] (?P<exponent> [+-]?[0-9]+) )?
    (
        (?P<unit_turns> (\ ?\*\ ?|\ ) 2\ ?\*?\ ?pi )?
        \ ?\*?\ ?
        (?P<unit> %|[a-zA-Z][a-zA-Z/]*)
    )?
    """,
    re.VERBOSE,
)

_KINDS: Final = {
    "": "a number",
    "s": "a time",
    "Hz": "a frequency",
    "rad/s": "an angular frequency",
    "dB": "a level",
    "V": "a voltage",
    "A": "a current",
    "W": "a power",
    "m": "a length",
    "m/s": "a speed",
}


def number(text: str, unit: str = "") -> float:
    """Return the SI value of a number with or without unit.

    Parameters
    ----------
    text
        "5", "-5e-3", "20%", "5 ms", "5*ms", "2pi*150 kHz" (also with `2*pi*`).
    unit
        Display unit of the quantity, which says its dimension: "ms".

    Raises
    ------
    ParameterError
        The text is no finite number, or of another dimension.
    """
    value, found = _read(text)
    if value is None or not math.isfinite(value):
        raise ParameterError(f"must be {form(unit)}; got {_clipped(text)}")
    wanted = si_unit(unit)
    if found is not None and si_unit(found) != wanted:
        turns = (wanted, si_unit(found)) == ("rad/s", "Hz")
        hint = f": a frequency; did you mean 2pi*{text.strip()}?" if turns else ""
        raise ParameterError(f"must be {form(unit)}; got {_clipped(text)}{hint}")
    return value


def form(unit: str) -> str:
    """Return what `number` takes for a quantity: "a time such as 5ms, 5*ms or 5e-3"."""
    base = si_unit(unit)
    if base == "rad/s":
        shown = unit.removeprefix("2pi ") if unit != base else "kHz"
        value = angular(5 * SCALES[shown])
        forms = f"2pi*5{shown}, 2*pi*5*{shown} or {value:.3g}"
        return f"{_KINDS[base]} such as {forms}"
    if base == "":
        return "a number such as 0.2, 20% or 5e-3"
    if unit not in SCALES:
        return "a number such as 5 or 5e-3"
    bare = f"5e{_shift(unit)}" if _shift(unit) else "5"
    return f"{_KINDS[base]} such as 5{unit}, 5*{unit} or {bare}"


def written(value: float, unit: str) -> str:
    """Return the shortest text that `number` reads as the same value: "5 ms".

    Raises
    ------
    ParameterError
        The value is not finite.
    """
    if not math.isfinite(value):
        raise ParameterError(f"must be finite to be written; got {value}")
    if unit.startswith("2pi "):
        return _written_turns(value, unit)
    digits = Decimal(repr(float(value)))
    if unit not in SCALES:
        return _plain(digits, "")
    return f"{_plain(digits, unit)} {unit}".strip()


@dataclass(frozen=True)
class Range:
    """Evenly spaced values from `start` to `stop`, both included; SI."""

    start: float
    stop: float
    points: int

    def __post_init__(self) -> None:
        if not math.isfinite(self.stop - self.start):
            raise ParameterError(f"must have finite ends; got {self.start}:{self.stop}")
        _check_points(self.points)

    @property
    def values(self) -> tuple[float, ...]:
        """Return the values, to the last bit those of ARTIQ's RangeScan."""
        step = (self.stop - self.start) / max(self.points - 1, 1)
        return tuple(i * step + self.start for i in range(self.points))

    def __iter__(self) -> Iterator[float]:
        return iter(self.values)

    def __len__(self) -> int:
        return self.points

    def describe(self) -> dict[str, Any]:
        """Return ARTIQ's description of this scan."""
        ends = {"start": self.start, "stop": self.stop, "npoints": self.points}
        return {"ty": "RangeScan", **ends, "randomize": False, "seed": None}


@dataclass(frozen=True)
class Values:
    """Values in the order given; SI."""

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        _check_points(len(self.values))

    def __iter__(self) -> Iterator[float]:
        return iter(self.values)

    def __len__(self) -> int:
        return len(self.values)

    def describe(self) -> dict[str, Any]:
        """Return ARTIQ's description of this scan."""
        return {"ty": "ExplicitScan", "sequence": list(self.values)}


def scan(text: str, unit: str = "") -> Range | Values | None:
    """Return the scan that a text describes, or None if it describes none.

    "0:0.4:5" is start:stop:points with the end included, "0.1,0.2,0.5" gives the
    values; "0:10ms:6" has units. Nothing is a scan that does not begin as a number.

    Raises
    ------
    ParameterError
        The text begins as a scan, but is none of this quantity; or a value other than
        0 has no unit where others have one (the "5" of "5,10ms" is 5 s).
    """
    if not re.match(r"\s*[-+.0-9\u2212]", text) or not {":", ","} & set(text):
        return None
    if "," in text:
        _check_points(text.count(",") + 1)
        return Values(_numbers(text.split(","), unit))
    parts = text.split(":")
    if len(parts) != 3 or not re.fullmatch(r"\s*[0-9]{1,9}\s*", parts[2]):
        message = "must be start:stop:points, such as 0:0.4:5 for 5 points"
        raise ParameterError(f"{message}; got {_clipped(text)}")
    start, stop = _numbers(parts[:2], unit)
    return Range(start, stop, int(parts[2]))


def _numbers(parts: list[str], unit: str) -> tuple[float, ...]:
    values = tuple(number(part, unit) for part in parts)
    bare = [_read(part)[1] is None for part in parts]
    if not all(bare):
        for part, value, missing in zip(parts, values, bare, strict=True):
            if missing and value != 0:
                raise ParameterError(
                    f"must have a unit at every value or at none; got {_clipped(part)} "
                    "beside values with one"
                )
    return values


def _read(text: str) -> tuple[float | None, str | None]:
    """Return the SI value and the unit written, each None where there is none."""
    match = None
    if len(text) <= _LONGEST:
        match = _FORM.fullmatch(" ".join(text.translate(_TYPED).split()))
    if match is None:
        return None, None
    sign, turns, digits, exponent, unit_turns, unit = match.group(
        "sign", "turns", "digits", "exponent", "unit_turns", "unit"
    )
    turned = bool(turns or unit_turns)
    if (sign and digits[0] in "+-") or (turns and unit_turns):
        return None, None
    full = f"2pi {unit or 'Hz'}" if turned else unit
    if full is not None and full not in SCALES:
        return None, None
    try:
        # The decimal point is moved in the text: 5us is 5e-6, to the last bit.
        value = float(f"{sign}{digits}e{int(exponent or 0) + _shift(unit or '')}")
    except ValueError:  # underscores where Python has none
        return None, None
    return (angular(value) if turned else value), full


def _shift(unit: str) -> int:
    """Return the power of ten of a unit; all but the angular ones are one."""
    return Decimal(repr(SCALES[unit.removeprefix("2pi ")])).adjusted()


def _plain(digits: Decimal, unit: str) -> str:
    """Return an SI value in a unit, as Python would print it, in as many digits."""
    moved = digits.scaleb(-_shift(unit)).normalize()
    return format(moved, "f" if -5 <= moved.adjusted() < 16 else "e")


def _written_turns(value: float, unit: str) -> str:
    hertz = frequency(value)
    near = (hertz, math.nextafter(hertz, math.inf), math.nextafter(hertz, -math.inf))
    rounded = [f"{hertz:.{digits}g}" for digits in range(1, 17)]
    for candidate in (*rounded, *map(repr, near)):
        text = f"2pi*{_plain(Decimal(candidate), unit)} {unit.removeprefix('2pi ')}"
        if _read(text)[0] == value:
            return text
    return f"{float(value)!r} rad/s"  # no multiple of 2 pi is this very float


def _check_points(points: int) -> None:
    if not 1 <= points <= MOST_POINTS:
        raise ParameterError(f"must have 1 to {MOST_POINTS} points; got {points}")


def _clipped(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}...")
