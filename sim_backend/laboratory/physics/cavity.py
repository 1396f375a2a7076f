"""The cavity as a finite sum of Hermite-Gauss modes: couplings, response, emission.

Only modes of order n = l + m = 0 mod 4 couple (even confocal cavity, midplane,
physics.md 7). With u_lm normalised to one and <u_lm>_j its average over cloud j,
g_jm = g~ w0 <u_m>_j, and the mode amplitudes are alpha_m = sum_j g_jm s_j/(D_m+i kappa)
(Eq. 1.3). A mode of order n has the detuning

    D_lm = D + spread * n + astigmatism * (l - m) / 2,

zero spread and astigmatism being the ideal confocal point; the sum over all orders is
the closed form of `ccqed_ctrl.model.emission`.

Axes: l, m mode orders along x and y (0..max_order); K the modes kept; N clouds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ccqed_ctrl import checks
from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.params import Cavity
from ccqed_ctrl.quantities import Parameters, quantity
from ccqed_ctrl.units import TWO_PI

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

#: Nodes of the Gauss-Hermite average over a cloud; exact for the orders used here
#: while the local wave number times the cloud size stays below about 6.
CLOUD_NODES = 48


@dataclass(frozen=True)
class ModeFamily(Parameters):
    """The modes that take part."""

    max_order: int = quantity(240, "largest l + m", minimum=0, maximum=1000)
    spread: float = quantity(
        0.0, "detuning per order", "rad/s", minimum=-1e9, maximum=1e9
    )
    astigmatism: float = quantity(
        0.0, "detuning per (l - m) / 2", "rad/s", minimum=-1e9, maximum=1e9
    )

    def orders(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return l and m (K,) of the modes with l + m = 0 mod 4."""
        return _orders(self.max_order)

    def response(self, cavity: Cavity) -> Complex:
        """Return 1 / (D_m + i kappa) for each mode, (K,) complex, s."""
        l, m = self.orders()  # noqa: E741
        shift = self.spread * (l + m) + self.astigmatism * (l - m) / 2
        detuning = cavity.pump_detuning + shift
        return np.asarray(1 / (detuning + 1j * cavity.kappa), np.complex128)


