"""Spots in the cavity midplane as a pattern of mirrors, and the field mirrors make.

The mirrors are imaged onto the midplane. Light of a tilted carrier wave alone passes an
aperture in the Fourier plane, so each mirror that is on adds its carrier's phase: where
the stripes are, and how wide, is phase and amplitude of the field (Lee, Appl. Opt. 18,
3661 (1979)). A mirror at r is on where E(r) cos(k.r) > 0 and |cos(k.r)| is greater than
sqrt(1 - E^2), for a real field E(r) between -1 and 1: the first order is then E/pi.

Axes: N spots; rows and columns of mirrors. Places in the midplane are in m.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from .. import checks, limits
from ..errors import LimitError
from ..quantities import Parameters, quantity
from ..units import TWO_PI

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]
Pattern = NDArray[np.bool_]

#: Spot sizes from a spot to the edge of the mirrors, at least.
MARGIN: Final = 2.5
#: Fields weaker than this leave every mirror off.
DARK: Final = 1e-6
#: Patterns tried until the spots are what was asked for; the best one is kept.
ROUNDS: Final = 10


@dataclass(frozen=True)
class Mirrors(Parameters):
    """A DMD, how it is imaged onto the midplane, and what of its light passes."""

    columns: int = quantity(1024, "mirrors in a row", minimum=16, maximum=2560)
    rows: int = quantity(768, "mirrors in a column", minimum=16, maximum=1600)
    pitch: float = quantity(
        0.5e-6, "distance of mirrors, as imaged in the midplane", "um", minimum=10e-9,
        maximum=100e-6,
    )  # fmt: skip
    rotation: float = quantity(
        0.0, "direction of the rows in the midplane, rad, counterclockwise",
        minimum=-TWO_PI, maximum=TWO_PI,
    )  # fmt: skip
    mirrored: bool = quantity(False, "rows count downwards in the midplane")
    centre_x: float = quantity(
        0.0, "x of the middle of the mirrors in the midplane", "um", minimum=-1e-3,
        maximum=1e-3,
    )  # fmt: skip
    centre_y: float = quantity(
        0.0, "y of the middle of the mirrors", "um", minimum=-1e-3, maximum=1e-3
    )
    carrier_x: float = quantity(
        0.2301, "stripes of the carrier per mirror, along a row; no simple fraction",
        minimum=-0.5, maximum=0.5,
    )  # fmt: skip
    carrier_y: float = quantity(
        0.3685, "stripes of the carrier per mirror, along a column", minimum=-0.5,
        maximum=0.5,
    )  # fmt: skip
    aperture: float = quantity(
        1e6, "wave numbers about the carrier that pass, in rad/m, midplane",
        minimum=1e3, maximum=1e8,
    )  # fmt: skip
    spot: float = quantity(
        3.9392e-6, "rms size of a spot's field, in the midplane", "um", minimum=1e-7,
        maximum=100e-6,
    )  # fmt: skip
    share: float = quantity(
        0.8, "field of a spot of amplitude 1, over the largest that mirrors make: what "
        "is left is for spots that overlap", minimum=0.01, maximum=1.0,
    )  # fmt: skip

    def places(self, positions: ArrayLike) -> Floats:
        """Return column and row (N, 2) of places (N, 2) m; not whole numbers."""
        places = checks.array("positions", positions, ("N", 2))
        x, y = (places - [self.centre_x, self.centre_y]).T
        cos, sin = np.cos(self.rotation), np.sin(self.rotation)
        along, across = cos * x + sin * y, cos * y - sin * x
        across = -across if self.mirrored else across
        middle = np.array([self.columns - 1, self.rows - 1]) / 2
        found: Floats = np.column_stack([along, across]) / self.pitch + middle
        return found

    def carrier(self) -> Floats:
        """Return the carrier's phase k.r at each mirror, (rows, columns) rad."""
        row, column = np.ogrid[: self.rows, : self.columns]
        phase: Floats = TWO_PI * (self.carrier_x * column + self.carrier_y * row)
        return phase


