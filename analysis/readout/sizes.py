"""How large the clouds are, whatever the imaging blurs: by the waves, not the spots.

An ensemble of rms size s emits two spots and a nonlocal wave, exp(-2 s^2 r^2/w0^4)
cos(2 r.r_j/w0^2)/pi, with as much light as both. Blur widens the spots and leaves alone
waves of tens of micrometres: their envelope tells the size that the couplings have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg, optimize

from ccqed_ctrl.errors import FitError
from ccqed_ctrl.model.emission import emission_factors
from ccqed_ctrl.model.imaging import pixel_axis
from ccqed_ctrl.params import Cavity, Cloud, Imaging

from .demodulation import Field
from .positions import Places, find_places
from .templates import EvenPart

Floats = NDArray[np.float64]

#: Sizes that are looked at, over the believed one.
LEAST, MOST = 0.5, 2.0
#: How often places and sizes are fitted in turn.
ROUNDS = 2


@dataclass(frozen=True)
class Sizes:
    """Rms sizes, m: of the clouds, by the envelope, and of the spots in the image."""

    cloud: float
    spot: float


def find_sizes(
    field: Field, near: ArrayLike, cavity: Cavity, cloud: Cloud, imaging: Imaging
) -> Sizes:
    """Fit places and sizes of ensembles to a field about the cavity axis.

    In turn, since places by spots of another size than theirs are a little beside.

    Parameters
    ----------
    field : Field
        With the axis in its centre.
    near : (N, 2)
        Where the ensembles are about, m: to within a cloud's size.

    Raises
    ------
    FitError
        No light, or a size at the end of what is looked at.
    """
    spots, found = cloud, Sizes(cloud.size, cloud.size)
    for _ in range(ROUNDS):
        seen = find_places(field, near, cavity, spots, imaging)
        found = _sizes(field, seen, cavity, found, imaging)
        spots = cloud.replace(size=found.spot)
    return found


def _sizes(
    field: Field, seen: Places, cavity: Cavity, believed: Sizes, imaging: Imaging
) -> Sizes:
    """Fit both sizes where the places are known; amplitudes are linear."""
    lit = np.isfinite(seen.places).all(axis=1)
    if not lit.any():
        raise FitError("no ensemble is bright enough to tell its size")
    part, sites, axis = EvenPart(field.band), seen.places[lit], pixel_axis(imaging)

    def images(cloud_size: float, spot_size: float) -> Floats:
        lines = [
            np.concatenate([
                emission_factors(axis, along, cavity.waist, spot_size)[:2],
                emission_factors(axis, along, cavity.waist, cloud_size)[2:],
            ])
            for along in sites.T
        ]  # fmt: skip
        x, y = (part.band.lines(each) for each in lines)
        found = [
            part.of(y[..., k].T @ x[..., k] * part.band.weights).real
            for k in range(len(sites))
        ]
        return np.stack(found, axis=1)

    data = part.of(field.spectrum)
    start = np.array([believed.cloud, believed.spot])
    first = images(*start)
    phase = 0.5 * np.angle(np.sum(linalg.lstsq(first, data)[0] ** 2))
    real = (data * np.exp(-1j * phase)).real

    def rest(logarithms: Floats) -> Floats:
        columns = images(*(start * np.exp(logarithms)))
        solved = linalg.solve(columns.T @ columns, columns.T @ real, assume_a="pos")
        return np.asarray(real - columns @ solved, np.float64)

    ends = np.log([LEAST, MOST])
    found = optimize.least_squares(
        rest, [0.0, 0.0], bounds=(ends[0], ends[1]), diff_step=1e-3, xtol=1e-5
    )
    if np.any(np.abs(found.x) > 0.99 * ends[1]):
        raise FitError(
            f"a size is not within {LEAST:g} to {MOST:g} of the believed one: is the "
            "map of the traps right?"
        )
    size, spot = start * np.exp(found.x)
    return Sizes(float(size), float(spot))
