"""The light of unit ensembles in the band of the field, and how it moves with them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg, special

from ccqed_ctrl import checks
from ccqed_ctrl.model.emission import emission_factors
from ccqed_ctrl.model.imaging import pixel_axis
from ccqed_ctrl.params import Cavity, Cloud, Imaging

from .demodulation import Band

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

#: Step of the difference quotients, of the rms cloud size.
STEP = 0.05
#: Light of a step by the rms cloud size, of a unit ensemble's (a lone one: 1/2), below
#: which a direction is left out: near the axis a step adds what its mirror image takes,
#: to first order, and between close sites what their amplitudes would.
FLAT = 0.05


@dataclass(frozen=True)
class EvenPart:
    """What of a field is even about the cavity axis, as all light of ensembles is.

    Each component stands for itself and its opposite: an even field has half as many,
    real relative to the axis, and sums of |.|^2 are those over the band.
    """

    band: Band

    @cached_property
    def _pairs(self) -> tuple[NDArray[np.int64], Complex]:
        """Flat indices (2, K) of opposite components, and the factors (2, K) of them.

        The factors refer components to the middle of the frame; one that is its own
        opposite is counted once.
        """
        orders, weights = self.band.orders, self.band.weights
        count, pixels = len(orders), len(self.band.mask)
        flat = np.arange(count**2).reshape(count, count)
        opposite = np.roll(flat[::-1, ::-1], 1, axis=(0, 1))
        chosen = (flat <= opposite) & (weights > 0)
        pairs = np.stack([flat[chosen], opposite[chosen]])
        turn = np.exp(1j * np.pi * orders * (pixels - 1) / pixels)
        share = np.where(pairs[0] == pairs[1], 0.5, np.sqrt(0.5))
        return pairs, np.outer(turn, turn).ravel()[pairs] * share

    def of(self, spectrum: NDArray[np.generic]) -> Complex:
        """Return the even components (K,) of a spectrum (m, m)."""
        (here, there), (factor, mirrored) = self._pairs
        flat = spectrum.ravel()
        return np.asarray(flat[here] * factor + flat[there] * mirrored, np.complex128)

    def spectrum(self, even: NDArray[np.generic]) -> Complex:
        """Return the spectrum (m, m) of an even field (K,)."""
        (here, there), (factor, mirrored) = self._pairs
        count = len(self.band.orders)
        flat = np.zeros(count**2, np.complex128)
        flat[here] = even * factor.conj()
        flat[there] += even * mirrored.conj()
        return flat.reshape(count, count)


@dataclass(frozen=True)
class Templates:
    """The even components of unit ensembles and of their gradients.

    images: (K, N) real. slopes: (K, R) real, an orthonormal basis of what small steps
    of the sites add to the field beyond what `images` explain. steepness: (N,) light
    of a unit ensemble's steps along x and along y, per m^2, together.
    """

    part: EvenPart
    images: Floats
    slopes: NDArray[np.float32]
    steepness: Floats

    @classmethod
    def of_layout(
        cls, band: Band, positions: ArrayLike, cavity: Cavity, cloud: Cloud,
        imaging: Imaging,
    ) -> Templates:  # fmt: skip
        """Prepare the templates for ensembles at positions (N, 2) in m."""
        sites = checks.array("positions", positions, ("N", 2))
        part = EvenPart(band)
        seen, *moved = responses(part, sites, cavity, cloud, imaging)
        slopes, light = _slopes(seen, np.concatenate(moved, axis=1))
        return cls(part, seen, slopes, light / cloud.size**2)

    def displacement(
        self, rest: Floats, projected: Floats, noise: float
    ) -> tuple[float, float]:
        """Return how far light is from its sites, rms in m, and the chance of as much.

        To first order, ensembles of amplitude c displaced by d add c d.grad A. With
        all in place, the light 2 chi^2 of R degrees of freedom is that of noise.

        rest: (K,) field in phase with the ensembles that they do not explain.
        projected: (N,) their amplitudes. noise: variance of a quadrature, e-.
        """
        directions = self.slopes.shape[1]
        found = rest.astype(np.float32) @ self.slopes
        light = float(np.sum(found.astype(np.float64) ** 2)) / noise
        beyond = (light - directions) * noise
        unit = float(projected**2 @ self.steepness) / 2
        chance = special.chdtrc(directions, light) if directions else 1.0
        return float(np.sqrt(max(beyond, 0.0) / unit)) if unit else 0.0, float(chance)


def responses(
    part: EvenPart, sites: Floats, cavity: Cavity, cloud: Cloud, imaging: Imaging
) -> tuple[Floats, Floats, Floats]:
    """Return unit ensembles at sites (N, 2) m, and what a step along x and y adds.

    Returns
    -------
    three (K, N) real: even components, and their change per rms cloud size.
    """
    axis, step = pixel_axis(imaging), STEP * cloud.size

    def lines(places: Floats) -> Complex:
        factors = emission_factors(axis, places, cavity.waist, cloud.size)
        return part.band.lines(factors)

    def images(along: Complex, down: Complex) -> Floats:
        found = [
            part.of(down[..., site].T @ along[..., site] * part.band.weights).real
            for site in range(len(sites))
        ]
        return np.stack(found, axis=1)

    def slope(places: Floats) -> Complex:
        rise = lines(places + step) - lines(places - step)
        return np.asarray(rise / (2 * STEP), np.complex128)

    along, down = lines(sites[:, 0]), lines(sites[:, 1])
    return (
        images(along, down),
        images(slope(sites[:, 0]), down),
        images(along, slope(sites[:, 1])),
    )


def _slopes(images: Floats, moved: Floats) -> tuple[NDArray[np.float32], Floats]:
    """Return the basis (K, R) of changes (K, 2 N), and each site's light in it (N,)."""
    gram = images.T @ images
    beyond = moved - images @ linalg.lstsq(gram, images.T @ moved)[0]
    light, directions = linalg.eigh(beyond.T @ beyond)
    steep = light > FLAT * np.diag(gram).max(initial=0.0)
    light, directions = light[steep], directions[:, steep]
    basis = beyond @ (directions / np.sqrt(light))
    steps = directions**2 @ light
    return basis.astype(np.float32), steps.reshape(2, -1).sum(axis=0)
