"""One recall with the longitudinal field ramped off: a task of the study `release`.

The pump rises to its final power with the field on, holds, the field falls linearly to
zero (physics.md section 6b), and the ensembles rest before they are read. Layouts keep
the laboratory's distance between sites.

Axes: D dynamics of `DYNAMICS`, F fractions of spins or pixels that are flipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.campaign.study import Point
from ccqed_ctrl import checks, memories
from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.model import layout, relaxation
from ccqed_ctrl.model.couplings import (
    coupling_scale,
    scattering_rate,
    threshold_rabi_frequency,
)
from ccqed_ctrl.model.emission import overlap_kernel
from ccqed_ctrl.model.encoder import Encoder
from ccqed_ctrl.model.plan import plan_memory
from ccqed_ctrl.params import RUBIDIUM_LINEWIDTH, Cavity, Cloud, Layout, Pump
from sim_backend.laboratory.physics import ramp, semiclassical
from sim_backend.laboratory.physics.system import (
    Drive,
    OhmicNoise,
    SpinSystem,
    normal_state,
)

Floats = NDArray[np.float64]
Spins = NDArray[np.int8]

DYNAMICS = ("semiclassical", "exact", "printed", "sd", "0tmh")
#: Of the spins (of the pixels, with an encoder), flipped in the cue.
FRACTIONS = (0.05, 0.1, 0.15, 0.2, 0.3)
#: s: pump up, hold with the field on, rest after the field.
RISE, HOLD, REST = 1e-3, 0.2e-3, 1e-3
#: Longitudinal field over the largest local field, the laboratory's.
FIELD_RATIO = 1.5
#: Breakpoints of the pump's rise, and steps of a slope for the dressed model.
_RISE_POINTS, _STEPS = 12, 100


@dataclass(frozen=True)
class Operation:
    """Where the cavity is operated; the defaults are the chosen point.

    off_time: s in which the field falls. power: P/P_th at the end. overshoot: how far
    the field goes on below zero, over the hysteresis field h_c, before it ends.
    omega_z: rad/s. detuning, kappa: over the laboratory's. beta: w0^2 / 8 sigma_A^2.
    atoms: of one ensemble. noise: 1 with the Ohmic dephasing noise, 0 without.
    """

    off_time: float = 1e-3
    power: float = 1.3
    overshoot: float = 0.0
    omega_z: float = 1e6
    detuning: float = 1.0
    kappa: float = 1.0
    beta: float = 10.0
    atoms: float = 1e5
    noise: float = 0.0

    @classmethod
    def changed(cls, change: str) -> Operation:
        """Return the chosen point with changes, "power=2, noise=1"; none for "".

        Raises
        ------
        ParameterError
            No field of that name, or no number.
        """
        operation = cls()
        for part in filter(None, change.split(", ")):
            name, _, value = part.partition("=")
            checks.choice("change", name, tuple(vars(cls())))
            try:
                operation = replace(operation, **{name: float(value)})
            except ValueError:
                raise ParameterError(
                    f"a change is NAME=NUMBER, separated by ', '; got {part!r}"
                ) from None
        return operation

    @cached_property
    def cavity(self) -> Cavity:
        """The cavity, detuned."""
        usual = Cavity()
        return usual.replace(
            pump_detuning=self.detuning * usual.pump_detuning,
            kappa=self.kappa * usual.kappa,
        )

    @cached_property
    def cloud(self) -> Cloud:
        """The clouds, of a size that makes beta."""
        size = self.cavity.waist / np.sqrt(8 * self.beta)
        return Cloud(size=float(size), atoms=round(self.atoms))

    @cached_property
    def pump(self) -> Pump:
        """The pump at the threshold of one ensemble: q is P/P_th."""
        pump = Pump().replace(omega_z=self.omega_z)
        threshold = threshold_rabi_frequency(self.cavity, pump, self.cloud)
        return pump.replace(rabi_frequency=threshold)

    def system(self, kernel: Floats) -> SpinSystem:
        """Return the ensembles of couplings A_ij (N, N) in J0."""
        J = coupling_scale(self.cavity, self.pump) * kernel
        noise = OhmicNoise() if self.noise else None
        spins = np.full(len(J), self.cloud.atoms / 2)
        return SpinSystem(J, spins, self.cavity, self.omega_z, noise)

    @property
    def hysteresis(self) -> float:
        """h_c = (a^(2/3) - omega_z^(2/3))^(3/2) in rad/s, a = omega_z P/P_th."""
        return float(self.omega_z * max(self.power ** (2 / 3) - 1, 0.0) ** 1.5)

    def waveform(self, system: SpinSystem, state: Spins) -> semiclassical.Waveform:
        """Return the drive that writes a state (N,) and lets go of it."""
        off = system.couplings - np.diag(np.diag(system.couplings))
        local = self.power * np.abs(off @ (2 * system.spins * state)).max()
        rise = np.linspace(0, 1, _RISE_POINTS)
        # The field comes through the pump: with its amplitude, the root of its power.
        field, times = [*np.sqrt(rise), 1.0], [*RISE * rise, RISE + HOLD]
        below = self.overshoot * self.hysteresis / (FIELD_RATIO * local)
        for level in (-below, 0.0) if below else (0.0,):
            times.append(times[-1] + self.off_time * abs(field[-1] - level))
            field.append(level)
        power = self.power * np.array([*rise, *np.ones(len(times) + 1 - len(rise))])
        shape = np.outer([*field, 0.0], FIELD_RATIO * local * state)
        noise = np.full(len(times), bool(self.noise))
        return semiclassical.Waveform(
            np.array([*times, times[-1] + REST]), power, shape, noise
        )

    @property
    def scattered(self) -> float:
        """Photons that an atom scatters of the pump in a shot, overshoot apart."""
        rate = scattering_rate(self.pump.rabi_frequency, self.pump, RUBIDIUM_LINEWIDTH)
        return rate * self.power * (RISE / 2 + HOLD + self.off_time + REST)


def stepped(drive: semiclassical.Waveform) -> Drive:
    """Return a drive of constant pieces, `_STEPS` for the longest slope."""
    lengths = np.diff(drive.times)
    times, power, field, noise = [drive.times[:1]], [], [], []
    for piece in np.flatnonzero(lengths > 0):
        count = int(np.ceil(_STEPS * lengths[piece] / lengths.max()))
        edges = np.linspace(drive.times[piece], drive.times[piece + 1], count + 1)
        q, h = drive.within(int(piece), (edges[1:] + edges[:-1]) / 2)
        times.append(edges[1:])
        power.append(q)
        field.append(h)
        noise.append(np.full(count, drive.noisy()[piece]))
    return Drive(*(np.concatenate(part) for part in (times, power, field, noise)))


def ends(
    operation: Operation, kernel: Floats, state: Spins, rng: np.random.Generator
) -> NDArray[np.int8]:
    """Write a state (N,) and let it relax: ends (D, N).

    kernel: (N, N) couplings A_ij in J0. The ideal dynamics start from the state.
    """
    system = operation.system(kernel)
    drive = operation.waveform(system, state)
    rngs = rng.spawn(4)
    start = semiclassical.normal_state(system.spins, rngs[0])
    last = drive.times[-1:]
    run = semiclassical.evolve(system, drive, start, sample_times=last, rng=rngs[1])
    found = [run.magnetization[-1]]
    pieces, dressed = stepped(drive), normal_state(system.spins, rngs[2])
    for rates in ("exact", "printed"):
        slow = ramp.evolve(system, pieces, dressed, sample_times=last, flip_rates=rates)
        found.append(slow.magnetization[-1])
    fixed = relaxation.prepare(kernel)
    for ideal in ("sd", "0tmh"):
        ended = relaxation.relax(
            fixed, state[None], dynamics=ideal, rng=rngs[3], threads=1
        )
        found.append(ended.spins[0].astype(float))
    return np.where(np.array(found) >= 0, 1, -1).astype(np.int8)


def flipped(
    state: Spins, fraction: float, order: NDArray[np.int64]
) -> NDArray[np.int8]:
    """Return a state (N,) with the first of `order` flipped."""
    cue = state.copy()
    cue[order[: round(fraction * len(state))]] *= -1
    return cue


def minimum(point: Point, rng: np.random.Generator) -> Mapping[str, Any]:
    """Recall a minimum of the cavity from cues with more and more spins flipped.

    point: ensembles, change (of the chosen operation, "" for none). The minimum is one
    that a random state relaxes to by steepest descent. Returns wrong (2, D, F) int16,
    spins that end other than the minimum, and other than steepest descent ends. One
    small array keeps the row of the store on a page.
    """
    operation, n = Operation.changed(str(point["change"])), int(point["ensembles"])
    waist, geometry = operation.cavity.waist, Layout()
    place, choose, *shots = rng.spawn(2 + len(FRACTIONS))
    sites = layout.sample_layout(
        n, geometry.relative_width * waist, geometry.minimum_distance, place
    )
    kernel = overlap_kernel(sites, waist, operation.cloud.size)
    found = relaxation.sample_minima(kernel, 1, rng=choose, threads=1)[0]
    order = choose.permutation(n)
    wrong = np.empty((2, len(DYNAMICS), len(FRACTIONS)), np.int16)
    for k, (fraction, shot) in enumerate(zip(FRACTIONS, shots, strict=True)):
        spins = ends(operation, kernel, flipped(found, fraction, order), shot)
        steepest = spins[DYNAMICS.index("sd")]
        for row, other in enumerate((found, steepest)):
            wrong[row, :, k] = np.count_nonzero(spins != other, axis=1)
    return {"wrong": wrong}


def _through(
    operation: Operation,
    kernel: Floats,
    encoder: Encoder,
    cue: Spins,
    rng: np.random.Generator,
) -> NDArray[np.int8]:
    """Return the images (D + 1, N) of a cue, the last by the encoder alone."""
    state = encoder.encode(cue)
    spins = ends(operation, kernel, state, rng)
    return np.asarray(encoder.decode(np.vstack([spins, state])), np.int8)


def image(point: Point, rng: np.random.Generator) -> Mapping[str, Any]:
    """Recall a random pattern through the encoder.

    point: ensembles, memories (number), encoder, change. Returns overlap (D + 1, F) of
    the decoded image with the pattern, the last row by the encoder alone.
    """
    operation, n = Operation.changed(str(point["change"])), int(point["ensembles"])
    place, choose, draw, *shots = rng.spawn(3 + len(FRACTIONS))
    patterns = draw.choice(np.array([-1, 1], np.int8), (int(point["memories"]), n))
    planned = plan_memory(
        patterns, Layout(), operation.cavity, operation.cloud, layout_rng=place,
        minima_rng=choose, encoder=str(point["encoder"]),
    )  # fmt: skip
    order = draw.permutation(n)
    overlap = np.empty((len(DYNAMICS) + 1, len(FRACTIONS)), np.float32)
    for k, (fraction, shot) in enumerate(zip(FRACTIONS, shots, strict=True)):
        cue = flipped(patterns[0], fraction, order)
        images = _through(operation, planned.couplings, planned.encoder, cue, shot)
        overlap[:, k] = images @ patterns[0].astype(float) / n
    return {"overlap": overlap}


def handwritten(point: Point, rng: np.random.Generator) -> Mapping[str, Any]:
    """Recall ten digits' prototypes from handwriting that no training has seen.

    point: cues (number), held_out (first of 500), encoder, change. Returns right
    (D + 2,): shares of cues that end nearest to their own prototype, the last two by
    the encoder alone and by the nearest prototype of the cue itself.
    """
    digits = memories.handwriting(int(point["held_out"]))
    operation = Operation.changed(str(point["change"]))
    place, choose, *shots = rng.spawn(2 + int(point["cues"]))
    trained = str(point["encoder"]) == "trained"
    planned = plan_memory(
        digits.patterns, Layout(), operation.cavity, operation.cloud,
        layout_rng=place, minima_rng=choose, encoder=str(point["encoder"]),
        examples=digits.examples.images if trained else None,
        labels=digits.examples.labels if trained else None,
    )  # fmt: skip
    right = np.zeros(len(DYNAMICS) + 2)
    chosen = choose.choice(len(digits.cues), len(shots), replace=False)
    for which, shot in zip(chosen, shots, strict=True):
        cue = digits.cues.images[which]
        images = _through(operation, planned.couplings, planned.encoder, cue, shot)
        nearest = np.argmax(
            np.vstack([images, cue]) @ digits.patterns.T.astype(float), 1
        )
        right += nearest == digits.cues.labels[which]
    return {"right": right / len(shots)}
