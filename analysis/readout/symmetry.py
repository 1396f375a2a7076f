"""Where the cavity axis is, by the light alone: it is even about it.

An even confocal cavity emits at -r what it emits at r. Of the components of a field
that is even about c, E(k) = g(k) exp(-i k.c) with g even, so that E(k) E*(-k) has the
phase -2 k.c: nobody has to know where the ensembles are, or how large.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from ccqed_ctrl.errors import FitError
from ccqed_ctrl.params import Imaging
from ccqed_ctrl.units import TWO_PI

from .demodulation import Field

Floats = NDArray[np.float64]

#: Components below this share of the band's radius are left out: the nonlocal waves,
#: which the edge of the frame cuts where it likes.
SMOOTH: Final = 0.2
#: Error that the edge leaves all the same, m (tests/analysis/readout/test_symmetry.py).
EDGE: Final = 20e-9
#: How far from the centre of the frame an axis is looked for, m, and how closely first.
REACH: Final = 30e-6
#: Symmetric share of the light below which there is no axis in it, and deviations of
#: noise by which there must be any.
LEAST, SIGNIFICANT = 0.5, 8.0


@dataclass(frozen=True)
class Centre:
    """A centre of mirror symmetry, m, in the coordinates of the frame.

    error: (2,) one standard error by shot noise alone, m. share: of the light beyond
    the noise and the smooth components that is symmetric about it, 1 at best.
    """

    place: Floats
    error: Floats
    share: float


def centre_of_symmetry(field: Field, imaging: Imaging) -> Centre:
    """Return the centre of largest likelihood: of largest sum Re E(k) E*(-k) e^(2ik.c).

    With the noise sigma^2 of each quadrature of a component its information is
    sum Re(...) k k^T / sigma^2.

    Raises
    ------
    FitError
        The light is not symmetric about anything near the centre of the frame.
    """
    k, product, light = _products(field, imaging)

    def loss(place: Floats) -> float:
        return -float(np.sum((product * np.exp(2j * (k @ place))).real))

    radius = float(np.linalg.norm(k, axis=1).max())
    found = optimize.minimize(
        lambda u: loss(u / radius) / np.sum(np.abs(product)),
        _start(k, product) * radius, method="BFGS",
    )  # fmt: skip
    place = np.asarray(found.x / radius, np.float64)
    even = (product * np.exp(2j * (k @ place))).real
    signal = light - 2 * field.noise * len(k)
    share = float(even.sum() / max(signal, 1e-300))
    # Each pair is counted twice.
    surely = float(even.sum() / np.sqrt(np.sum(np.abs(product) ** 2)))
    if surely < SIGNIFICANT or share < LEAST or np.abs(place).max() > REACH:
        raise FitError(
            f"the light is no mirror image of itself about any point within "
            f"{REACH * 1e6:g} um: {share:.0%} of it at best, {surely:.1f} deviations "
            "of its noise; are the ensembles dark, is other light about?"
        )
    information = np.einsum("k,ki,kj->ij", even, k, k) / field.noise
    return Centre(place, np.sqrt(np.diag(np.linalg.inv(information))), share)


def _products(
    field: Field, imaging: Imaging
) -> tuple[Floats, NDArray[np.complex128], float]:
    """Return wave vectors (K, 2) rad/m, x first, E(k) E*(-k) (K,), and sum |E|^2.

    The origin is the centre of the frame.
    """
    orders = field.band.orders
    step = TWO_PI / (imaging.pixels * imaging.pixel_size)
    both = np.isin(orders, -orders)
    kept = orders[both]
    light = field.spectrum[np.ix_(both, both)]
    opposite = np.searchsorted(np.sort(kept), -kept)
    mirrored = np.argsort(kept)[opposite]
    product = light * light[np.ix_(mirrored, mirrored)].conj()
    x, y = (step * each.astype(float) for each in np.meshgrid(kept, kept))
    k = np.stack([x.ravel(), y.ravel()], axis=1)
    middle = (imaging.pixels - 1) / 2 * imaging.pixel_size
    turned = product.ravel() * np.exp(2j * middle * k.sum(axis=1))
    size = np.linalg.norm(k, axis=1)
    sharp = size > SMOOTH * size.max()
    total = float(np.sum(np.abs(light.ravel()[sharp]) ** 2))
    return k[sharp], turned[sharp], total


def _start(k: Floats, product: NDArray[np.complex128]) -> Floats:
    """Return the best of a grid of centres, closer than the likelihood is narrow."""
    fine = np.pi / (4 * float(np.abs(k).max()))
    line = np.arange(-REACH, REACH + fine, fine)
    left = np.exp(2j * np.outer(line, k[:, 0]))
    right = np.exp(2j * np.outer(line, k[:, 1]))
    likely = ((left * product) @ right.T).real
    i, j = np.unravel_index(int(np.argmax(likely)), likely.shape)
    return np.array([line[i], line[j]])
