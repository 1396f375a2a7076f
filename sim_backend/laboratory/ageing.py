"""What changes slowly in the course of a shot: atoms, their clouds, Delta_C, omega_z.

The dynamics take constant systems; where something ages, a shot is cut into steps and
each gets the system of its beginning.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl.units import TWO_PI

from .controls import Setting
from .imperfections import LightShifts, Losses
from .locking import UNLOCKED, CavityLock
from .physics.light_shifts import cavity_shift, pump_shift
from .physics.losses import emission_rate
from .physics.system import Floats, SpinSystem
from .scenario import Scenario

#: Longest step in s; of Delta_C, a quarter of its correlation time if that is shorter.
_STEP = 200e-6
#: Steps of Delta_C over kappa and of omega_z over itself in the rate equations, where
#: each new value costs a table.
_DETUNING_GRAIN, _SPLITTING_GRAIN = 1 / 8, 1 / 16
#: Over which the error of the lock is averaged, s.
_ERROR_WINDOW = 10e-3
#: What light shifts leave of omega_z at least.
_LEAST = 1 / 32


class Ageing:
    """One shot since its preparation, at `start_mu`; random from `rng`."""

    def __init__(
        self,
        truth: Scenario,
        start_mu: int,
        ref_period: float,
        rng: np.random.Generator,
        lock: CavityLock,
    ) -> None:
        self._lock = lock
        self._truth, self._start, self._period = truth, start_mu, ref_period
        self._rng = rng
        held = truth.lock
        step = min(_STEP, 0.25 / (TWO_PI * held.bandwidth)) if held.noise else _STEP
        self._step_mu = round(step / ref_period)
        self._offset = rng.normal(scale=held.drift)
        self._noise = [rng.normal(scale=held.noise)]
        #: Photons that each atom has scattered.
        self.photons = 0.0

    @property
    def happens(self) -> bool:
        """Whether anything changes at all."""
        truth = self._truth
        shifts = truth.light_shifts.replace(dispersion=0.0)
        steady = truth.lock.replace(drift=0.0, noise=0.0)
        ideal = (Losses(), steady, LightShifts())
        changes = (truth.losses, truth.lock, shifts) != ideal
        return changes or math.isfinite(self._lock.lost_mu)

    def cut(
        self, edges: NDArray[np.int64], settings: list[Setting]
    ) -> tuple[NDArray[np.int64], list[Setting]]:
        """Return finer pieces where the pump is on, cut at steps since preparation."""
        finer, theirs, step = [edges[:1]], [], self._step_mu
        for begin, end, setting in zip(edges[:-1], edges[1:], settings, strict=True):
            first = begin + step - (begin - self._start) % step
            stop = end if setting.rabi_frequency > 0 else first
            finer.append(np.array([*np.arange(first, stop, step), end], np.int64))
            theirs += [setting] * len(finer[-1])
        return np.concatenate(finer), theirs

    def live(self, setting: Setting, duration_mu: float) -> None:
        """Scatter photons for a while."""
        rate = emission_rate(self._truth.pump, setting.rabi_frequency)
        self.photons += rate * duration_mu * self._period

    # What is left ----------------------------------------------------------------

    def spins_left(self, time_mu: float) -> float:
        """Return S_i over what it was."""
        losses = self._truth.losses
        held = losses.hold * (time_mu - self._start) * self._period
        return math.exp(
            -(losses.depolarisation + losses.emission) * self.photons - held
        )

    def atoms_left(self, time_mu: float) -> float:
        """Return the atoms in the traps, of any spin, over what they were."""
        losses = self._truth.losses
        held = losses.hold * (time_mu - self._start) * self._period
        return math.exp(-losses.emission * self.photons - held)

    def cloud_size(self) -> float:
        """Return the rms size of the clouds, m."""
        growth = self._truth.losses.heating * math.sqrt(self.photons)
        return math.hypot(self._truth.cloud.size, growth)

    def detuning(self, time_mu: float) -> float:
        """Return the present Delta_C, rad/s: drift and Ornstein-Uhlenbeck noise."""
        cavity = self._truth.cavity
        if not self._lock.holds(time_mu):
            return min(cavity.pump_detuning, -UNLOCKED * cavity.kappa)
        moved = self._offset + self._noise[self._lived(time_mu)]
        moved = self._rounded(moved, _DETUNING_GRAIN * cavity.kappa)
        return min(cavity.pump_detuning + moved, -cavity.kappa)

    def lock_error(self, time_mu: float) -> float:
        """Return the rms of that noise over the last 10 ms, since the preparation."""
        steps = round(_ERROR_WINDOW / self._period / self._step_mu)
        now = self._lived(time_mu)
        last = np.array(self._noise[max(0, now + 1 - steps) : now + 1])
        return float(np.sqrt(np.mean(last**2)))

    def _lived(self, time_mu: float) -> int:
        """Return the step of a time, of those up to which the noise is drawn."""
        lock = self._truth.lock
        if not lock.noise:
            return 0
        index = int((time_mu - self._start) // self._step_mu)
        kept = math.exp(-TWO_PI * lock.bandwidth * self._step_mu * self._period)
        while len(self._noise) <= index:
            fresh = self._rng.normal(scale=lock.noise * math.sqrt(1 - kept**2))
            self._noise.append(kept * self._noise[-1] + fresh)
        return index

    def light(self, time_mu: float) -> complex:
        """Return the light of a source over that at the scenario's Delta_C."""
        cavity = self._truth.cavity
        now = self.detuning(time_mu) + 1j * cavity.kappa
        return (cavity.pump_detuning + 1j * cavity.kappa) / now

    def gain(self, time_mu: float) -> float:
        """Return couplings and fields, D/(D^2 + kappa^2), over the scenario's."""
        cavity = self._truth.cavity
        now = self.detuning(time_mu)
        given = cavity.pump_detuning
        norms = (given**2 + cavity.kappa**2) / (now**2 + cavity.kappa**2)
        return now / given * norms

    def system(
        self, fresh: SpinSystem, time_mu: float, setting: Setting, field: Floats
    ) -> SpinSystem:
        """Return the system at a time, its spins in total fields b_i (N,) rad/s."""
        cavity = fresh.cavity.replace(pump_detuning=self.detuning(time_mu))
        sites = fresh.site_detunings
        if sites is not None:
            sites = sites + cavity.pump_detuning - fresh.cavity.pump_detuning
        return dataclasses.replace(
            fresh,
            couplings=fresh.couplings * self.gain(time_mu),
            spins=fresh.spins * self.spins_left(time_mu),
            cavity=cavity,
            omega_z=self._splitting(setting.rabi_frequency, field),
            site_detunings=sites,
        )

    def _splitting(self, rabi_frequency: float, field: Floats) -> float:
        """Return omega_z with its light shifts."""
        pump, shifts = self._truth.pump, self._truth.light_shifts
        moved = shifts.pump * pump_shift(pump, rabi_frequency)
        if shifts.cavity and len(field):
            inside = cavity_shift(pump, rabi_frequency, field)
            moved += shifts.cavity * float(np.mean(inside))
        moved = self._rounded(moved, _SPLITTING_GRAIN * pump.omega_z)
        return max(pump.omega_z + moved, _LEAST * pump.omega_z)

    def _rounded(self, value: float, grain: float) -> float:
        if self._truth.dynamics == "semiclassical":
            return value
        return grain * round(value / grain)