def mirror_pattern(
    positions: ArrayLike, amplitudes: ArrayLike, mirrors: Mirrors
) -> Pattern:
    """Return which mirrors make spots of real amplitudes, (rows, columns) bool.

    The field is sum_n f_n exp(-|r - r_n|^2 / 2 spot^2), of which a spot has some
    hundred mirrors: what these make is weighed at each spot with the spot itself, and
    the spots are asked for anew by half of what is missing.

    Parameters
    ----------
    positions : (N, 2) float, m
    amplitudes : (N,) float
        |f| <= 1; the sign is the phase, 0 or half a turn.

    Raises
    ------
    ShapeError
        Other shapes, complex or infinite numbers.
    LimitError
        An amplitude beyond full scale, a spot beyond the mirrors, or spots that
        overlap to more than the mirrors can.
    """
    spots = checks.array("DMD positions", positions, ("N", 2))
    wanted = checks.array("DMD amplitudes", amplitudes, (len(spots),))
    limits.enforce("DMD amplitude", np.abs(wanted))
    lit = np.flatnonzero(wanted)
    wanted, shapes = wanted[lit], _Spots(spots[lit], mirrors)
    shapes.require_room(wanted, lit)
    stripes = np.cos(mirrors.carrier())
    asked, target = wanted, shapes.weighed(shapes.field(wanted))
    best, least = _on(shapes.field(wanted), stripes), np.inf
    for _ in range(ROUNDS):
        pattern = _on(shapes.field(asked), stripes)
        made = np.pi * shapes.weighed(np.where(pattern, stripes, 0.0))
        missing: Floats = target - made
        worst = float(np.max(np.abs(missing), initial=0.0))
        if worst < least:
            best, least = pattern, worst
        asked = asked + missing / (2 * mirrors.share)
    return best


def _on(field: Floats, stripes: Floats) -> Pattern:
    """Return which mirrors are on for a field in [-1, 1] and cos(k.r)."""
    on: Pattern = (field * stripes > DARK * np.abs(stripes)) & (
        field**2 + stripes**2 > 1
    )
    return on


class _Spots:
    """Gaussian spots on the mirrors: products of a row's and a column's shape."""

    def __init__(self, positions: Floats, mirrors: Mirrors) -> None:
        self._mirrors = mirrors
        self._places = mirrors.places(positions)
        self._size = mirrors.spot / mirrors.pitch
        column, row = self._places.T
        self._x = self._shape(np.arange(mirrors.columns), column)
        self._y = self._shape(np.arange(mirrors.rows), row)
        self._area = np.sum(self._x**2, axis=1) * np.sum(self._y**2, axis=1)

    def _shape(self, mirrors: NDArray[Any], centres: Floats) -> Floats:
        distance = (mirrors - centres[:, None]) / self._size
        shape: Floats = np.exp(-(distance**2) / 2)
        return shape

    def field(self, amplitudes: Floats) -> Floats:
        """Return the field (rows, columns) over the largest that mirrors make."""
        field: Floats = (self._y.T * (self._mirrors.share * amplitudes)) @ self._x
        return field

    def weighed(self, field: Floats) -> Floats:
        """Return a field's mean at each spot (N,), weighed with the spot."""
        found: Floats = np.sum((self._y @ field) * self._x, axis=1) / self._area
        return found

    def require_room(self, amplitudes: Floats, names: NDArray[np.intp]) -> None:
        """Refuse spots that are beyond the mirrors, or too bright where they overlap.

        names: (N,) of the spots.
        """
        sizes = np.array([self._mirrors.columns - 1, self._mirrors.rows - 1])
        room = np.minimum(self._places, sizes - self._places).min(
            axis=1, initial=np.inf
        )
        beyond = np.flatnonzero(room < MARGIN * self._size)
        if beyond.size:
            column, row = self._places[beyond[0]]
            raise LimitError(
                f"spot {names[beyond[0]]} is on mirror {column:.0f} of row {row:.0f}, "
                f"beyond the {self._mirrors.columns} x {self._mirrors.rows} or within "
                f"{MARGIN * self._size:.0f} of their edge; are pitch and centre right?"
            )
        largest = float(np.max(np.abs(self.field(amplitudes)), initial=0.0))
        if largest > 1:
            raise LimitError(
                f"where spots overlap, their field is {largest:.3g} times what the "
                f"mirrors can; give a spot less than the share {self._mirrors.share:g}"
            )


def midplane_field(pattern: ArrayLike, mirrors: Mirrors) -> Complex:
    """Return the field of a pattern at the mirrors' images, (rows, columns) complex.

    What passes the aperture about the carrier, without it, in units of a spot of
    amplitude 1.

    Parameters
    ----------
    pattern : (rows, columns) bool or 0 and 1

    Raises
    ------
    ShapeError
        A pattern of another size.
    """
    on = checks.array("DMD pattern", pattern, (mirrors.rows, mirrors.columns))
    spectrum = fft.fft2(on * np.exp(-1j * mirrors.carrier()))
    waves = [
        TWO_PI * fft.fftfreq(size, mirrors.pitch)
        for size in (mirrors.rows, mirrors.columns)
    ]
    spectrum[np.hypot(waves[0][:, None], waves[1]) > mirrors.aperture] = 0
    field: Complex = fft.ifft2(spectrum) * (np.pi / mirrors.share)
    return field
