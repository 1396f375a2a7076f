"""The cavity systems that the benchmarks of the dynamics share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl.model.relaxation import relax
from ccqed_ctrl.params import Cavity
from sim_backend.laboratory.physics.system import OhmicNoise, SpinSystem

from .problems import confocal

BETA = 10.0


def spin_system(
    size: int, atoms: int, noise: OhmicNoise | None = None, seed: int = 0
) -> SpinSystem:
    """Return N ensembles with max |de| <= |Delta_C| and omega_z = 1e6 rad/s."""
    cavity = Cavity()
    scale = abs(cavity.pump_detuning) / (atoms * (size + BETA))
    couplings = scale * (confocal(size, seed) + (BETA + 1) * np.eye(size))
    return SpinSystem(couplings, np.full(size, atoms / 2), cavity, 1e6, noise)


def misaligned(system: SpinSystem, count: int, seed: int = 2) -> NDArray[np.float64]:
    """Return a minimum of the couplings with `count` ensembles turned."""
    rng = np.random.default_rng(seed)
    weights = system.couplings - np.diag(np.diag(system.couplings))
    spins = relax(weights, rng.choice([-1, 1], (1, system.size))).spins[0].astype(float)
    spins[rng.choice(system.size, count, replace=False)] *= -1
    return spins
