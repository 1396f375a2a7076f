"""Mean-field equations F3: against SciPy's solvers and diffrax on JAX."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numba
import numpy as np
from scipy.integrate import solve_ivp

from sim_backend.physics import mean_field
from sim_backend.physics.system import SpinSystem

from .pairing import Row, paired, seconds, shown
from .ensembles import misaligned, spin_system

GROUP = "mean field"
ATOMS = 100_000
RTOL = 1e-6

#: Simulated time in s: all flips happen within.
DURATION = 6e-3

#: Times faster than SciPy's best at N = 100, than diffrax at N = 1000.
SCIPY = (100, 5.0)
DIFFRAX = (1000, 1.0)


def measure(repeats: int) -> Iterator[Row]:
    """Yield every row of this file."""
    size, target = SCIPY
    system = spin_system(size, ATOMS)
    start = misaligned(system, size // 5)
    peers = {
        f"{method}, {name}": scipy_run(system, start, method, slope)
        for method in ("RK45", "DOP853", "LSODA")
        for name, slope in (("NumPy", numpy_slope), ("Numba", numba_slope))
    }
    warm = {name: (run(), run())[1] for name, run in peers.items()}
    best = min(warm, key=warm.__getitem__)
    mine, theirs, ratio = paired(ours(system, start), peers[best], repeats)
    yield Row(
        GROUP,
        f"N={size}, SciPy's best ({best})",
        shown(mine),
        shown(theirs),
        ratio,
        target,
        note=", ".join(f"{name} {shown(spent)}" for name, spent in warm.items()),
    )
    yield against_diffrax(min(repeats, 5))


def against_diffrax(repeats: int) -> Row:
    """Return the row against diffrax Dopri5, its compilation not counted."""
    size, target = DIFFRAX
    case = f"N={size}, diffrax Dopri5"
    system = spin_system(size, ATOMS)
    start = misaligned(system, size // 5)
    mine = ours(system, start)
    if find_spec("diffrax") is None:
        return Row(GROUP, case, shown(mine()), "-", np.nan, None, note="not installed")
    spent, theirs, ratio = paired(mine, diffrax_run(system, start), repeats)
    return Row(GROUP, case, shown(spent), shown(theirs), ratio, target)


def ours(system: SpinSystem, start: np.ndarray) -> Callable[[], float]:
    def run() -> float:
        return seconds(
            lambda: mean_field.evolve(
                system, start, duration=DURATION, sample_times=[DURATION], rtol=RTOL
            )
        )

    return run


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


def scipy_run(
    system: SpinSystem, start: np.ndarray, method: str, slope: Callable[..., Any]
) -> Callable[[], float]:
    args = constants(system)

    def run() -> float:
        return seconds(
            lambda: solve_ivp(
                slope, (0, DURATION), start, method, rtol=RTOL, atol=RTOL, args=args
            )
        )

    return run


def diffrax_run(system: SpinSystem, start: np.ndarray) -> Callable[[], float]:
    import diffrax
    import jax

    jax.config.update("jax_enable_x64", True)
    args = tuple(jax.numpy.asarray(value) for value in constants(system))
    term = diffrax.ODETerm(lambda t, m, values: numpy_slope(t, m, *values))

    @jax.jit
    def solve(m: Any) -> Any:
        return diffrax.diffeqsolve(
            term,
            diffrax.Dopri5(),
            t0=0.0,
            t1=DURATION,
            dt0=None,
            y0=m,
            args=args,
            stepsize_controller=diffrax.PIDController(rtol=RTOL, atol=RTOL),
            max_steps=1 << 20,
        ).ys

    first = jax.numpy.asarray(start)
    return lambda: seconds(lambda: solve(first).block_until_ready())
