"""Small systems with known answers, shared by the tests of all dynamics."""

from __future__ import annotations

import numpy as np

from ccqed_ctrl.params import Cavity
from sim_backend.laboratory.physics.system import OhmicNoise, SpinSystem

#: |Delta_C| = 1e6 rad/s and kappa a tenth of it: round numbers.
CAVITY = Cavity(kappa=1e5, pump_detuning=-1e6)
DETUNING = abs(CAVITY.pump_detuning)


def confocal_system(
    ensembles: int,
    seed: int = 0,
    *,
    atoms: float = 1e5,
    relative_energy: float = 1.0,
    width: float = 1.5,
    noise: OhmicNoise | None = None,
    omega_z: float = 1e6,
) -> SpinSystem:
    """Draw the paper's system: beta = 10, max |de| <= relative_energy |Delta_C|."""
    rng = np.random.default_rng(seed)
    positions = width * rng.standard_normal((ensembles, 2))
    beta = 10.0
    geometry = np.cos(2 * positions @ positions.T) + beta * np.eye(ensembles)
    cavity = Cavity()
    scale = abs(cavity.pump_detuning) * relative_energy
    couplings = geometry * scale / (atoms * (ensembles + beta))
    spins = np.full(ensembles, atoms / 2)
    return SpinSystem(couplings, spins, cavity, omega_z, noise)


def ising_minimum(system: SpinSystem, spins: np.ndarray) -> np.ndarray:
    """Return the minimum that steepest descent of the Ising energy reaches."""
    weights = system.spins[:, None] * system.couplings * system.spins
    np.fill_diagonal(weights, 0.0)
    spins = spins.copy()
    while True:
        gain = spins * (weights @ spins)
        worst = int(np.argmin(gain))
        if gain[worst] >= 0:
            return spins
        spins[worst] *= -1


def driven_spin(
    energy: float, *, atoms: float, self_energy: float = 0.01, omega_z: float = 1e4
) -> tuple[SpinSystem, np.ndarray]:
    """Return one ensemble and the field h that makes |de| = energy, nearly constant.

    The self energy 2 S J_ii is the given share of h, so that Eqs. 27 and 28, which
    hold the kernels fixed, apply.
    """
    coupling = self_energy * energy / atoms
    system = SpinSystem([[coupling]], [atoms / 2], CAVITY, omega_z)
    return system, np.array([energy])


def generator(system: SpinSystem, kernel) -> tuple[np.ndarray, np.ndarray]:
    """Return the states (K, N) of s and the Markov generator (K, K), columns sum to 0.

    kernel(de, J_ii) -> 1/s; Eqs. 18 and 25 written out, for a few spins only.
    """
    axes = [np.arange(-S, S + 0.5) for S in system.spins]
    states = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, system.size)
    index = {tuple(state): k for k, state in enumerate(states)}
    rates = np.zeros((len(states), len(states)))
    for k, s in enumerate(states):
        for i, S in enumerate(system.spins):
            for step in (1, -1):
                target = s.copy()
                target[i] += step
                if tuple(target) not in index:
                    continue
                self_coupling = system.couplings[i, i]
                energy = -self_coupling - step * 2 * system.couplings[i] @ s
                bracket = S * (S + 1) - s[i] * (s[i] + step)
                rate = bracket * kernel(energy, self_coupling)
                rates[index[tuple(target)], k] += rate
                rates[k, k] -= rate
    return states, rates
