"""Timed steepest descent: the paper's own idealisation.

Ensembles are Ising spins above their threshold and unpolarised below. One ensemble at a
time realigns, always the one that lowers the energy most (Secs. V C, VI); the waiting
time of the collective flip (Eq. 28, corrected) says when. The true order of flips
follows the kernel and is steepest descent only for 0.447 < |de|/|Delta_C| < 1
(physics.md section 5); `mean_field`, `stochastic` and `ramp` do not assume it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .rates import waiting_time
from .sampling import check_samples, drive_tables, is_noise
from .system import Drive, EnsembleState, Evolution, Floats, SpinSystem
from .thresholds import ensemble_thresholds

#: Passes to the magnetization in its own field, until none moves by the tolerance: all
#: are needed only within a per cent of the threshold.
_ADIABATIC_STEPS, _ADIABATIC_TOLERANCE = 300, 1e-7


def evolve(
    system: SpinSystem,
    drive: Drive,
    state: EnsembleState,
    *,
    sample_times: ArrayLike,
    rng: np.random.Generator,
    flip_rates: str = "exact",
    self_term: bool = False,
) -> Evolution:
    """Relax the ensembles under a drive by timed steepest descent.

    - Below threshold (M_i J_ii q <= omega_z) an ensemble shows its noise only. On the
      way up it takes the sign of h_i + 2 q sum_j S_j J_ij x_j, noise of the unpolarised
      included; on the way down it draws new noise from `rng`.
    - Above, an ensemble against its field f_i = h_i + 2 q sum_{j!=i} S_j J_ij x_j is
      misaligned. All misaligned ensembles gain progress at 1/T_i, T_i the waiting time
      at their present field; the one with the most negative dE_i = 2 S_i x_i f_i flips
      when its progress reaches 1. The others' progress stays, at most 1.
    - The magnetization shown is adiabatic, x_i |b_i|/sqrt(b_i^2 + omega_z^2), b_i with
      the self term.

    The end state carries the progress of a misaligned ensemble as p = progress - 1, so
    that an evolution in pieces is the evolution in one.

    Parameters
    ----------
    sample_times: (K,) s, within the drive, not decreasing.
    flip_rates: `exact` or `printed`.
    self_term: include 2 q S_i J_ii x_i in f_i, which freezes weak misalignments.

    Returns
    -------
    Evolution; its flips are realignments, not the first polarisation.

    Raises
    ------
    ShapeError, ParameterError
        Sizes that differ, sample times outside the drive, unknown flip rates.
    """
    samples = check_samples(system, drive, state, sample_times)
    descent = _Descent(system, drive, state, rng, flip_rates, self_term)
    shown = np.empty((len(samples), system.size))
    done = 0
    for segment, (start, end) in enumerate(
        zip(drive.times[:-1], drive.times[1:], strict=True)
    ):
        descent.enter(segment)
        now = float(start)
        while now < end:
            flip = now + descent.remaining()
            stop = min(flip, float(end))
            upto = int(np.searchsorted(samples, stop, side="left"))
            if upto > done:
                shown[done:upto] = descent.magnetization()
                done = upto
            descent.advance(stop - now)
            if flip <= end:
                descent.flip(flip)
            now = stop
    shown[done:] = descent.magnetization()
    return Evolution(
        samples,
        shown,
        EnsembleState(descent.magnetization(), descent.polarisation()),
        np.array(descent.flip_times),
        np.array(descent.flip_ensembles, dtype=np.int64),
    )


class _Descent:
    """The state between two events of one evolution."""

    def __init__(
        self,
        system: SpinSystem,
        drive: Drive,
        state: EnsembleState,
        rng: np.random.Generator,
        flip_rates: str,
        self_term: bool,
    ) -> None:
        self._system, self._drive, self._rng = system, drive, rng
        self._atoms = 2 * system.spins
        self._self_coupling = np.diag(system.couplings)
        self._thresholds = ensemble_thresholds(system)
        # 2 S_j J_ij, with the diagonal (all fields) and for the energies.
        self._gain = system.couplings * self._atoms
        self._energy_gain = self._gain.copy()
        if not self_term:
            np.fill_diagonal(self._energy_gain, 0.0)
        self._tables = drive_tables(system, drive, flip_rates)
        self._start(state)
        self.flip_times: list[float] = []
        self.flip_ensembles: list[int] = []

    def _start(self, state: EnsembleState) -> None:
        m = np.where(self._atoms > 0, state.magnetization, 0.0)
        noise = is_noise(m, self._system.spins)
        self._signs = np.where(noise, 0.0, np.sign(m))
        self._noise = np.where(noise, m, 0.0)
        p = state.polarisation
        self._progress = np.where(p <= 0, np.clip(1 + p, 0.0, 1.0), 0.0)

    def enter(self, segment: int) -> None:
        """Take over the drive of a segment and polarise or unpolarise."""
        self._power = float(self._drive.power[segment])
        self._h = self._drive.field[segment]
        self._table = self._tables[int(self._drive.noise[segment])]
        above = self._power > self._thresholds
        falls = ~above & (self._signs != 0)
        if falls.any():
            noise = self._rng.standard_normal(np.count_nonzero(falls))
            self._noise[falls] = noise / np.sqrt(self._atoms[falls])
            self._signs[falls] = 0.0
        rises = above & (self._signs == 0)
        if rises.any():
            field = self._h + self._power * (self._gain @ self._present())
            chosen = np.sign(field[rises])
            ties = chosen == 0
            chosen[ties] = self._rng.choice([-1.0, 1.0], np.count_nonzero(ties))
            self._signs[rises] = chosen
            self._noise[rises] = 0.0
            self._progress[rises] = 0.0
        self._field = self._h + self._power * (self._energy_gain @ self._present())
        self._refresh()

    def remaining(self) -> float:
        """Return the time until the next flip in s at the present fields."""
        if self._leader < 0:
            return np.inf
        waiting = self._waiting[self._leader]
        return float((1 - self._progress[self._leader]) * waiting)

    def advance(self, duration: float) -> None:
        """Let the progress of the misaligned accumulate for a duration in s."""
        if self._leader >= 0:
            gained = self._progress + duration / self._waiting
            self._progress = np.where(self._misaligned, np.minimum(gained, 1.0), 0.0)

    def flip(self, now: float) -> None:
        """Realign the ensemble whose turn it is, at time `now` in s."""
        i = self._leader
        self._signs[i] *= -1
        change = 2 * self._power * self._signs[i]
        self._field = self._field + change * self._energy_gain[:, i]
        self._progress[i] = 0.0
        self.flip_times.append(now)
        self.flip_ensembles.append(i)
        self._refresh()

    def _refresh(self) -> None:
        """Find the misaligned, their waiting times, and whose turn it is."""
        change = self._atoms * self._signs * self._field
        self._misaligned: NDArray[np.bool_] = change < 0
        self._progress[~self._misaligned] = 0.0
        self._leader = -1
        self._shown: Floats | None = None
        if self._misaligned.any():
            self._leader = int(np.argmin(change))
            coupling = self._power * self._self_coupling
            down, up = self._table.dressed(self._field, coupling)
            waiting = waiting_time(self._system.spins, down, up)
            self._waiting = np.where(self._misaligned, waiting, np.inf)

    def _present(self) -> Floats:
        return self._signs + self._noise

    def magnetization(self) -> Floats:
        """Return the magnetizations shown (N,)."""
        if self._shown is None:
            x, omega_z = self._present(), self._system.omega_z
            polarised = self._signs != 0
            for _ in range(_ADIABATIC_STEPS):
                b = np.abs(self._h + self._power * (self._gain @ x))
                size = b / np.hypot(b, omega_z)
                last, x = x, np.where(polarised, self._signs * size, self._noise)
                if np.max(np.abs(x - last), initial=0.0) < _ADIABATIC_TOLERANCE:
                    break
            self._shown = x
        return self._shown

    def polarisation(self) -> Floats:
        """Return p (N,): 1 if aligned or unpolarised, else progress - 1."""
        return np.where(self._misaligned, self._progress - 1, 1.0)
