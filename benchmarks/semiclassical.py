"""Semiclassical dynamics: against plain RK4 at 8 ns, SciPy's solvers and diffrax.

The sequence of the release: a field loads a pattern, then falls at constant pump. It
is cut where the pattern is loaded and the field has begun to fall, before chaos decides
the last digits: there each solver runs at the coarsest setting whose spins are at least
as accurate as those of RK4 at 8 ns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from statistics import median
from typing import Any, TypeAlias

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from ccqed_ctrl.model.couplings import coupling_matrix, threshold_rabi_frequency
from ccqed_ctrl.params import Cavity, Cloud, Pump
from sim_backend.laboratory.physics import semiclassical
from sim_backend.laboratory.physics.system import SpinSystem

from .pairing import Row, paired, seconds, shown

GROUP = "semiclassical"
SIZE = 64
RK4_STEP = 8e-9
#: The whole sequence, and where it is cut for the comparison, s.
DURATION, COMPARED = 3.2e-3, 3e-4
#: Times faster than RK4, than the best of SciPy and diffrax; the whole sequence, s.
RK4, PEERS, WHOLE = 5.0, 3.0, 1.0
STEPS = (64e-9, 48e-9, 40e-9, 32e-9, 28e-9, 24e-9, 20e-9, 16e-9, 8e-9)
TOLERANCES = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9)
METHODS = ("RK45", "DOP853", "LSODA")

Floats = NDArray[np.float64]
#: From a step or a tolerance to the spins (N, 3) at the end.
Solver: TypeAlias = Callable[[float], Floats]


def measure(repeats: int) -> Iterator[Row]:
    """Yield every row of this file."""
    system, whole, start = release()
    problem = (system, until(whole, COMPARED), start)
    exact = ours(*problem, 2e-9)
    peer = partial(rk4, *problem)
    allowed = float(np.max(np.abs(peer(RK4_STEP) - exact)))
    note = f"spins within {allowed:.1e} after {shown(COMPARED)}"
    mine, step = tuned(partial(ours, *problem), STEPS, exact, allowed)
    yield compared(
        f"plain RK4 at {shown(RK4_STEP)}",
        mine,
        partial(seconds, partial(peer, RK4_STEP)),
        repeats,
        RK4,
        f"{note}, our step {shown(step)}",
    )
    solvers = {
        method: tuned(
            partial(scipy_solver, *problem, method), TOLERANCES, exact, allowed
        )[0]
        for method in METHODS
    }
    if find_spec("diffrax") is not None:
        solver = diffrax_solver(*problem)
        solvers["diffrax Dopri8"] = tuned(solver, TOLERANCES, exact, allowed)[0]
    spent = {name: run() for name, run in solvers.items()}
    best = min(spent, key=spent.__getitem__)
    others = ", ".join(f"{name} {shown(time)}" for name, time in spent.items())
    if find_spec("diffrax") is None:
        others += ", diffrax is not installed"
    yield compared(
        f"best of SciPy and diffrax ({best})",
        mine,
        solvers[best],
        min(repeats, 5),
        PEERS,
        others,
    )
    taken = median(
        seconds(partial(ours, system, whole, start, None)) for _ in range(repeats)
    )
    case = f"N={SIZE}, {shown(DURATION)}, in s"
    yield Row(GROUP, case, shown(taken), "-", taken, WHOLE, True, "default step")


def compared(
    case: str,
    ours: Callable[[], float],
    peer: Callable[[], float],
    repeats: int,
    target: float,
    note: str,
) -> Row:
    mine, theirs, ratio = paired(ours, peer, repeats)
    case = f"N={SIZE}, {case}"
    return Row(GROUP, case, shown(mine), shown(theirs), ratio, target, note=note)


def tuned(
    solver: Solver, settings: Sequence[float], exact: Floats, allowed: float
) -> tuple[Callable[[], float], float]:
    """Return a measurement at the coarsest setting within what is allowed, and it."""
    for setting in settings:
        if np.max(np.abs(solver(setting) - exact)) <= allowed:
            return partial(seconds, partial(solver, setting)), setting
    return lambda: np.inf, np.nan


def release(size: int = SIZE, seed: int = 0) -> tuple[Any, Any, Any]:
    """Return system, drive and start: power over threshold 1.3, field off in 1 ms."""
    rng = np.random.default_rng(seed)
    cavity, cloud, pump = Cavity(), Cloud(), Pump()
    pump = pump.replace(rabi_frequency=threshold_rabi_frequency(cavity, pump, cloud))
    sites = 1.5 * cavity.waist * rng.standard_normal((size, 2))
    J = coupling_matrix(sites, cavity, pump, cloud)
    system = SpinSystem(J, np.full(size, cloud.atoms / 2), cavity, pump.omega_z)
    pattern = rng.choice([-1.0, 1.0], size)
    weights = 2 * system.spins[:, None] * (J - np.diag(np.diag(J)))
    field = float(np.max(np.abs(weights @ pattern))) * pattern
    drive = semiclassical.Waveform(
        [0, 1e-4, 2e-4, 1.2e-3, DURATION],
        [0.1, 0.7, 1.3, 1.3, 1.3],
        np.outer([0, 1, 1, 0, 0], field),
    )
    return system, drive, semiclassical.normal_state(system.spins, rng)


def until(drive: Any, end: float) -> Any:
    """Return the first part of a drive."""
    piece = int(np.searchsorted(drive.times, end)) - 1
    power, field = drive.within(piece, np.array([end]))
    return semiclassical.Waveform(
        [*drive.times[: piece + 1], end],
        [*drive.power[: piece + 1], *power],
        np.concatenate([drive.field[: piece + 1], field]),
    )


# Peers -----------------------------------------------------------------------------


@numba.njit(fastmath=True)
def slope(t: float, y: Any, G: Any, spins: Any, constants: Any, drive: Any) -> Any:
    """Return d(x, y, z, Re u, Im u)/dt, flat, as one would write it."""
    D, kappa, omega_z, scale = constants
    times, power, field = drive
    k = min(max(np.searchsorted(times, t, side="right") - 1, 0), len(times) - 2)
    share = (t - times[k]) / (times[k + 1] - times[k])
    root = np.sqrt(power[k] + share * (power[k + 1] - power[k]))
    n = spins.size
    source = G @ (spins * y[:n])
    out = np.empty_like(y)
    for i in range(n):
        x, ys, z, re, im = y[i], y[n + i], y[2 * n + i], y[3 * n + i], y[4 * n + i]
        h = field[k, i] + share * (field[k + 1, i] - field[k, i])
        f = root * source[i] + scale * h / root
        b = 2 * root * re
        out[i] = -omega_z * ys
        out[n + i] = omega_z * x - b * z
        out[2 * n + i] = b * ys
        out[3 * n + i] = -kappa * re - D * im
        out[4 * n + i] = D * re - kappa * im - f
    return out


@numba.njit
def plain_rk4(y: Any, steps: int, h: float, *args: Any) -> Any:
    for step in range(steps):
        t = step * h
        k1 = slope(t, y, *args)
        k2 = slope(t + h / 2, y + h / 2 * k1, *args)
        k3 = slope(t + h / 2, y + h / 2 * k2, *args)
        k4 = slope(t + h, y + h * k3, *args)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


def peer_problem(system: Any, drive: Any, start: Any) -> tuple[Floats, tuple[Any, ...]]:
    D, kappa = system.cavity.pump_detuning, system.cavity.kappa
    scale = (D**2 + kappa**2) / abs(D)
    y = np.concatenate([*start.spins.T, start.light.real, start.light.imag])
    constants = (D, kappa, system.omega_z, scale / 2)
    waveform = (drive.times, drive.power, drive.field)
    return y, (scale * system.couplings, system.spins, constants, waveform)


def rk4(system: Any, drive: Any, start: Any, h: float) -> Floats:
    y, args = peer_problem(system, drive, start)
    steps = round(drive.times[-1] / h)
    end = plain_rk4(y, steps, drive.times[-1] / steps, *args)
    return end[: 3 * system.size].reshape(3, -1).T


def scipy_solver(
    system: Any, drive: Any, start: Any, method: str, tolerance: float
) -> Floats:
    y, args = peer_problem(system, drive, start)
    for span in zip(drive.times[:-1], drive.times[1:], strict=True):
        y = solve_ivp(
            slope, span, y, method, t_eval=span[1:], args=args,
            rtol=tolerance, atol=1e-2 * tolerance,
        ).y[:, -1]  # fmt: skip
    return y[: 3 * system.size].reshape(3, -1).T


def ours(system: Any, drive: Any, start: Any, h: float | None) -> Floats:
    return semiclassical.evolve(
        system,
        drive,
        start,
        sample_times=[],
        rng=np.random.default_rng(0),
        step=h,
    ).state.spins


def diffrax_solver(system: Any, drive: Any, start: Any) -> Solver:
    import diffrax
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    y, (G, spins, constants, waveform) = peer_problem(system, drive, start)
    D, kappa, omega_z, scale = constants
    times, power, field = waveform

    def rate(t: Any, values: Any, _: Any) -> Any:
        x, ys, z, re, im = values.reshape(5, -1)
        k = jnp.clip(jnp.searchsorted(times, t, side="right") - 1, 0, len(times) - 2)
        share = (t - times[k]) / (times[k + 1] - times[k])
        root = jnp.sqrt(power[k] + share * (power[k + 1] - power[k]))
        h = field[k] + share * (field[k + 1] - field[k])
        f = root * (G @ (spins * x)) + scale * h / root
        b = 2 * root * re
        light = (-kappa * re - D * im, D * re - kappa * im - f)
        return jnp.concatenate([-omega_z * ys, omega_z * x - b * z, b * ys, *light])

    times, power, field, G, spins = map(jnp.asarray, (times, power, field, G, spins))

    @jax.jit
    def solve(first: Any, tolerance: float) -> Any:
        return diffrax.diffeqsolve(
            diffrax.ODETerm(rate),
            diffrax.Dopri8(),
            t0=times[0],
            t1=times[-1],
            dt0=None,
            y0=first,
            stepsize_controller=diffrax.PIDController(
                rtol=tolerance, atol=1e-2 * tolerance, jump_ts=times
            ),
            max_steps=1 << 20,
        ).ys[-1]

    first = jnp.asarray(y)
    return lambda tolerance: (
        np.asarray(solve(first, tolerance))[: 3 * system.size].reshape(3, -1).T
    )