@cache
def _orders(max_order: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    l, m = np.meshgrid(*[np.arange(max_order + 1)] * 2, indexing="ij")  # noqa: E741
    kept = ((l + m) % 4 == 0) & (l + m <= max_order)
    found = l[kept], m[kept]
    for orders in found:
        orders.setflags(write=False)  # shared by all who ask
    return found


def hermite_gauss(points: ArrayLike, max_order: int, waist: float) -> Floats:
    """Return the normalised 1-D modes u_l(x), (max_order + 1, K) in 1/sqrt(m).

    Parameters
    ----------
    points : (K,) float, m
    """
    x = checks.array("points", points, ("K",)) * np.sqrt(2) / waist
    modes = np.empty((max_order + 1, len(x)))
    modes[0] = (2 / (np.pi * waist**2)) ** 0.25 * np.exp(-(x**2) / 2)
    if max_order:
        modes[1] = np.sqrt(2) * x * modes[0]
    for order in range(1, max_order):
        modes[order + 1] = (
            np.sqrt(2 / (order + 1)) * x * modes[order]
            - np.sqrt(order / (order + 1)) * modes[order - 1]
        )
    return modes


def mehler_green(
    points: ArrayLike, sources: ArrayLike, waist: float, damping: complex
) -> Complex:
    """Return w0^2 sum_m u_m(r) u_m(r') e^(-n phi) over all modes, (K, L) complex.

    G = 2 / (pi (1 - e^(-2 phi))) exp[2 r.r' / (w0^2 sinh phi)
        - (r^2 + r'^2) / (w0^2 tanh phi)], Eq. B2, corrected: printed without the 2.
    The ideal confocal kernel is the limit G+(0) + G+(i pi/2) of its even part (B3, B4).

    Parameters
    ----------
    points, sources : (K, 2), (L, 2) float, m
    damping : complex
        phi, with a positive real part, or i pi/2.

    Raises
    ------
    ShapeError
    ParameterError
        A damping for which the sum does not exist.
    """
    r = checks.array("points", points, ("K", 2)) / waist
    s = checks.array("sources", sources, ("L", 2)) / waist
    phi = complex(damping)
    if phi.real < 0 or abs(np.sinh(phi)) < 1e-12:
        message = f"damping must have a positive real part, or be i pi/2; got {damping}"
        raise ParameterError(message)
    squares = np.sum(r**2, axis=1)[:, None] + np.sum(s**2, axis=1)[None, :]
    # 1/tanh as cosh/sinh: tanh is infinite at i pi/2.
    exponent = (2 * (r @ s.T) - squares * np.cosh(phi)) / np.sinh(phi)
    return np.asarray(2 / (np.pi * (1 - np.exp(-2 * phi))) * np.exp(exponent))


def blurred_modes(
    points: ArrayLike, blur: float, max_order: int, waist: float
) -> Floats:
    """Return `hermite_gauss` averaged over Gaussians of rms `blur` (m) at the points.

    points: (K,) float, m. (max_order + 1, K) in 1/sqrt(m).
    """
    centres = checks.array("points", points, ("K",))
    nodes, weights = np.polynomial.hermite_e.hermegauss(CLOUD_NODES)
    weights = weights / np.sqrt(TWO_PI)
    around = centres[:, None] + blur * nodes
    values = hermite_gauss(around.ravel(), max_order, waist)
    averages: Floats = values.reshape(len(values), *around.shape) @ weights
    return averages


def cloud_averages(
    positions: ArrayLike, size: float, waist: float, modes: ModeFamily
) -> Floats:
    """Return <u_m>_j of Gaussian clouds, (K, N) in 1/m.

    Parameters
    ----------
    positions : (N, 2) float, m
    size : float, m
        rms cloud size per coordinate.
    """
    sites = checks.array("positions", positions, ("N", 2))
    x, y = (blurred_modes(axis, size, modes.max_order, waist) for axis in sites.T)
    l, m = modes.orders()  # noqa: E741
    averages: Floats = x[l] * y[m]
    return averages


def mode_couplings(
    averages: Floats, coupling: float, cavity: Cavity, modes: ModeFamily
) -> Floats:
    """Return J_ij = -sum_m D_m g_im g_jm / (D_m^2 + kappa^2), Eq. 15, rad/s.

    Parameters
    ----------
    averages : (K, N) of `cloud_averages`
    coupling : float, rad/s
        g~.
    """
    weights = -modes.response(cavity).real * (coupling * cavity.waist) ** 2
    couplings: Floats = averages.T @ (weights[:, None] * averages)
    return (couplings + couplings.T) / 2


def drive_kernel(
    clouds: Floats, spots: Floats, cavity: Cavity, modes: ModeFamily
) -> Floats:
    """Return K_ik, the field at cloud i of a unit longitudinal spot k.

    Eq. 16's h_i = -2 sum_m phi_m D_m g_im/(D_m^2+kappa^2) in the units in which the
    ideal cavity gives `ccqed_ctrl.model.emission.overlap_kernel`.

    Parameters
    ----------
    clouds, spots : (K, N), (K, L) of `cloud_averages`
    """
    ideal = cavity.pump_detuning / (cavity.pump_detuning**2 + cavity.kappa**2)
    weights = modes.response(cavity).real / ideal * TWO_PI * cavity.waist**2
    kernel: Floats = clouds.T @ (weights[:, None] * spots)
    return kernel


def mode_amplitudes(
    averages: Floats,
    spin_projections: ArrayLike,
    coupling: float,
    cavity: Cavity,
    modes: ModeFamily,
) -> Complex:
    """Return alpha_m = sum_j g_jm s_j / (D_m + i kappa), (K,) (Eq. 1.3).

    Parameters
    ----------
    spin_projections : (N,) float
        s_j = S_j m_j, the Sx expectation of each ensemble.
    """
    projections = checks.array("spin_projections", spin_projections, ("N",))
    source: Floats = coupling * cavity.waist * (averages @ projections)
    return source * modes.response(cavity)


def drive_amplitudes(
    pattern: Floats, strength: float, coupling: float, cavity: Cavity, modes: ModeFamily
) -> Complex:
    """Return alpha_m = phi_m / (D_m + i kappa), (K,), of a longitudinal drive alone.

    phi_m is what makes h_i = -2 sum_m phi_m Re[1/(D_m + i kappa)] g_im (Eq. 16) the
    field strength times `drive_kernel` @ f, with g~ = coupling.

    Parameters
    ----------
    pattern : (K,) float, 1/m
        `cloud_averages` of the spots times their amplitudes f.
    strength, coupling : float, rad/s
        Field of a unit pattern and g~ at one pump; only their ratio counts.
    """
    ideal = cavity.pump_detuning / (cavity.pump_detuning**2 + cavity.kappa**2)
    drive: Floats = -strength * np.pi * cavity.waist / (coupling * ideal) * pattern
    return drive * modes.response(cavity)


@dataclass(frozen=True)
class ModeImager:
    """The modes on a square pixel grid, ready to turn amplitudes into a field."""

    modes: ModeFamily
    columns: Floats  # (max_order + 1, pixels), u_l at the pixel x
    rows: Floats  # (max_order + 1, pixels), u_m at the pixel y

    @classmethod
    def on_grid(
        cls,
        x: ArrayLike,
        y: ArrayLike,
        waist: float,
        modes: ModeFamily,
        *,
        blur: float = 0.0,
    ) -> ModeImager:
        """Prepare for pixel centres x (nx,) and y (ny,) in m.

        blur: rms of the Gaussian that the imaging makes of a point, m.
        """
        order = modes.max_order
        if blur > 0:
            columns, rows = (blurred_modes(z, blur, order, waist) for z in (x, y))
        else:
            columns, rows = (hermite_gauss(z, order, waist) for z in (x, y))
        return cls(modes, columns, rows)

    def field(self, amplitudes: Complex) -> Complex:
        """Return sum_m alpha_m u_m(r), (ny, nx) complex, sqrt(photons)/m."""
        l, m = self.modes.orders()  # noqa: E741
        table = np.zeros((2, len(self.rows), len(self.columns)))
        table[:, m, l] = amplitudes.real, amplitudes.imag
        # The modes are real: two products of real tables are half of a complex one.
        real, imaginary = self.rows.T @ (table @ self.columns)
        return np.asarray(real + 1j * imaginary, np.complex128)
