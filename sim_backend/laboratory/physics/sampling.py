"""What every `evolve` checks of its arguments, and the range of its energies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ccqed_ctrl import checks
from ccqed_ctrl.errors import ShapeError

from .kernel_table import KernelTable, tabulate
from .system import Drive, EnsembleState, Floats, SpinSystem


def check_times(sample_times: ArrayLike, start: float, end: float) -> Floats:
    """Return sample times (K,) in s, or say that they leave [start, end].

    Raises
    ------
    ShapeError
        Not one axis, not finite, decreasing, or outside.
    """
    times = checks.array("sample_times", sample_times, ("K",))
    outside = times.size and (times.min() < start or times.max() > end)
    if outside or np.any(np.diff(times) < 0):
        raise ShapeError(
            f"sample_times must not decrease and lie in [{start:g}, {end:g}] s; got "
            f"{times.size} from {times.min():g} to {times.max():g}"
        )
    return times


def check_samples(
    system: SpinSystem, drive: Drive, state: EnsembleState, sample_times: ArrayLike
) -> Floats:
    """Return the sample times after checking that all sizes agree.

    Raises
    ------
    ShapeError
        Drive or state of another number of ensembles, or bad sample times.
    """
    n = system.size
    checks.array("drive.field", drive.field, (len(drive.power), n))
    checks.array("state.magnetization", state.magnetization, (n,))
    checks.array("state.polarisation", state.polarisation, (n,))
    return check_times(sample_times, float(drive.times[0]), float(drive.times[-1]))


def largest_field(system: SpinSystem, drive: Drive) -> float:
    """Return a bound on |b_i| in rad/s over the drive, self term included."""
    collective = np.abs(system.couplings) @ (2 * system.spins)
    strongest = float(np.max(collective, initial=0.0)) * float(np.max(drive.power))
    return strongest + float(np.max(np.abs(drive.field), initial=0.0))


def drive_tables(
    system: SpinSystem, drive: Drive, flip_rates: str
) -> tuple[KernelTable, KernelTable]:
    """Return the kernel's tables with the noise off and on, for the drive's fields."""
    quiet, noisy = (
        tabulate(
            system.cavity,
            omega_z=system.omega_z,
            noise=noise,
            model=flip_rates,
            largest_energy=largest_field(system, drive),
        )
        # A noise table costs a tenth of a second: only where it is read.
        for noise in (None, system.noise if np.any(drive.noise) else None)
    )
    return quiet, noisy


def is_noise(magnetization: Floats, spins: Floats) -> NDArray[np.bool_]:
    """Say which magnetizations (N,) are noise of a normal state rather than order.

    Within six standard deviations 1/sqrt(M), but at most 0.5, so that few atoms can be
    polarised too. Empty sites are noise.
    """
    width = 6 / np.sqrt(np.maximum(2 * spins, 1))
    return (np.abs(magnetization) <= np.minimum(width, 0.5)) | (spins == 0)


@dataclass(frozen=True)
class FixedDrive:
    """A checked start at constant drive, with the kernel tabulated.

    magnetization, field: (N,). couplings: (N, N) q J_ij, rad/s. weights: a, b (N,) of
    the table. scalars: what `_kernels.kernel` reads the table with.
    """

    magnetization: Floats
    field: Floats
    couplings: Floats
    table: KernelTable
    weights: tuple[Floats, Floats]

    @classmethod
    def of(
        cls,
        system: SpinSystem,
        magnetization: ArrayLike,
        flip_rates: str,
        power: float,
        field: ArrayLike | None,
    ) -> FixedDrive:
        """Check and tabulate.

        Raises
        ------
        ShapeError, ParameterError
            Sizes that differ, |m| > 1, negative power, unknown flip rates.
        """
        n = system.size
        m = checks.array("magnetization", magnetization, (n,))
        if np.any(np.abs(m) > 1):
            raise ShapeError(f"|magnetization| must be <= 1; got {np.abs(m).max():g}")
        checks.number("power", power, 0.0)
        h = checks.array("field", np.zeros(n) if field is None else field, (n,))
        couplings = power * system.couplings
        collective = np.abs(couplings) @ (2 * system.spins) + np.abs(h)
        self_coupling = np.diag(couplings)
        table = tabulate(
            system.cavity,
            omega_z=system.omega_z,
            noise=system.noise,
            model=flip_rates,
            largest_energy=float(np.max(collective + np.abs(self_coupling), initial=0)),
        )
        weights = table.weights(self_coupling)
        return cls(m, h, couplings, table, weights)

    @property
    def scalars(self) -> tuple[float, float, float, bool]:
        """Origin, 1/spacing, omega_z, exact."""
        table = self.table
        return table.origin, 1 / table.spacing, table.omega_z, table.exact
