"""Where relaxation ends under each rate model, against steepest descent: Fig. 9."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analysis.campaign.results import Results
from analysis.campaign.study import Point, Study
from analysis.statistics import binomial, cluster_bootstrap
from ccqed_ctrl.rng import stream
from sim_backend.laboratory.physics import mean_field
from sim_backend.laboratory.physics.system import SpinSystem

from .figure import Claim, Scale, compare
from .rate_models import MODELS
from .time_traces import Floats, gains, prepare

#: Of the ensembles, flipped out of a minimum at the start; 0.5 is a random state.
FRACTIONS = (0.2, 0.5)
#: s; the evolution ends earlier where nothing moves any more.
DURATION = {"exact": 0.2, "printed": 200.0}


def fate(point: Point, rng: np.random.Generator) -> Mapping[str, Any]:
    """Relax one start by mean field, by steepest descent and in random order.

    All three include the self term, which can hold ensembles against their field.

    point: ensembles, atoms, width (w0), fraction, kernel. Returns overlap and
    random_order: overlaps of mean field's and of the random order's end with steepest
    descent's; same: whether the first is 1 (mean field's signs).
    """
    n = int(point["ensembles"])
    system, minimum, _, _ = prepare(
        n, int(point["atoms"]), 1, float(point["width"]), rng
    )
    start = minimum.copy()
    start[rng.choice(n, round(float(point["fraction"]) * n), replace=False)] *= -1
    steepest = descend(system, start)
    duration = DURATION[str(point["kernel"])]
    run = mean_field.evolve(
        system, start, duration=duration, sample_times=[duration],
        flip_rates=str(point["kernel"]),
    )  # fmt: skip
    end = np.sign(run.state.magnetization)
    return {
        "overlap": np.mean(end * steepest),
        "same": np.array_equal(end, steepest),
        "random_order": np.mean(descend(system, start, rng) * steepest),
    }


def descend(
    system: SpinSystem, state: Floats, rng: np.random.Generator | None = None
) -> Floats:
    """Flip ensembles that stand against their field, self term included, to the end.

    The one that gains most first, or, with `rng`, any of them. state: (N,) of -1 and
    +1, not changed.
    """
    state = state.copy()
    while True:
        gain = gains(system, state)
        open_ones = np.flatnonzero(gain > 0)
        if len(open_ones) == 0:
            return state
        state[np.argmax(gain) if rng is None else rng.choice(open_ones)] *= -1


def study(scale: Scale) -> Study:
    """Return the study: N = 100, M = 1e5, w = 1.5 w0, both rate models."""
    seeds = {"quick": 12, "paper": 200, "beyond": 2000}[scale]
    grid: dict[str, Sequence[Any]] = {
        "kernel": MODELS, "fraction": FRACTIONS, "ensembles": [100],
        "atoms": [100_000], "width": [1.5],
    }  # fmt: skip
    return Study("fig09.fates", fate, grid, seeds, paired=("kernel",))


def claims(table: Results) -> list[Claim]:
    """Compare the ends of relaxation with steepest descent's."""
    found = []
    for fraction in FRACTIONS:
        words = "a random state" if fraction == 0.5 else f"{fraction:.0%} flipped"
        other = table.column("random_order", fraction=fraction).mean()
        for model in MODELS:
            at = {"fraction": fraction, "kernel": model}
            same = table.column("same", **at)
            share = binomial(np.count_nonzero(same), len(same))
            overlap = cluster_bootstrap(
                table.column("overlap", **at), stream(0, "fig09.fates")
            )
            found.append(
                compare(
                    f"ends in the state of steepest descent, from {words}, {model}",
                    "SD describes the dynamics (Sec. VI)", float(share.value),
                    float(share.error), (0.9, 1.0),
                    f"At least 0.9 asked. Overlap with that state {overlap.value:.3f} "
                    f"± {overlap.error:.3f}; flips in random order: {other:.3f}.",
                )
            )  # fmt: skip
    return found
