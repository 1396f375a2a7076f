"""The ideal confocal Green's function of finite clouds: emission and response.

Even confocal cavity, atoms in the midplane, modes n = 0 mod 4 (physics.md 7):

    A_j(r) = 1/2 P(r - r_j) + 1/2 P(r + r_j)
             + (1/pi) exp(-2 s^2 r^2 / w0^4) cos(2 r.r_j / w0^2),
    P(d) = w0^2 / (2 pi s^2) exp(-d^2 / 2 s^2),

with s the rms cloud size; the cosine is that of a point source seen by a cloud.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..units import TWO_PI

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]


def emission_kernel(
    points: ArrayLike, positions: ArrayLike, waist: float, size: float
) -> Floats:
    """Return A_j(r_k), the midplane field at `points` of unit ensembles.

    Parameters
    ----------
    points : (K, 2) float, m
    positions : (N, 2) float, m
    waist, size : float, m
        w0 and the rms cloud size (> 0).

    Returns
    -------
    (K, N) float, dimensionless; times g~ S m / (2 w0 (D + i kappa)) it is the field in
    sqrt(photons)/m, whose square integrates to the photon number.

    Raises
    ------
    ShapeError, ParameterError
    """
    r = checks.array("points", points, ("K", 2))
    sites = checks.array("positions", positions, ("N", 2))
    waist = checks.number("waist", waist, 1e-9, unit="m")
    size = checks.number("size", size, 1e-12, unit="m")
    cross = r @ sites.T
    squares = np.sum(r**2, axis=1)[:, None]
    sum_squares = squares + np.sum(sites**2, axis=1)[None, :]
    spot = waist**2 / (TWO_PI * size**2)
    local = np.exp(-(sum_squares - 2 * cross) / (2 * size**2))
    mirror = np.exp(-(sum_squares + 2 * cross) / (2 * size**2))
    envelope = np.exp(-2 * size**2 * squares / waist**4)
    nonlocal_part = envelope * np.cos(2 * cross / waist**2) / np.pi
    return 0.5 * spot * (local + mirror) + nonlocal_part


def emission_factors(
    places: ArrayLike, positions: ArrayLike, waist: float, size: float
) -> Complex:
    """Return F_tj(x): A_j(x, y) is the sum over t of F_tj(x) F_tj(y).

    The spot, its mirror image, and a plane wave each way are products. An image of K^2
    points is made of few lines.

    Parameters
    ----------
    places : (K,) float, m
        Along one axis.
    positions : (N,) float, m
        Of the ensembles along it.
    waist, size : float, m
        As for `emission_kernel`.

    Returns
    -------
    (4, K, N) complex.

    Raises
    ------
    ShapeError, ParameterError
    """
    x = checks.array("places", places, ("K",))[:, None]
    sites = checks.array("positions", positions, ("N",))[None, :]
    waist = checks.number("waist", waist, 1e-9, unit="m")
    size = checks.number("size", size, 1e-12, unit="m")
    spot = np.sqrt(0.5 / TWO_PI) * waist / size
    wave = np.exp(-2 * (size * x / waist**2) ** 2 + 2j * x * sites / waist**2)
    return np.stack([
        spot * np.exp(-((x - sites) ** 2) / (2 * size**2)),
        spot * np.exp(-((x + sites) ** 2) / (2 * size**2)),
        wave / np.sqrt(TWO_PI),
        wave.conj() / np.sqrt(TWO_PI),
    ])  # fmt: skip


def overlap_kernel(positions: ArrayLike, waist: float, size: float) -> Floats:
    """Return A_ij, the response at cloud i to a unit cloud j, in units of J0.

    A_ij = beta (exp(-|r_i-r_j|^2/4s^2) + exp(-|r_i+r_j|^2/4s^2)) + f_ij, with
    beta = w0^2/8s^2 and f_ij the finite-size cosine after Eq. B5. The paper keeps
    beta on the diagonal only: that is the limit of sites many s apart (and away
    from the axis), which real layouts do not reach.

    Parameters
    ----------
    positions : (N, 2) float, m
    waist, size : float, m

    Returns
    -------
    (N, N) float, symmetric.
    """
    sites = checks.array("positions", positions, ("N", 2))
    waist = checks.number("waist", waist, 1e-9, unit="m")
    size = checks.number("size", size, 1e-12, unit="m")
    beta = waist**2 / (8 * size**2)
    cross = sites @ sites.T
    squares = np.diag(cross)
    sums = squares[:, None] + squares[None, :]
    local = np.exp(-(sums - 2 * cross) / (4 * size**2))
    mirror = np.exp(-(sums + 2 * cross) / (4 * size**2))
    return beta * (local + mirror) + finite_size_cosine(sites, waist, size)


def finite_size_cosine(positions: Floats, waist: float, size: float) -> Floats:
    """Return f_ij, the nonlocal coupling of Gaussian clouds, in units of J0.

    f_ij = exp(-2 s^2 (r_i^2+r_j^2)/(w0^4+4s^4)) / (1+4s^4/w0^4)
           * cos(2 w0^2 r_i.r_j/(w0^4+4s^4)),  after Eq. B5.
    """
    cross = positions @ positions.T
    squares = np.diag(cross)
    denominator = waist**4 + 4 * size**4
    damping = np.exp(-2 * size**2 * (squares[:, None] + squares[None, :]) / denominator)
    phase = 2 * waist**2 * cross / denominator
    return damping * np.cos(phase) * (waist**4 / denominator)
