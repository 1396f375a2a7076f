"""Patterns stored by the Hebbian or the pseudo-inverse rule: the studies of Fig. 10."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.campaign.study import Point
from ccqed_ctrl.model import relaxation
from ccqed_ctrl.params import Cavity, Pump
from sim_backend.laboratory.physics import mean_field
from sim_backend.laboratory.physics.system import SpinSystem

from .rate_models import MODELS
from .storage_studies import RULES, corrupted

Floats = NDArray[np.float64]
Spins = NDArray[np.int8]

#: Distances of a recall curve, over N.
DISTANCES = tuple(round(0.02 * k, 2) for k in range(1, 13))
ATOMS = 100_000
#: Self term over the mean local field of a stored pattern. Physical rates vanish
#: without one; the confocal cavity's, beta = 10, would hold ensembles in place.
SELF = 0.1
#: s; the evolution ends earlier where nothing moves any more.
DURATION = {"exact": 2.0, "printed": 2000.0}


def random_patterns(point: Point, rng: np.random.Generator) -> Spins:
    """Return patterns (P, N). point: ensembles, loading (P/N, at least one pattern)."""
    size = int(point["ensembles"])
    count = max(1, round(float(point["loading"]) * size))
    return (2 * rng.integers(0, 2, (count, size), dtype=np.int8) - 1).astype(np.int8)


def recall(point: Point, rng: np.random.Generator) -> Mapping[str, Any]:
    """Return the recall curve of patterns stored by a rule.

    point: ensembles, loading, rule; dynamics, "sd", "0tmh", or "exact" or "printed"
    for mean field by that rate model; trials, per distance, each of a random pattern.
    Returns recalled (D,), the share of exact recalls at `DISTANCES`; the same cues for
    all dynamics.
    """
    patterns = random_patterns(point, rng)
    size, trials = patterns.shape[1], int(point["trials"])
    J = RULES[str(point["rule"])](patterns)
    shape = len(DISTANCES), trials
    targets = patterns[rng.integers(0, len(patterns), shape)]
    right = np.ones(size, np.int8)
    errors = [corrupted(right, round(d * size), trials, rng) for d in DISTANCES]
    cues = (targets * np.stack(errors)).reshape(-1, size)
    dynamics = str(point["dynamics"])
    if dynamics in MODELS:
        field = float(np.mean(patterns * (patterns @ J)))
        ends = _mean_field_ends(J, cues, dynamics, field)
    else:
        ends = relaxation.relax(J, cues, dynamics=dynamics, rng=rng, threads=1).spins
    same = np.all(ends == targets.reshape(-1, size), axis=1)
    return {"recalled": same.reshape(shape).mean(axis=1)}


def _mean_field_ends(J: Floats, cues: Spins, kernel: str, field: float) -> Spins:
    """Return the signs (B, N) that cues (B, N) end in under mean field F3.

    J: (N, N), any unit, zero diagonal. field: the local field that `SELF` refers to.
    The pump makes the largest possible |de| the detuning, as in Fig. 9.
    """
    cavity, size = Cavity(), len(J)
    whole = J + SELF * field * np.eye(size)
    scale = abs(cavity.pump_detuning) / (ATOMS * np.abs(whole).sum(axis=1).max())
    spins = np.full(size, ATOMS / 2)
    system = SpinSystem(scale * whole, spins, cavity, Pump().omega_z)
    duration = DURATION[kernel]
    runs = (
        mean_field.evolve(
            system, cue.astype(float), duration=duration, sample_times=[duration],
            flip_rates=kernel,
        )
        for cue in cues
    )  # fmt: skip
    ends = np.stack([run.state.magnetization for run in runs])
    return np.where(ends >= 0, 1, -1).astype(np.int8)


def attractors(point: Point, rng: np.random.Generator) -> Mapping[str, Any]:
    """Return how close the attractors of all stored patterns are to them.

    point: ensembles, loading, rule. The attractor is what the pattern relaxes to by
    0TMH. Returns overlap, the mean of xi.s/N; close, the share of overlaps above 0.9.
    """
    patterns = random_patterns(point, rng)
    fixed = relaxation.prepare(RULES[str(point["rule"])](patterns))
    reached = _attractors(fixed, patterns, rng)
    overlaps = np.mean(reached.astype(float) * patterns, axis=1)
    return {"overlap": overlaps.mean(), "close": np.mean(overlaps > 0.9)}


def attractor_basins(point: Point, rng: np.random.Generator) -> Mapping[str, Any]:
    """Return the basins of the attractors of stored patterns.

    point: ensembles, loading, rule, dynamics ("sd" or "0tmh", of the recall; the
    attractors are those of `attractors` for both), probes (patterns measured),
    resolution (of recall probability around 0.95). Returns sizes (probes,) int. Below
    P = probes, patterns are measured in turn again.
    """
    patterns = random_patterns(point, rng)
    fixed = relaxation.prepare(RULES[str(point["rule"])](patterns))
    chosen = patterns[np.arange(int(point["probes"])) % len(patterns)]
    basins = [
        relaxation.basin_size(
            fixed, state, dynamics=str(point["dynamics"]),
            width=float(point["resolution"]), error=0.02, interval=False, rng=rng,
        )
        for state in _attractors(fixed, chosen, rng)
    ]  # fmt: skip
    return {"sizes": np.array([basin.size for basin in basins])}


def _attractors(
    fixed: relaxation.FixedPoint, patterns: Spins, rng: np.random.Generator
) -> Spins:
    return relaxation.relax(fixed, patterns, dynamics="0tmh", rng=rng, threads=1).spins
