"""The flip kernel as a table, so that no dynamics evaluates a Bessel function.

To first order in Lam every kernel is a sum of two universal functions,

    K_i = a_i H + b_i G / pole,

with weights a_i, b_i of the ensemble, so one table of H and G serves all ensembles and
pump powers. `exact`: H = h0, G = de^2 K1, pole = de^2. `printed`: H = h0, G the
Lorentzian, pole = 1.

In the dynamics omega_z dresses the exact kernel, which would diverge where a field
crosses zero: E^2 = de^2 + omega_z^2 (physics.md section 2). Between dressed states
(`dressed`) all is read at +-E. Between eigenstates of Sx (`kernel`) the pole, the
zero-photon line and its depletion are taken at E, but the cavity's response at de, so
that K is smooth in de, is K(de) for |de| >> omega_z, and keeps K(-de)/K(de).
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


@dataclass(frozen=True, eq=False)
class KernelTable:
    """Cubic Hermite table of H and G on a uniform grid of energies.

    Compared and hashed by identity; `tabulate` returns the same one for the same case.

    nodes: (K, 6) H, G for `dressed`, G for `kernel`, each followed by its slope times
    the spacing. origin, spacing, omega_z, detuning
    (|Delta_C|): rad/s. exact: which of the two kernels.
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
        if not self.exact:
            return self._read(0, energy), self._read(4, energy)
        dressed = np.copysign(np.hypot(energy, self.omega_z), energy)
        return self._read(0, dressed), self._read(4, energy) / dressed**2

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
        model is neither `exact` nor `printed`.
    """
    if model not in ("exact", "printed"):
        raise ParameterError(f"kernel must be exact or printed; got {model!r}")
    reach = abs(cavity.pump_detuning)
    needed = np.hypot(largest_energy, omega_z)
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
    columns = [
        lineshape(noise, energy),
        _sideband(cavity, 0.0, noise, exact, energy),
        _sideband(cavity, omega_z, noise, exact, energy),
    ]
    nodes = np.zeros((energy.size, 2 * len(columns)))
    for k, values in enumerate(columns):
        nodes[:, 2 * k] = values
        nodes[:, 2 * k + 1] = spacing * CubicSpline(energy, values)(energy, 1)
    nodes.setflags(write=False)
    detuning = abs(cavity.pump_detuning)
    return KernelTable(nodes, -reach, spacing, omega_z, detuning, exact)


def _sideband(
    cavity: Cavity,
    omega_z: float,
    noise: OhmicNoise | None,
    exact: bool,
    energy: Floats,
) -> Floats:
    """Return G on the grid, what it takes from the line read at hypot(de, omega_z)."""
    D, kappa = cavity.pump_detuning, cavity.kappa
    c = kappa - 1j * D
    norm = D**2 + kappa**2
    if noise is None or not (exact or noise.quantum):
        lorentzian = kappa / ((energy - D) ** 2 + kappa**2)
        return norm * lorentzian if exact else lorentzian
    # The transforms are smooth on the scale of their lines: a coarser grid will do.
    width = min(kappa, max(omega_z, noise.cutoff)) / 16
    coarse = np.linspace(energy[0], energy[-1], int(2 * energy[-1] / width) + 9)
    shifted, _ = coherence_transform(noise, 1j * coarse + c)
    if not exact:
        return CubicSpline(coarse, shifted.real)(energy)
    r = norm / c**2
    E = np.copysign(np.hypot(coarse, omega_z), coarse)
    on_axis, slope = coherence_transform(noise, 1j * E)
    G = -(coarse**2) * (r * shifted).real
    G += E**2 * (r.real * on_axis.real + kappa * slope.real)
    G -= coarse * E * r.imag * on_axis.imag
    return CubicSpline(coarse, G)(energy)
