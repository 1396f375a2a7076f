"""The flip kernel as a table, so that no dynamics evaluates a Bessel function.

To first order in Lam every kernel is a sum of two universal functions,

    K_i = a_i H + b_i G / pole,

with weights a_i, b_i of the ensemble, so one table of H and G serves all ensembles and
pump powers. `exact`: H = h0, G = de^2 K1, pole = de^2. `printed`: H = h0, G the
Lorentzian, pole = 1.

In the dynamics omega_z dresses the exact kernel, which would diverge where a field
crosses zero: E^2 = de^2 + omega_z^2 (physics.md section 2). Between dressed states
(`dressed`) all is read at +-E. Between eigenstates of Sx (`kernel`) the pole is E^2,
the zero-photon line is that of -E and E in the shares (1 -+ de/E)/2, and the cavity
responds at de: smooth in de, K(de) where |de| >> omega_z, the same K(-de)/K(de).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline

from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.params import Cavity

from .noise import coherence_transform, lineshape
from .system import Floats, OhmicNoise

_MAX_NODES = 1 << 18
#: Energies, over kappa, that a table may reach; beyond, it would be too large to make.
_WIDEST = 1024


@dataclass(frozen=True, eq=False)
class KernelTable:
    """Cubic Hermite table of H and G on a uniform grid of energies.

    Compared and hashed by identity; `tabulate` returns the same one for the same case.

    nodes: (K, 8) H, G for `dressed` and H, G for `kernel`, each followed by its slope
    times the spacing. origin, spacing, omega_z, detuning (|Delta_C|): rad/s. exact:
    which of the two kernels.
    """

    nodes: Floats
    origin: float
    spacing: float
    omega_z: float
    detuning: float
    exact: bool

    def weights(self, self_coupling: ArrayLike) -> tuple[Floats, Floats]:
        """Return (a, b) of K = a H + b G/pole; self_coupling: q J_ii, rad/s."""
        Lam = np.asarray(self_coupling, np.float64) / self.detuning
        if self.exact:
            line = np.full_like(Lam, self.omega_z**2 / 2)
        else:
            line = self.omega_z**2 / 8 * np.exp(-Lam)
        return line, line * Lam

    def parts(self, energy_change: ArrayLike) -> tuple[Floats, Floats]:
        """Return (H, G/pole) of K(de) = a H + b G/pole, dressed if exact."""
        energy = np.asarray(energy_change, np.float64)
        pole = energy**2 + self.omega_z**2 if self.exact else 1.0
        return self._read(4, energy), self._read(6, energy) / pole

    def kernel(self, energy_change: ArrayLike, self_coupling: ArrayLike) -> Floats:
        """Return K(de) in 1/s, dressed if exact; arguments broadcast."""
        line, sideband = self.parts(energy_change)
        a, b = self.weights(self_coupling)
        return np.maximum(a * line + b * sideband, 0.0)

    def dressed(
        self, field: ArrayLike, self_coupling: ArrayLike
    ) -> tuple[Floats, Floats]:
        """Return (K_down, K_up) of `rates.dressed_kernels` at total field b."""
        energy = np.hypot(field, self.omega_z)
        a, b = self.weights(self_coupling)
        pole = energy**2 if self.exact else 1.0
        down, up = (
            a * self._read(0, step) + b * self._read(2, step) / pole
            for step in (-energy, energy)
        )
        return np.maximum(down, 0.0), np.maximum(up, 0.0)

    def _read(self, column: int, energy: Floats) -> Floats:
        position = (energy - self.origin) / self.spacing
        index = np.clip(position.astype(np.int64), 0, len(self.nodes) - 2)
        t = np.clip(position - index, 0.0, 1.0)
        left, right = self.nodes[index], self.nodes[index + 1]
        y0, d0 = left[..., column], left[..., column + 1]
        y1, d1 = right[..., column], right[..., column + 1]
        rise = y1 - y0
        return y0 + t * (d0 + t * (3 * rise - 2 * d0 - d1 + t * (d0 + d1 - 2 * rise)))


def tabulate(
    cavity: Cavity,
    *,
    omega_z: float,
    noise: OhmicNoise | None,
    model: str,
    largest_energy: float,
) -> KernelTable:
    """Return the table for energies up to +-largest_energy (rad/s).

    Raises
    ------
    ParameterError
        model is neither `exact` nor `printed`; alpha <= 1/2, where the zero-photon
        line diverges; or energies too large for the linewidth.
    """
    if model not in ("exact", "printed"):
        raise ParameterError(f"flip_rates must be exact or printed; got {model!r}")
    if noise is not None and noise.alpha <= 0.5:
        raise ParameterError(
            f"OhmicNoise.alpha must exceed 0.5 in dynamics; got {noise.alpha:g}; "
            "for no noise use noise=None"
        )
    reach = abs(cavity.pump_detuning)
    needed = np.hypot(largest_energy, omega_z)
    if not max(reach, needed) <= _WIDEST * cavity.kappa:
        raise ParameterError(
            f"the atoms' energies and Delta_C reach {max(reach, needed):.3g} rad/s; at "
            f"most {_WIDEST} kappa = {_WIDEST * cavity.kappa:.3g} rad/s are simulated: "
            "fewer atoms, a weaker pump or drive, other detunings, a larger kappa"
        )
    while reach <= needed:
        reach *= 2
    return _tabulate(cavity, omega_z, noise, model, reach)


@functools.lru_cache(maxsize=32)
def _tabulate(
    cavity: Cavity, omega_z: float, noise: OhmicNoise | None, model: str, reach: float
) -> KernelTable:
    exact = model == "exact"
    finest = cavity.kappa / 32
    if noise is not None:
        finest = min(finest, noise.cutoff / 4)
    count = min(int(np.ceil(reach / finest)), _MAX_NODES // 2)
    energy = np.linspace(-reach, reach, 2 * count + 1)
    spacing = reach / count
    columns = _columns(cavity, omega_z, noise, exact, energy)
    nodes = np.zeros((energy.size, 2 * len(columns)))
    for k, values in enumerate(columns):
        nodes[:, 2 * k] = values
        nodes[:, 2 * k + 1] = spacing * CubicSpline(energy, values)(energy, 1)
    nodes.setflags(write=False)
    detuning = abs(cavity.pump_detuning)
    return KernelTable(nodes, -reach, spacing, omega_z, detuning, exact)


def _columns(
    cavity: Cavity,
    omega_z: float,
    noise: OhmicNoise | None,
    exact: bool,
    energy: Floats,
) -> list[Floats]:
    """Return H, G for `dressed` and H, G for `kernel` on the grid."""
    D, kappa = cavity.pump_detuning, cavity.kappa
    H = lineshape(noise, energy)
    if noise is None or not (exact or noise.quantum):
        lorentzian = kappa / ((energy - D) ** 2 + kappa**2)
        G = (D**2 + kappa**2 if exact else 1.0) * lorentzian
        return [H, G, H, G]
    coarse = _coarse_grid(energy[-1], kappa, max(omega_z, noise.cutoff))
    c = kappa - 1j * D
    shifted, _ = coherence_transform(noise, 1j * coarse + c)
    if not exact:
        G = CubicSpline(coarse, shifted.real)(energy)
        return [H, G, H, G]
    r = abs(c) ** 2 / c**2
    sideband = -(coarse**2) * (r * shifted).real
    E = np.hypot(coarse, omega_z)
    share = 0.5 * (1 + coarse / E)
    above, below = (_depletion(noise, r, kappa, sign * E) for sign in (1, -1))
    bare = sideband + _depletion(noise, r, kappa, coarse)
    mixed = sideband + share * above + (1 - share) * below
    E = np.hypot(energy, omega_z)
    share = 0.5 * (1 + energy / E)
    line = share * lineshape(noise, E) + (1 - share) * lineshape(noise, -E)
    G_bare, G_mixed = CubicSpline(coarse, [bare, mixed], axis=-1)(energy)
    return [H, G_bare, line, G_mixed]


def _depletion(noise: OhmicNoise, r: complex, kappa: float, energy: Floats) -> Floats:
    """Return de^2 Re[r I + kappa I'](i de), what the sidebands take from the line.

    Without Re(r) h0, which stands beside h0 with a factor Lam.
    """
    on_axis, slope = coherence_transform(noise, 1j * energy)
    return energy**2 * (kappa * slope.real - r.imag * on_axis.imag)


def _coarse_grid(reach: float, peak: float, line: float) -> Floats:
    """Return energies fine enough for a peak anywhere and a narrower line at zero.

    Transforms cost a thousand times what an interpolation does.
    """
    uniform = np.linspace(-reach, reach, 2 * int(np.ceil(16 * reach / peak)) + 1)
    turns = np.arcsinh(reach / line)
    towards = np.linspace(-turns, turns, 2 * int(np.ceil(24 * turns)) + 1)
    merged = np.sort(np.concatenate([uniform, line * np.sinh(towards[1:-1])]))
    return merged[np.concatenate([[True], np.diff(merged) > 1e-3 * min(peak, line)])]
