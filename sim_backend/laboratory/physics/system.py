"""What the dynamics act on: a system of ensembles, and the drive in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl import checks
from ccqed_ctrl.errors import ShapeError
from ccqed_ctrl.params import Cavity
from ccqed_ctrl.quantities import Parameters, quantity
from ccqed_ctrl.units import angular

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class OhmicNoise(Parameters):
    """Ohmic dephasing noise: C(tau) = alpha ln(1 + cutoff^2 tau^2), App. D corrected.

    With `quantum=True`, exp(-C) = (1 + i cutoff tau)^-alpha (App. E, corrected).
    """

    alpha: float = quantity(20.0, "strength", minimum=0.0, maximum=1e4)
    cutoff: float = quantity(
        angular(4e3), "cut-off, Fig. 15", "rad/s", minimum=1.0, maximum=1e9
    )
    quantum: bool = quantity(False, "whether the bath is a quantum one")


@dataclass(frozen=True)
class SpinSystem:
    """N ensembles in one cavity.

    couplings: (N, N) float, rad/s, J_ij at relative pump power q = 1, self term on
    the diagonal. spins: (N,) float, S_i = M_i / 2 (0: an empty site). site_detunings:
    (N,) rad/s, pump minus cavity as the atoms of each site shift its supermode, by
    default Delta_C everywhere; only `semiclassical` reads it.
    """

    couplings: Floats
    spins: Floats
    cavity: Cavity
    omega_z: float
    noise: OhmicNoise | None = None
    site_detunings: Floats | None = None

    def __post_init__(self) -> None:
        couplings = checks.symmetric("couplings", self.couplings)
        n = len(couplings)
        spins = checks.array("spins", self.spins, (n,))
        if np.any(spins < 0):
            raise ShapeError(f"spins must be >= 0; got {spins.min():g}")
        checks.number("omega_z", self.omega_z, 0.0, unit="rad/s")
        object.__setattr__(self, "couplings", couplings)
        object.__setattr__(self, "spins", np.ascontiguousarray(spins))
        if self.site_detunings is not None:
            detunings = checks.array("site_detunings", self.site_detunings, (n,))
            object.__setattr__(self, "site_detunings", detunings)

    @property
    def size(self) -> int:
        """Number of ensembles N."""
        return len(self.spins)


@dataclass(frozen=True)
class Drive:
    """Piecewise-constant drive: entry k holds on [times[k], times[k+1]).

    times: (T+1,) s, increasing. power: (T,) q = Omega^2 / Omega_ref^2. field: (T, N)
    h_i in rad/s. noise: (T,) bool, dephasing noise on.
    """

    times: Floats
    power: Floats
    field: Floats
    noise: NDArray[np.bool_]

    def __post_init__(self) -> None:
        times = checks.array("times", self.times, ("T+1",))
        steps = len(times) - 1
        if steps < 1 or np.any(np.diff(times) < 0):
            raise ShapeError("times must increase and hold at least two entries")
        power = checks.array("power", self.power, (steps,))
        if np.any(power < 0):
            raise ShapeError(f"power must be >= 0; got {power.min():g}")
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "power", power)
        object.__setattr__(
            self, "field", checks.array("field", self.field, (steps, "N"))
        )
        object.__setattr__(
            self, "noise", checks.array("noise", self.noise, (steps,), bool)
        )


@dataclass(frozen=True)
class EnsembleState:
    """State of N ensembles: magnetization (N,) = <Sx>/S and polarisation p (N,).

    p = 1 is the lower dressed state (physics.md section 6). field: b (N,) that p was
    reached under, where a jump from there shall turn it (`ramp`).
    """

    magnetization: Floats
    polarisation: Floats
    field: Floats | None = None


@dataclass(frozen=True)
class Evolution:
    """What an `evolve` returns.

    times: (K,) s, the sample times asked for. magnetization: (K, N) there. state: at
    the end of the drive. flip_times: (F,) s and flip_ensembles: (F,) int, the sign
    changes of the magnetization in order of time.
    """

    times: Floats
    magnetization: Floats
    state: EnsembleState
    flip_times: Floats
    flip_ensembles: NDArray[np.int64]


def normal_state(spins: Floats, rng: np.random.Generator) -> EnsembleState:
    """Draw the coherent state along -z: <Sx>/S is N(0, 1)/sqrt(M), p = 1.

    spins: (N,) float S_i = M_i / 2. Empty sites get exactly zero.
    """
    atoms = 2 * np.asarray(spins, dtype=np.float64)
    noise = rng.standard_normal(len(atoms))
    spread = np.where(atoms > 0, 1 / np.sqrt(np.maximum(atoms, 1)), 0.0)
    return EnsembleState(noise * spread, np.ones(len(atoms)))
