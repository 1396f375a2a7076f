"""From arguments to everything one run and one shot need, before any device moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks, limits
from ..errors import LimitError, PatternError
from ..params import (
    ENCODERS,
    Cavity,
    Cloud,
    Imaging,
    Layout,
    LongitudinalCalibration,
    Movie,
    Pump,
    PumpCalibration,
    Sequence,
    Timing,
)
from . import couplings as model_couplings
from . import encoder as model_encoder
from . import ising, layout, relaxation
from .emission import overlap_kernel
from .trained_encoder import fit_trained

Floats = NDArray[np.float64]
Spins = NDArray[np.int8]

#: Random states relaxed per memory to catalogue the cavity's minima.
STATES_PER_MEMORY = 200
#: Set-points of a pump ramp.
RAMP_STEPS = 100
#: Most amplitudes of a longitudinal drive that goes off.
RELEASE_STEPS = 100
#: Field over the largest local one from which every ensemble follows, physics.md 4.
SURE_FIELD = 1.0


@dataclass(frozen=True)
class MemoryPlan:
    """What is fixed for a run.

    positions: (N, 2) m. couplings: (N, N) A_ij in units of J0. minima: (P, N) spins.
    stability: (P,) least s_i l_i of each, in J0. encoder: from patterns to minima and
    back.
    """

    positions: Floats
    couplings: Floats
    minima: Spins
    stability: Floats
    encoder: model_encoder.Encoder


def plan_memory(
    patterns: ArrayLike,
    geometry: Layout,
    cavity: Cavity,
    cloud: Cloud,
    *,
    layout_rng: np.random.Generator,
    minima_rng: np.random.Generator,
    encoder: str = "plain",
    examples: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    directions: ArrayLike = ((1.0, 0.0), (0.0, 1.0)),
) -> MemoryPlan:
    """Place the ensembles, choose minima and fit the encoder.

    `plain`: Eqs. 29-31 and the most stable minima that random states reach by steepest
    descent (`catalogue`). `trained`: see `trained_encoder`.

    Parameters
    ----------
    patterns : (P, N) spins
    encoder : {"plain", "trained"}
    examples : (B, N) spins, optional
        Corrupted patterns to train with, and labels : (B,), the pattern of each.
    directions : (2, 2), optional
        Where rows and columns of a product grid point: places of (1, 0) and (0, 1) are
        its columns (`params.Traps.matrix`).

    Raises
    ------
    PatternError
        N differs from the pixels, more memories than ensembles, or the cavity holds
        fewer minima than memories (a ferromagnetic, narrow layout).
    LayoutError
        The ensembles cannot be packed.
    ParameterError
        Another encoder.
    """
    checks.choice("encoder", encoder, ENCODERS)
    stored = checks.spins("patterns", patterns, ("P", "N"))
    count, pixels = stored.shape
    if geometry.ensembles not in (None, pixels):
        raise PatternError(
            f"an image of {pixels} pixels needs ensembles={pixels} (or unset); got "
            f"ensembles={geometry.ensembles}"
        )
    if count > pixels:
        raise PatternError(
            f"at most N = {pixels} memories fit {pixels} ensembles; got {count}"
        )
    positions = _place(pixels, geometry, cavity, directions, layout_rng)
    couplings = overlap_kernel(positions, cavity.waist, cloud.size)
    if encoder == "trained":
        trained = fit_trained(
            couplings, stored, examples=examples, labels=labels, rng=minima_rng
        )
        minima, maps = trained.minima, trained.encoder
    else:
        minima = catalogue(couplings, count, minima_rng)
        maps = model_encoder.fit(stored, minima)
    return MemoryPlan(
        positions=positions,
        couplings=couplings,
        minima=minima,
        stability=_stability(couplings, minima),
        encoder=maps,
    )


def _place(
    count: int,
    geometry: Layout,
    cavity: Cavity,
    directions: ArrayLike,
    rng: np.random.Generator,
) -> Floats:
    """Return the places (N, 2) m of a layout."""
    width, distance = geometry.relative_width * cavity.waist, geometry.minimum_distance
    if geometry.columns is None:
        return layout.sample_layout(count, width, distance, rng)
    grid = layout.sample_grid(count, geometry.columns, width, distance, rng)
    axes = checks.array("directions", directions, (2, 2))
    return np.asarray(grid @ axes.T, np.float64)


def catalogue(couplings: Floats, count: int, rng: np.random.Generator) -> Spins:
    """Return the `count` most stable of the minima that random states relax to.

    Stability is min_i s_i l_i: a real cavity has slightly other couplings, and minima
    near the edge do not survive that. The paper takes the first ones found.

    Returns
    -------
    minima (count, N), distinct up to a global sign

    Raises
    ------
    PatternError
        Fewer distinct minima than `count`.
    """
    states = relaxation.sample_minima(
        couplings, STATES_PER_MEMORY * count, dynamics="sd", rng=rng
    )
    distinct = np.unique(states * states[:, :1], axis=0)
    if len(distinct) < count:
        raise PatternError(
            f"{len(states)} random states relax to only {len(distinct)} distinct "
            f"minima, fewer than the {count} memories; widen the layout "
            "(relative_width) or store fewer memories"
        )
    chosen = np.argsort(-_stability(couplings, distinct), kind="stable")[:count]
    return distinct[chosen]


def _stability(couplings: Floats, minima: Spins) -> Floats:
    """Return the least s_i l_i of each minimum, (P,) in J0."""
    fields = minima * ising.local_fields(couplings, minima)
    return np.asarray(fields.min(axis=1), np.float64)


@dataclass(frozen=True)
class PumpPlan:
    """The transverse pump of a shot.

    volts: (T,) servo set-points, the last one held. step: s between them.
    threshold, final: Rabi frequencies Omega in rad/s.
    """

    volts: Floats
    step: float
    threshold: float
    final: float


def plan_pump(
    sequence: Sequence,
    cavity: Cavity,
    pump: Pump,
    cloud: Cloud,
    calibration: PumpCalibration,
) -> PumpPlan:
    """Plan a linear ramp of the pump power from zero to `pump_over_threshold`.

    Raises
    ------
    LimitError
        Set-point or slope outside the envelope.
    """
    threshold = model_couplings.threshold_rabi_frequency(cavity, pump, cloud)
    final = threshold * float(np.sqrt(sequence.pump_over_threshold))
    volts = calibration.volts(final) * np.arange(1, RAMP_STEPS + 1) / RAMP_STEPS
    step = sequence.ramp_time / RAMP_STEPS
    limits.enforce_ramp(volts, step)
    return PumpPlan(volts, step, threshold, final)


@dataclass(frozen=True)
class ReleasePlan:
    """How the longitudinal drive goes off: `steps` amplitudes, `step` s apart.

    The k-th is 1 - (k + 1/2)/steps of the full one: at a constant pump the field is
    proportional to it, so that both fall linearly. No steps: the drive is switched.
    """

    steps: int
    step: float


def plan_release(sequence: Sequence) -> ReleasePlan:
    """Plan the fall of the field within `field_off_time`.

    Raises
    ------
    LimitError
        Shorter than one step may be; 0 switches.
    """
    duration = sequence.field_off_time
    if duration == 0:
        return ReleasePlan(0, 0.0)
    shortest = limits.ENVELOPE["time between DDS amplitudes"].minimum
    # A rounding error in the last digit is no step less.
    steps = max(1, min(RELEASE_STEPS, int(duration / shortest * (1 + 1e-9))))
    limits.enforce("time between DDS amplitudes", duration / steps)
    return ReleasePlan(steps, duration / steps)


@dataclass(frozen=True)
class MoviePlan:
    """When the holograms of one evolution are taken.

    times: (G,) s, of the middle of each exposure, since the field was off. pause: s,
    from the end of one, reference and all, to the next. frames: (G + 1,) s, of each,
    and of the one of the reference alone, counted from the first.
    """

    times: Floats
    pause: float
    frames: Floats


def plan_movie(
    movie: Movie | None, sequence: Sequence, imaging: Imaging, timing: Timing
) -> MoviePlan:
    """Plan the holograms of one evolution; without a movie there is one.

    Raises
    ------
    LimitError
        An interval in which the camera, as it is believed, cannot do it.
    """
    taking = sequence.exposure + 2 * timing.reference_guard
    shortest = taking + imaging.readout_time
    first = sequence.evolution_time + taking / 2
    last = shortest + timing.dac_settling
    if movie is None:
        return MoviePlan(np.array([first]), 0.0, np.array([0.0, last]))
    interval = shortest if movie.interval is None else movie.interval
    # A rounding error in the last digit is no violation.
    if interval < shortest * (1 - 1e-9):
        raise LimitError(
            f"holograms must be at least {shortest:.4g} s apart (exposure, twice the "
            f"reference's guard, imaging.readout_time of {imaging.readout_time:g} s); "
            f"the plan asks for {interval:.4g} s: the camera would ignore its trigger"
        )
    times: Floats = first + interval * np.arange(float(movie.holograms))
    frames = np.append(times, times[-1] + last) - first
    return MoviePlan(times, interval - taking, frames)


@dataclass(frozen=True)
class LoadPlan:
    """How a spin state is written by the longitudinal drive.

    dmd_pattern: (N,) amplitudes in [-1, 1], K^-1 h normalised. dds_amplitude: of the
    drive, 0..1. field: (N,) h in rad/s at full pump. energy_change: largest
    |de| / |Delta_C| while the field is on, self term included (Eq. 18). written: (N,)
    int8, the state that every ensemble is sure to follow; 0 where the field is weak.
    """

    dmd_pattern: Floats
    dds_amplitude: float
    field: Floats
    energy_change: float
    written: Spins


def plan_load(
    state: ArrayLike,
    couplings: Floats,
    sequence: Sequence,
    cavity: Cavity,
    pump: Pump,
    cloud: Cloud,
    calibration: LongitudinalCalibration,
    volts: float,
) -> LoadPlan:
    """Plan the drive that polarises ensemble i along state_i (+1 or -1).

    h = field_ratio * max_i |2 S sum_{j != i} J_ij state_j| * state at the final pump
    power, which is `pump.rabi_frequency`; naive amplitudes f ~ h would spread by the
    couplings of neighbours, so f = K^-1 h.

    Raises
    ------
    LimitError
        The drive needs more than full scale, or pushes energies beyond |Delta_C|.
    """
    spins = checks.spins("state", state, (len(couplings),)).astype(np.float64)
    scale = model_couplings.coupling_scale(cavity, pump) * cloud.atoms
    local = scale * ising.local_fields(couplings, spins)
    field = sequence.field_ratio * float(np.max(np.abs(local))) * spins
    raw = np.asarray(np.linalg.solve(couplings, field), np.float64)
    peak = float(np.max(np.abs(raw), initial=0.0))
    full = calibration.full_scale * np.sqrt(max(volts, 1e-12))
    limits.enforce("DDS amplitude", peak / full)
    # What one atom's flip costs also holds the pull of its own ensemble, M J_ii.
    total = local + scale * np.diag(couplings) * spins + field
    energy_change = np.abs(total) / abs(cavity.pump_detuning)
    limits.enforce("energy change", energy_change)
    return LoadPlan(
        dmd_pattern=raw / max(peak, 1e-300),
        dds_amplitude=float(peak / full),
        field=field,
        energy_change=float(energy_change.max(initial=0.0)),
        written=spins.astype(np.int8) * (sequence.field_ratio >= SURE_FIELD),
    )


def corrupt(pattern: ArrayLike, fraction: float, rng: np.random.Generator) -> Spins:
    """Flip round(fraction * N) distinct random pixels of a pattern (N,)."""
    spins = checks.spins("pattern", pattern, ("N",))
    fraction = checks.number("corruption", fraction, 0.0, 1.0)
    cue = spins.copy()
    flipped = rng.choice(len(cue), size=round(fraction * len(cue)), replace=False)
    cue[flipped] *= -1
    return cue
