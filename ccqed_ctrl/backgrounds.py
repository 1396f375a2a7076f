"""What the camera makes of no light and of flat light: what is stored, and planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from . import limits
from .belief import Apparatus
from .params import Run
from .quantities import Parameters, quantity
from .records import Entry, FrameRecord, row

#: Frames alike: of their difference, all that differs from pixel to pixel is gone.
PAIR: Final = 2


@dataclass(frozen=True)
class FlatLight(Parameters):
    """How much reference light there is."""

    exposure: float = quantity(
        20e-6, "camera exposure", "us", minimum=1e-6, maximum=1.0
    )


class BackgroundRecord(FrameRecord):
    """A pair of frames without light, and one of the reference alone."""

    dark = row("", "float64", "mean of the dark pair, ADU")
    dark_variance = row("", "float64", "of a pixel of it in time, ADU^2")
    lit = row("", "float64", "mean of the lit pair above the dark one, ADU")
    lit_variance = row("", "float64", "of a pixel of the lit pair in time, ADU^2")


@dataclass(frozen=True)
class BackgroundShot:
    """One shot, of which nothing is known before."""

    @property
    def rows(self) -> Mapping[Entry, Any]:
        """What is stored with the shot."""
        return {}


@dataclass(frozen=True)
class BackgroundPlan:
    """What the shots of a point have in common: belief, and the exposure in s."""

    apparatus: Apparatus
    exposure: float
    shots: tuple[BackgroundShot, ...]

    @property
    def planned(self) -> Mapping[Entry, Any]:
        """What is stored once."""
        return {}

    @property
    def sizes(self) -> Mapping[str, int]:
        """Sizes of the axes of frames."""
        pixels = self.apparatus.imaging.pixels
        return {"F": 2 * PAIR, "ny": pixels, "nx": pixels}


def plan_background(
    light: FlatLight, *, apparatus: Apparatus, run: Run, **_: Any
) -> BackgroundPlan:
    """Plan the shots of one exposure.

    Raises
    ------
    LimitError
        An exposure that the camera may not have.
    """
    limits.enforce("camera exposure", light.exposure)
    return BackgroundPlan(apparatus, light.exposure, (BackgroundShot(),) * run.shots)
