"""What the study `release` computes, what it costs, and its estimates.

Axes: F fractions of `FRACTIONS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.campaign.results import Results
from analysis.campaign.study import Study
from analysis.statistics import Estimate, binomial, cluster_bootstrap
from ccqed_ctrl.rng import stream

from .figure import Scale
from .release_shots import (
    DYNAMICS,
    Operation,
    handwritten,
    image,
    minimum,
)

Floats = NDArray[np.float64]

#: Values of each knob, one changed at a time; `Operation` says what they are.
SWEEPS: Mapping[str, Sequence[float]] = {
    "off_time": (0.0, 3e-5, 1e-4, 3e-4, 3e-3, 1e-2),
    "power": (1.05, 1.1, 1.2, 1.5, 2.0, 3.0),
    "overshoot": (0.25, 0.5, 1.0, 2.0),
    "omega_z": (3e5, 3e6),
    "detuning": (0.5, 2.0),
    "kappa": (0.3, 3.0),
    "beta": (3.0, 5.0, 20.0),
    "atoms": (1e3, 1e4, 1e6),
    "noise": (1.0,),
}
#: Powers tried with the dephasing noise on.
NOISY = tuple(f"power={power:g}, noise=1" for power in (1.5, 2.0, 3.0, 5.0))
#: The chosen point's two neighbours.
NEIGHBOURS = ("power=1.2", "off_time=0.003")
#: What the chosen point was chosen among, on layouts of their own.
CHOICES = tuple(
    f"power={power}, off_time={off}"
    for power in (1.1, 1.2, 1.3, 1.5)
    for off in (3e-4, 1e-3, 3e-3)
) + tuple(f"power={power}, off_time=0.001, noise=1" for power in (1.3, 1.5, 2.0, 3.0))
LABELS = {
    "semiclassical": "semiclassical", "exact": "dressed, exact",
    "printed": "dressed, printed", "sd": "steepest descent", "0tmh": "0TMH",
    "encoder": "encoder alone",
}  # fmt: skip


def studies(scale: Scale) -> Sequence[Study]:
    """Return the studies; core seconds of a task as measured on an idle core."""
    few, some, many = {
        "quick": (4, 4, 6), "paper": (40, 80, 200), "beyond": (300, 500, 1000)
    }[scale]  # fmt: skip
    swept = [f"{name}={value:g}" for name, row in SWEEPS.items() for value in row]
    swept += NOISY
    sizes, choices = [100, 200], list(CHOICES)
    if scale == "quick":
        swept = ["off_time=0", "power=2", "noise=1", *NOISY[:1]]
        sizes, choices = [32], choices[:2]
    either = {"encoder": ["plain", "trained"], "change": [""]}
    asked: dict[str, dict[str, Sequence[Any]]] = {
        "flips": {"ensembles": [64], "change": [""]},
        "swept": {"ensembles": [64], "change": ["", *swept]},
        "sizes": {"ensembles": sizes, "change": ["", *NEIGHBOURS]},
        "images": {"ensembles": [64], "memories": [6, 13], **either},
        "digits": {"held_out": [0, 500], "cues": [20], **either},
        "choice": {"ensembles": [64], "change": choices},
    }
    return [
        Study(
            f"release.{name}", function, asked[name], seeds, seconds=seconds,
            paired=("encoder",) if "encoder" in asked[name] else ("change",),
        )
        for name, function, seeds, seconds in (
            ("flips", minimum, many, 1.5),
            ("swept", minimum, some, 1.8),
            ("sizes", minimum, few, 5.5),
            ("images", image, some, 1.7),
            ("digits", handwritten, few // 2, 12.0),
            ("choice", minimum, few, 1.5),
        )
    ]  # fmt: skip


def sweep(table: Results, knob: str) -> tuple[list[float], list[str]]:
    """Return a knob's values (V,) in order, the chosen one among them, and changes."""
    changes = {float(getattr(Operation(), knob)): ""}
    for change in table.study.grid["change"]:
        if change.startswith(f"{knob}=") and change not in NOISY:
            changes[float(change.removeprefix(f"{knob}="))] = change
    values = sorted(changes)
    return values, [changes[value] for value in values]


def exact(table: Results, dynamics: str, **point: Any) -> Estimate:
    """Estimate the share of exact returns by fraction flipped, (F,).

    Binomial: each layout holds one minimum and one cue.
    """
    returned = _overlaps(table, dynamics, **point) > 1 - 1e-6
    return binomial(np.count_nonzero(returned, axis=0), len(returned))


def overlap(table: Results, dynamics: str, **point: Any) -> Estimate:
    """Estimate the mean final overlap by fraction flipped, (F,)."""
    return _estimate(_overlaps(table, dynamics, **point))


def agreement(table: Results, dynamics: str, **point: Any) -> Estimate:
    """Estimate the share of spins as steepest descent leaves them, (F,)."""
    wrong = table.column("wrong", **point)[:, 1, DYNAMICS.index(dynamics)]
    return _estimate(1 - wrong / _spins(table, **point))


def right(table: Results, **point: Any) -> Estimate:
    """Estimate the shares of digits recalled, by dynamics, (D + 2,)."""
    return _estimate(table.column("right", **point))


def _overlaps(table: Results, dynamics: str, **point: Any) -> Floats:
    if "wrong" in table.names:
        wrong = table.column("wrong", **point)[:, 0, DYNAMICS.index(dynamics)]
        return np.asarray(1 - 2 * wrong / _spins(table, **point), np.float64)
    row = len(DYNAMICS) if dynamics == "encoder" else DYNAMICS.index(dynamics)
    return np.asarray(table.column("overlap", **point)[:, row], np.float64)


def _spins(table: Results, **point: Any) -> int:
    return int(point.get("ensembles", table.study.grid["ensembles"][0]))


def _estimate(rows: NDArray[Any]) -> Estimate:
    return cluster_bootstrap(rows.astype(np.float64), stream(0, "release"))
