"""What speaks against a shot: belief alone is asked, devices first, then the light."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ccqed_ctrl.ending import Verdict
from ccqed_ctrl.holograms import HologramRecord
from ccqed_ctrl.records import Entry

from .decode import LOST, Readout

#: Share of clipped pixels beyond which a shot is called saturated.
SATURATED = 0.01
#: Share of the reference light by which two frames of one exposure may differ, and of
#: the exposure by which one may be late.
LATE = 0.1
#: How late a frame may be in any case, s: clocks of cameras tell microseconds, and
#: their triggers jitter.
PUNCTUAL = 10e-6
#: Mean product of spins and written state below which it is the reference that turned:
#: relaxation turns the misfits of a state, not the state.
INVERTED = -0.3
#: Displacement of the light, of the rms cloud size, from which a calibration is due;
#: the first signs go wrong at more than twice as much (docs/decoding.md).
DISPLACED = 0.25
#: Chance that noise alone shows a displacement, below which it is believed.
CHANCE = 1e-6


def of_devices(raw: Mapping[Entry, Any]) -> Verdict:
    """Judge what camera, DMD and lock told, before anything is decoded.

    What older files do not hold speaks against nothing.
    """
    record = HologramRecord
    frames = raw[record.frames]
    numbers = raw.get(record.sequence, np.arange(len(frames)))
    if not np.array_equal(numbers, np.arange(len(frames))):
        return Verdict.wrong_frames
    # Without a clock there are no numbers, which are not larger than any.
    late = np.abs(raw.get(record.lateness, np.nan))
    if np.any(late > max(LATE * raw.get(record.exposure, 0.0), PUNCTUAL)):
        return Verdict.late
    if not raw.get(record.pattern_shown, True):
        return Verdict.wrong_pattern
    if not raw.get(record.cavity_locked, True):
        return Verdict.unlocked
    saturated = raw[record.saturated] > SATURATED * frames.size
    return Verdict.saturated if saturated else Verdict.ok


def of_reading(
    found: Readout,
    cloud_size: float,
    reference: NDArray[np.float64],
    written: ArrayLike | None,
    occupied: ArrayLike = True,
) -> Verdict:
    """Judge what was decoded.

    Parameters
    ----------
    found : Readout
    cloud_size : float, m
        Believed rms size of the clouds.
    reference : (2,)
        Light of the reference in each frame, without that of the atoms.
    written : (N,) in {-1, 0, +1}
        What the longitudinal field surely wrote, 0 where nothing; None if unknown.
    occupied : (N,) bool
        Which sites an image showed atoms at; all, if there is none. It comes last of
        what spoils a shot: a site that stays empty would hide all else.
    """
    if reference.min() < (1 - LATE) * reference.max():
        return Verdict.late
    spins = found.spins
    if not spins.any():
        return Verdict.dark
    if written is not None and np.mean(spins * np.asarray(written)) < INVERTED:
        return Verdict.inverted
    if not np.all(occupied):
        return Verdict.lost_sites
    if is_displaced(found, cloud_size):
        return Verdict.displaced
    light = np.abs(found.amplitudes)
    dim = (light < LOST * np.median(light)) & (spins == 0)
    return Verdict.dim_sites if dim.any() else Verdict.ok


def is_displaced(found: Readout, cloud_size: float) -> bool:
    """Whether the light surely comes from beside the sites: the map is out of date."""
    far = found.displacement > DISPLACED * cloud_size
    return far and found.displacement_chance < CHANCE
