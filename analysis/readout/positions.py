"""Where ensembles are, by one hologram: the decoder's model with places free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg

from ccqed_ctrl import checks
from ccqed_ctrl.params import Cavity, Cloud, Imaging

from .decode import LOST
from .demodulation import Field
from .templates import EvenPart, responses

Floats = NDArray[np.float64]

#: Steps of the fit, and what each may be at most, of the rms cloud size.
STEPS, LONGEST = 12, 0.5
#: A step of this share of the cloud is none.
SETTLED: Final = 1e-3


@dataclass(frozen=True)
class Places:
    """Ensembles as the light shows them.

    places, errors: (N, 2) m about the cavity axis, with one standard error by shot
    noise alone; NaN of those that are too dim. amplitudes: (N,) real, sqrt(e-).
    """

    places: Floats
    errors: Floats
    amplitudes: Floats


def find_places(
    field: Field, near: ArrayLike, cavity: Cavity, cloud: Cloud, imaging: Imaging
) -> Places:
    """Fit places and amplitudes to a field about the cavity axis, by least squares.

    To first order an ensemble of amplitude c displaced by d adds c d.grad A: amplitudes
    and displacements are linear, and the fit goes on from there (Gauss-Newton).

    Parameters
    ----------
    field : Field
        With the axis in its centre (`demodulation.centred`).
    near : (N, 2)
        Where the ensembles are about, m: to within a cloud's size.
    """
    start = checks.array("near", near, ("N", 2))
    part, places = EvenPart(field.band), start.copy()
    data = _in_phase(part.of(field.spectrum), part, start, cavity, cloud, imaging)
    for _ in range(STEPS):
        columns = np.hstack(responses(part, places, cavity, cloud, imaging))
        gram = columns.T @ columns
        solved = linalg.lstsq(gram, columns.T @ data)[0]
        amplitudes, steps = solved[: len(places)], solved[len(places) :]
        lit = np.abs(amplitudes) > LOST * np.median(np.abs(amplitudes))
        moves = np.zeros_like(places)
        moves[lit] = (steps.reshape(2, -1).T)[lit] / amplitudes[lit, None]
        places = places + cloud.size * np.clip(moves, -LONGEST, LONGEST)
        if np.abs(moves).max(initial=0.0) < SETTLED:
            break
    variance = np.diag(linalg.pinvh(gram))[len(places) :] * field.noise
    errors = (
        cloud.size * np.sqrt(variance.reshape(2, -1).T) / np.abs(amplitudes)[:, None]
    )
    far = np.linalg.norm(places - start, axis=1) > 2 * cloud.size
    lost = ~lit | far
    return Places(
        np.where(lost[:, None], np.nan, places),
        np.where(lost[:, None], np.nan, errors),
        amplitudes,
    )


def _in_phase(
    data: NDArray[np.complex128],
    part: EvenPart,
    near: Floats,
    cavity: Cavity,
    cloud: Cloud,
    imaging: Imaging,
) -> Floats:
    """Return the field (K,) in phase with the ensembles, whatever their signs."""
    seen = responses(part, near, cavity, cloud, imaging)[0]
    amplitudes = linalg.lstsq(seen, data)[0]
    phase = 0.5 * np.angle(np.sum(amplitudes**2))
    return np.asarray((data * np.exp(-1j * phase)).real, np.float64)
