"""Classical spins and light of the whole network (physics.md section 6b), no rates.

    u_i' = (i D - kappa) u_i - i (sqrt(q) sum_j G_ij S_j x_j + phi_i)
    S_i' = B_i x S_i,   B_i = (2 sqrt(q) Re u_i + chi_i, 0, omega_z),

x_i the first component of the unit vector S_i, G = J (D^2 + kappa^2)/|D|, and
phi_i = h_i (D^2 + kappa^2)/(2 |D| sqrt(q)), so that light at rest makes
b_i = 2 q sum_j S_j J_ij x_j + h_i. Needs no condition on the speed of the drive. The
paper has rate equations only. Agrees with the full Lindblad equation to 0.05 of x at
S = 6; what is missing is the light's vacuum, by which small spins (S < 10) spread over
both minima after a spinodal.

Where the atoms of the sites shift the cavity (`SpinSystem.site_detunings`), site i
adds its shift to the supermode that its cloud sees; the N modes that follow have
detunings of their own and the light is kept per mode.

The method, order 4: the light's linear part is exact, its source a polynomial in the
step (a cubic through value and slope at both ends for the x_j, whose slope
-omega_z y_j is known); the spins turn by the fourth-order Magnus rotation, exactly. One
product with G per step serves x and y together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ccqed_ctrl import checks
from ccqed_ctrl.errors import ParameterError, ShapeError

from . import _semiclassical_kernels
from .bath import Bath
from .sampling import check_times
from .system import Drive, Floats, SpinSystem

Complexes = NDArray[np.complex128]

#: Largest |D + i kappa|, omega_z or |b| times a step: RK4's accuracy at 8 ns, and the
#: most that the kernels' series allow.
_STEP, _LONGEST = 0.5, 2.0


@dataclass(frozen=True)
class Waveform:
    """Piecewise-linear drive through breakpoints; two at one time make a jump.

    times: (B,) s, not decreasing. power: (B,) q. field: (B, N) h_i in rad/s; it acts
    through the pump, so nothing where q = 0. noise: (B-1,) bool, dephasing noise on
    between two breakpoints; default off.
    """

    times: Floats
    power: Floats
    field: Floats
    noise: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        times = checks.array("times", self.times, ("B",))
        if len(times) < 2 or np.any(np.diff(times) < 0) or times[0] == times[-1]:
            raise ShapeError(
                "times must not decrease, and hold two different breakpoints; got "
                f"{times.size} from {times.min(initial=np.inf):g} s to "
                f"{times.max(initial=-np.inf):g} s"
            )
        power = checks.array("power", self.power, (len(times),))
        if np.any(power < 0):
            raise ShapeError(f"power must be >= 0; got {power.min():g}")
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "power", power)
        object.__setattr__(
            self, "field", checks.array("field", self.field, (len(times), "N"))
        )
        if self.noise is not None:
            noise = checks.array("noise", self.noise, (len(times) - 1,), bool)
            object.__setattr__(self, "noise", noise)

    def noisy(self) -> NDArray[np.bool_]:
        """Say of each piece between breakpoints (B-1,) whether its noise is on."""
        off = np.zeros(len(self.times) - 1, bool)
        return off if self.noise is None else self.noise

    def within(self, piece: int, times: Floats) -> tuple[Floats, Floats]:
        """Return power (K,) and field (K, N) at times between breakpoint and next."""
        start, end = self.times[piece : piece + 2]
        share = (times - start) / (end - start)
        first, last = self.field[piece : piece + 2]
        power = self.power[piece] + share * (self.power[piece + 1] - self.power[piece])
        return power, first + share[:, None] * (last - first)

    @classmethod
    def of(cls, drive: Drive) -> Waveform:
        """Return a piecewise-constant drive as breakpoints that jump."""
        noise = np.zeros(2 * len(drive.power) - 1, bool)
        noise[::2] = drive.noise
        return cls(
            np.repeat(drive.times, 2)[1:-1],
            np.repeat(drive.power, 2),
            np.repeat(drive.field, 2, axis=0),
            noise,
        )


@dataclass(frozen=True)
class State:
    """Spins (N, 3), in units of S_i, and light (N,) complex: u_i.

    With site detunings the light is that of the modes of `modes`. bath: where noise has
    been on, how it goes on, so that an evolution in pieces is the evolution in one.
    """

    spins: Floats
    light: Complexes
    bath: Bath | None = None


@dataclass(frozen=True)
class Evolution:
    """Spins (K, N, 3) and light (K, N) at times (K,), and the state at the end."""

    times: Floats
    spins: Floats
    light: Complexes
    state: State

    @property
    def magnetization(self) -> Floats:
        """The x_i (K, N)."""
        return self.spins[:, :, 0]


def normal_state(spins: Floats, rng: np.random.Generator) -> State:
    """Draw coherent states along -z, x and y from N(0, 1)/sqrt(M), and a dark cavity.

    spins: (N,) float S_i = M_i / 2. Empty sites point along -z.
    """
    atoms = 2 * checks.array("spins", spins, ("N",))
    spread = np.where(atoms > 0, 1 / np.sqrt(np.maximum(atoms, 1)), 0.0)
    across = rng.standard_normal((len(atoms), 2)) * spread[:, None]
    across /= np.maximum(1.0, np.linalg.norm(across, axis=1))[:, None]
    z = -np.sqrt(np.maximum(1 - np.sum(across**2, axis=1), 0.0))
    return State(np.column_stack([across, z]), np.zeros(len(atoms), np.complex128))


def modes(system: SpinSystem) -> tuple[Floats, Floats]:
    """Return detunings D_l (L,) and couplings g_il (N, L) rad/s at q = 1, L = N.

    H_light = -sum_l D_l a_l^dag a_l is -Delta_C, plus Delta_C - D_i on the normalised
    supermode g_i / |g_i| of each site i; sum_l g_il g_jl = G_ij.

    Raises
    ------
    ParameterError
        Couplings with a negative eigenvalue: no cavity of one detuning makes them.
    """
    D, kappa = system.cavity.pump_detuning, system.cavity.kappa
    scale = (D**2 + kappa**2) / abs(D)
    eigenvalues, vectors = np.linalg.eigh(scale * system.couplings)
    largest = float(np.max(np.abs(eigenvalues), initial=0.0))
    if np.any(eigenvalues < -1e-9 * largest):
        raise ParameterError(
            "couplings must have no negative eigenvalue where site_detunings are "
            f"given; got {eigenvalues.min() / scale:g} rad/s"
        )
    g = vectors * np.sqrt(np.maximum(eigenvalues, 0.0))
    if system.site_detunings is None:
        return np.full(system.size, D), g
    norms = np.linalg.norm(g, axis=1)
    unit = np.divide(g, norms[:, None], out=np.zeros_like(g), where=norms[:, None] > 0)
    shifts = system.site_detunings - D
    detunings, turned = np.linalg.eigh(
        D * np.eye(system.size) + unit.T @ (shifts[:, None] * unit)
    )
    return detunings, g @ turned


def evolve(
    system: SpinSystem,
    drive: Waveform | Drive,
    state: State,
    *,
    sample_times: ArrayLike,
    rng: np.random.Generator,
    step: float | None = None,
) -> Evolution:
    """Integrate classical spins and light over a drive.

    Parameters
    ----------
    drive: breakpoints, or constant pieces. q = 1 is where the couplings are given.
    sample_times: (K,) s, within the drive, not decreasing.
    rng: draws the Ohmic noise chi_i(t), one per site, where the drive has it on.
    step: s, the longest; by default 0.5 over the fastest rate.

    Returns
    -------
    Evolution; the end state goes into the next piece.

    Raises
    ------
    ShapeError, ParameterError
        Sizes that differ, spins longer than 1, sample times outside the drive, a step
        too long for the light, quantum noise (which is no classical waveform).

    Examples
    --------
    A field loads a pattern, then falls in 1 ms at 1.3 times the threshold.

    >>> import numpy as np
    >>> from ccqed_ctrl.model.couplings import coupling_matrix, threshold_rabi_frequency
    >>> from ccqed_ctrl.params import Cavity, Cloud, Pump
    >>> from sim_backend.laboratory.physics import semiclassical
    >>> from sim_backend.laboratory.physics.system import SpinSystem
    >>> rng = np.random.default_rng(0)
    >>> cavity, cloud, pump = Cavity(), Cloud(), Pump()
    >>> threshold = threshold_rabi_frequency(cavity, pump, cloud)
    >>> pump = pump.replace(rabi_frequency=threshold)
    >>> sites = 1.5 * cavity.waist * rng.standard_normal((8, 2))
    >>> J = coupling_matrix(sites, cavity, pump, cloud)  # q = P/P_th
    >>> system = SpinSystem(J, np.full(8, cloud.atoms / 2), cavity, pump.omega_z)
    >>> pattern = np.array([1, -1, 1, 1, -1, -1, 1, -1])
    >>> drive = semiclassical.Waveform(
    ...     times=[0, 0.1e-3, 0.2e-3, 1.2e-3, 1.4e-3],
    ...     power=[0.1, 0.7, 1.3, 1.3, 1.3],
    ...     field=np.outer([0, 3e6, 3e6, 0, 0], pattern),
    ... )
    >>> start = semiclassical.normal_state(system.spins, rng)
    >>> evolution = semiclassical.evolve(
    ...     system, drive, start, sample_times=[0.2e-3, 1.4e-3], rng=rng
    ... )
    >>> evolution.spins.shape, evolution.light.shape
    ((2, 8, 3), (2, 8))
    >>> bool(np.all(np.sign(evolution.magnetization[0]) == pattern))
    True
    """
    waveform = Waveform.of(drive) if isinstance(drive, Drive) else drive
    n, times = system.size, waveform.times
    checks.array("drive.field", waveform.field, (len(times), n))
    spins = np.array(checks.array("state.spins", state.spins, (n, 3)).T, order="C")
    lengths = np.linalg.norm(spins, axis=0)
    if np.any(lengths > 1 + 1e-9):
        raise ShapeError(
            f"state.spins must be vectors no longer than 1; got {lengths.max():g}"
        )
    u = checks.array("state.light", state.light, (n,), complex)
    samples = check_times(sample_times, float(times[0]), float(times[-1]))
    network = _Network.of(system)
    steps = _Steps.of(system, network.rates, step)
    bath = _bath(system, waveform, state.bath, rng)
    light = np.array([u.real, u.imag])
    shown, lit = np.empty((len(samples), 3, n)), np.empty((len(samples), 2, n))
    edges = np.unique(np.concatenate([times, samples]))
    done, on = 0, 0.0
    for start, end in zip(edges[:-1], edges[1:], strict=True):
        upto = int(np.searchsorted(samples, start, "right"))
        shown[done:upto], lit[done:upto] = spins, light
        done = upto
        piece = int(np.searchsorted(times, start, "right")) - 1
        power, field = waveform.within(piece, np.array([start, end]))
        noisy = bool(waveform.noisy()[piece])
        if not noisy and not np.any(power):
            _precess(spins, light, end - start, network.rates, system.omega_z)
            continue
        _semiclassical_kernels.advance(
            spins,
            light,
            (end - start, power, field @ network.drive),
            _noise(bath if noisy else None, on, n),
            (network.rows, network.readout),
            network.rates,
            system.omega_z,
            steps.within(end - start, power, field),
        )
        on += (end - start) * noisy
    shown[done:], lit[done:] = spins, light
    return Evolution(
        samples,
        shown.transpose(0, 2, 1),
        lit[:, 0] + 1j * lit[:, 1],
        State(
            spins.T.copy(),
            light[0] + 1j * light[1],
            None if bath is None else bath.after(on),
        ),
    )


@dataclass(frozen=True)
class _Network:
    """The cavity as the kernels want it.

    rows: (N, L) S_j G_jl, readout: (L, N) g or empty, rates: (2, L) -kappa and D_l,
    drive: (N, L) from h to phi sqrt(q).
    """

    rows: Floats
    readout: Floats
    rates: Floats
    drive: Floats

    @classmethod
    def of(cls, system: SpinSystem) -> _Network:
        D, kappa = system.cavity.pump_detuning, system.cavity.kappa
        n, scale = system.size, (D**2 + kappa**2) / abs(D)
        spins, loss = system.spins[:, None], np.full(system.size, -kappa)
        if system.site_detunings is None:
            rows, rates = spins * scale * system.couplings, np.full(n, D)
            return cls(
                rows, np.empty((0, n)), np.array([loss, rates]), np.eye(n) * scale / 2
            )
        detunings, g = modes(system)
        drive = np.linalg.pinv(g.T) * scale / 2
        readout = np.ascontiguousarray(g.T)
        return cls(spins * g, readout, np.array([loss, detunings]), drive)


@dataclass(frozen=True)
class _Steps:
    """The longest step in s where one was asked for, else the rates in rad/s it obeys.

    reach: largest |b_i| that spins make at q = 1. rate: of light and of precession.
    """

    longest: float | None
    rate: float
    reach: float

    @classmethod
    def of(cls, system: SpinSystem, rates: Floats, longest: float | None) -> _Steps:
        light = float(np.max(np.hypot(*rates), initial=0.0))
        if longest is not None:
            # The exponential integrals of the light are summed for no longer ones.
            checks.number("step", longest, 1e-12, _LONGEST / light, "s")
        fields = np.abs(system.couplings) @ (2 * system.spins)
        return cls(longest, max(light, system.omega_z), float(fields.max(initial=0.0)))

    def within(self, duration: float, power: Floats, field: Floats) -> int:
        """Return the steps in a piece of power (2,) and field (2, N) at its ends."""
        strongest = np.max(power) * self.reach + np.max(np.abs(field), initial=0.0)
        longest = self.longest or _STEP / max(self.rate, float(strongest))
        return max(int(np.ceil(duration / longest)), 1)


def _precess(
    spins: Floats, light: Floats, duration: float, rates: Floats, omega_z: float
) -> None:
    """Turn spins (3, N) about z and let the light (2, L) decay, the pump being off."""
    turn = np.exp(1j * omega_z * duration)
    turned = (spins[0] + 1j * spins[1]) * turn
    left = (light[0] + 1j * light[1]) * np.exp((rates[0] + 1j * rates[1]) * duration)
    spins[0], spins[1] = turned.real, turned.imag
    light[0], light[1] = left.real, left.imag


def _bath(
    system: SpinSystem,
    waveform: Waveform,
    bath: Bath | None,
    rng: np.random.Generator,
) -> Bath | None:
    """Return the noise drawn for all of the drive, going on with an earlier one."""
    if system.noise is None or not np.any(waveform.noisy()):
        return bath
    if bath is None:
        bath = Bath.begin(system.noise, system.size, rng)
    checks.array("state.bath.rows", bath.rows, ("K", system.size))
    return bath.reaching(float(np.diff(waveform.times) @ waveform.noisy()), rng)


def _noise(bath: Bath | None, on: float, sites: int) -> _semiclassical_kernels.Noise:
    """Return the noise after it was on for a time in s, as the kernels want it."""
    if bath is None:
        return np.empty((0, sites)), 0.0, 1.0
    return bath.rows, bath.position + on * bath.density, bath.density
