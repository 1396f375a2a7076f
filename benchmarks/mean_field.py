"""Mean-field equations F3: against SciPy's solvers and diffrax on JAX.

A tolerance means something else to each solver, so each runs at the loosest of a list
that brings all magnetizations at all samples within ERROR of a tight reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from typing import Any, TypeAlias

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from sim_backend.laboratory.physics import mean_field
from sim_backend.laboratory.physics.system import SpinSystem

from .ensembles import misaligned, spin_system
from .pairing import Row, paired, seconds, shown

GROUP = "mean field"
ATOMS = 100_000
ERROR = 2e-4
TOLERANCES = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9)

#: Simulated time per ensemble in s, enough for the flips, and samples to compare.
DURATION = 6e-5
SAMPLES = 21

#: Times faster than SciPy's best at N = 100, than diffrax at N = 1000.
SCIPY = (100, 5.0)
DIFFRAX = (1000, 1.0)

Solver: TypeAlias = Callable[[float], NDArray[np.float64]]


#: Said beside a row that misses its target.
TRIED = (
    "tried: table or closed-form kernel, fields updated for moving ensembles only, "
    "BLAS (its threads contend), half of the symmetric product, four rows at once, "
    "single precision couplings, fused stages"
)


def measure(repeats: int) -> Iterator[Row]:
    """Yield every row of this file."""
    size, target = SCIPY
    system = spin_system(size, ATOMS)
    for name, start in starts(system).items():
        exact = reference(system, start)
        solvers = {
            f"{method}, {slope.__name__.partition('_')[0]}": tuned(
                scipy_solver(system, start, method, slope), exact
            )
            for method in ("RK45", "DOP853", "LSODA")
            for slope in (numpy_slope, numba_slope)
        }
        spent = {
            solver: min(run() for _ in range(3)) for solver, run in solvers.items()
        }
        best = min(spent, key=spent.__getitem__)
        mine = tuned(our_solver(system, start), exact)
        note = ", ".join(f"{solver} {shown(time)}" for solver, time in spent.items())
        yield compared(
            f"N={size}, {name}, SciPy's best ({best})",
            mine,
            solvers[best],
            repeats,
            target,
            note,
        )
    size, target = DIFFRAX
    system = spin_system(size, ATOMS)
    for name, start in starts(system).items():
        exact = reference(system, start)
        mine = tuned(our_solver(system, start), exact)
        case = f"N={size}, {name}, diffrax Dopri5, compiled"
        if find_spec("diffrax") is None:
            note = "diffrax is not installed"
            yield Row(GROUP, case, shown(mine()), "-", np.nan, None, note=note)
            continue
        peer = tuned(diffrax_solver(system, start), exact)
        yield compared(case, mine, peer, min(repeats, 5), target)


def starts(system: SpinSystem) -> dict[str, NDArray[np.float64]]:
    """Return a fifth of a minimum turned, and ensembles anywhere."""
    rng = np.random.default_rng(0)
    return {
        "a fifth misaligned": misaligned(system, system.size // 5),
        "random |m| < 0.8": rng.uniform(-0.8, 0.8, system.size),
    }


def samples(system: SpinSystem) -> NDArray[np.float64]:
    return np.linspace(0, DURATION * system.size, SAMPLES)


def compared(
    case: str,
    ours: Callable[[], float],
    peer: Callable[[], float],
    repeats: int,
    target: float,
    note: str = "",
) -> Row:
    mine, theirs, ratio = paired(ours, peer, repeats)
    if target is not None and ratio < target:
        note = f"{note}; {TRIED}" if note else TRIED
    return Row(GROUP, case, shown(mine), shown(theirs), ratio, target, note=note)


def tuned(solver: Solver, exact: NDArray[np.float64]) -> Callable[[], float]:
    """Return a measurement of the solver at the loosest tolerance within ERROR."""
    for tolerance in TOLERANCES:
        if np.max(np.abs(solver(tolerance) - exact)) <= ERROR:
            return partial(seconds, partial(solver, tolerance))
    return lambda: np.inf


def reference(system: SpinSystem, start: NDArray[np.float64]) -> NDArray[np.float64]:
    return scipy_solver(system, start, "DOP853", numba_slope)(1e-11)


def our_solver(system: SpinSystem, start: NDArray[np.float64]) -> Solver:
    return lambda tolerance: (
        mean_field.evolve(
            system,
            start,
            duration=DURATION * system.size,
            sample_times=samples(system),
            rtol=tolerance,
        ).magnetization
    )


def constants(system: SpinSystem) -> tuple[Any, ...]:
    """Return what the peers' right-hand sides need, the kernel written out."""
    D, kappa = system.cavity.pump_detuning, system.cavity.kappa
    self_coupling = np.diag(system.couplings).copy()
    scale = 0.5 * system.omega_z**2 * self_coupling / abs(D)
    scale = scale * (D**2 + kappa**2) * kappa
    gain = system.couplings * (2 * system.spins)
    return gain, self_coupling, scale, system.spins, D, kappa, system.omega_z


def numpy_slope(_: float, m: Any, *args: Any) -> Any:
    gain, self_coupling, scale, S, D, kappa, omega_z = args
    b = gain @ m
    up, down = -self_coupling - b, -self_coupling + b
    up = scale / ((up**2 + omega_z**2) * ((up - D) ** 2 + kappa**2))
    down = scale / ((down**2 + omega_z**2) * ((down - D) ** 2 + kappa**2))
    return S * (up - down) * (1 - m * m) + (1 - m) * up - (1 + m) * down


numba_slope = numba.njit(numpy_slope)
numba_slope.__name__ = "numba_slope"


def scipy_solver(
    system: SpinSystem,
    start: NDArray[np.float64],
    method: str,
    slope: Callable[..., Any],
) -> Solver:
    args = constants(system)
    return lambda tolerance: (
        solve_ivp(
            slope,
            (0, DURATION * system.size),
            start,
            method,
            samples(system),
            rtol=tolerance,
            atol=1e-3 * tolerance,
            args=args,
        ).y.T
    )


def diffrax_solver(system: SpinSystem, start: NDArray[np.float64]) -> Solver:
    import diffrax
    import jax

    jax.config.update("jax_enable_x64", True)
    args = tuple(jax.numpy.asarray(value) for value in constants(system))
    term = diffrax.ODETerm(lambda t, m, values: numpy_slope(t, m, *values))

    @jax.jit
    def solve(m: Any, tolerance: float) -> Any:
        return diffrax.diffeqsolve(
            term,
            diffrax.Dopri5(),
            t0=0.0,
            t1=DURATION * system.size,
            dt0=None,
            y0=m,
            args=args,
            saveat=diffrax.SaveAt(ts=jax.numpy.asarray(samples(system))),
            stepsize_controller=diffrax.PIDController(
                rtol=tolerance, atol=1e-3 * tolerance
            ),
            max_steps=1 << 16,
        ).ys

    first = jax.numpy.asarray(start)
    return lambda tolerance: np.asarray(solve(first, tolerance))
