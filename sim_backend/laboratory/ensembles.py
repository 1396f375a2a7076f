"""The ensembles of one preparation, under whichever dynamics rules the scenario."""

from __future__ import annotations

import dataclasses
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl.threads import one_thread

from .physics import ramp, semiclassical, steepest_descent
from .physics.dispersion import shifted_couplings
from .physics.system import Drive, Evolution, SpinSystem, normal_state
from .scenario import Scenario

Floats = NDArray[np.float64]


def spin_system(
    scenario: Scenario, couplings: Floats, spins: Floats, shifts: Floats | None
) -> SpinSystem:
    """Return the system that the scenario's dynamics take.

    The rate equations know no light: they get the couplings that shifted modes make,
    though rates at the unshifted Delta_C.

    Parameters
    ----------
    couplings : (N, N) of the cavity without atoms, rad/s.
    spins : (N,) S_i.
    shifts : (N,) dispersive shifts of the sites' supermodes, rad/s, or None.
    """
    cavity = scenario.cavity
    system = SpinSystem(
        couplings=couplings,
        spins=spins,
        cavity=cavity,
        omega_z=scenario.pump.omega_z,
        noise=scenario.noise,
        site_detunings=None if shifts is None else cavity.pump_detuning - shifts,
    )
    if shifts is None or scenario.dynamics == "semiclassical":
        return system
    shifted = shifted_couplings(system)
    return dataclasses.replace(system, couplings=shifted, site_detunings=None)


class Ensembles(Protocol):
    """N ensembles whose state lives from one piece of the drive to the next.

    doubts: conditions of the dynamics that the drive has broken, by name.
    """

    doubts: set[str]

    @property
    def magnetization(self) -> Floats:
        """The present <Sx>/S (N,)."""

    def evolve(self, system: SpinSystem, drive: Drive, sample_times: Floats) -> Floats:
        """Live through a drive; return <Sx>/S (K, N) at times (K,) in s within it."""


def prepare(
    spins: Floats,
    scenario: Scenario,
    preparation: np.random.Generator,
    evolution: np.random.Generator,
) -> Ensembles:
    """Return ensembles pumped into the lower spin state.

    Parameters
    ----------
    spins : (N,)
        S_i = M_i / 2, 0 of an empty site.
    preparation, evolution : Generator
        Draw the quantum noise of the state, and whatever chance there is afterwards.
    """
    if scenario.dynamics == "semiclassical":
        return ClassicalSpins(spins, preparation, evolution)
    return DressedStates(spins, scenario, preparation, evolution)


class ClassicalSpins:
    """Spin vectors and light, `semiclassical`."""

    def __init__(
        self,
        spins: Floats,
        preparation: np.random.Generator,
        evolution: np.random.Generator,
    ) -> None:
        self._rng = evolution
        self._state = semiclassical.normal_state(spins, preparation)
        self.doubts: set[str] = set()

    @property
    def magnetization(self) -> Floats:
        """The present <Sx>/S (N,)."""
        return self._state.spins[:, 0].copy()

    def evolve(self, system: SpinSystem, drive: Drive, sample_times: Floats) -> Floats:
        """Live through a drive; return <Sx>/S (K, N) at the times (K,) in s."""
        with one_thread():
            evolution = semiclassical.evolve(
                system, drive, self._state, sample_times=sample_times, rng=self._rng
            )
        self._state = evolution.state
        return evolution.magnetization


class DressedStates:
    """Magnetizations and polarisations, `steepest_descent` or `mean_field`."""

    def __init__(
        self,
        spins: Floats,
        scenario: Scenario,
        preparation: np.random.Generator,
        evolution: np.random.Generator,
    ) -> None:
        self._rng = evolution
        self._dynamics, self._flip_rates = scenario.dynamics, scenario.flip_rates
        self._state = normal_state(spins, preparation)
        self.doubts: set[str] = set()

    @property
    def magnetization(self) -> Floats:
        """The present <Sx>/S (N,)."""
        return self._state.magnetization.copy()

    def evolve(self, system: SpinSystem, drive: Drive, sample_times: Floats) -> Floats:
        """Live through a drive; return <Sx>/S (K, N) at the times (K,) in s."""
        evolution: Evolution
        if self._dynamics == "mean_field":
            evolution = dressed = ramp.evolve(
                system, drive, self._state, sample_times=sample_times,
                flip_rates=self._flip_rates,
            )  # fmt: skip
            self.doubts |= dressed.doubts.keys()
        else:
            evolution = steepest_descent.evolve(
                system, drive, self._state, sample_times=sample_times,
                rng=self._rng, flip_rates=self._flip_rates,
            )  # fmt: skip
        self._state = evolution.state
        return evolution.magnetization
