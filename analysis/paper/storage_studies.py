"""Basins of stored patterns: the study behind Fig. 13 and the better encoder.

A trial flips d distinct random pixels of a stored pattern, encodes, relaxes, decodes,
and counts as a recall if the pattern comes back exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.campaign.study import Point
from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.model import relaxation
from ccqed_ctrl.model.basins import measure_basin
from ccqed_ctrl.model.couplings import confocal_couplings
from ccqed_ctrl.model.encoder import Encoder, fit
from ccqed_ctrl.model.learning import hebbian, pseudo_inverse
from ccqed_ctrl.model.trained_encoder import fit_trained

Floats = NDArray[np.float64]
Spins = NDArray[np.int8]

WIDTH = 1.5  # w0, as in the paper
#: Random states per memory among which minima are chosen.
STATES = 50


@dataclass(frozen=True)
class Memory:
    """Couplings, and an encoder where there is one."""

    fixed: relaxation.FixedPoint
    encoder: Encoder | None
    nearest: bool = False

    def recall(
        self, cues: Spins, dynamics: str, rng: np.random.Generator
    ) -> NDArray[np.int8]:
        """Return what cues (B, N) end in, (B, N)."""
        states = self.encoder.encode(cues) if self.encoder else cues
        relaxed = relaxation.relax(
            self.fixed, states, dynamics=dynamics, rng=rng, threads=1
        ).spins
        return self.encoder.decode(relaxed) if self.encoder else relaxed


def random_layout(size: int, rng: np.random.Generator) -> Floats:
    """Return confocal couplings (N, N) of ensembles at Gaussian positions."""
    return confocal_couplings(WIDTH * rng.standard_normal((size, 2)), 1.0)


def corrupted(
    pattern: Spins, flips: int, count: int, rng: np.random.Generator
) -> Spins:
    """Return copies (count, N) of a pattern (N,), each with other pixels flipped."""
    wrong = np.zeros((count, len(pattern)), bool)
    wrong[:, :flips] = True
    return np.where(rng.permuted(wrong, axis=1), -pattern, pattern).astype(np.int8)


def _found(
    fixed: relaxation.FixedPoint, count: int, sampling: str, rng: np.random.Generator
) -> Spins:
    return relaxation.sample_minima(fixed, count, dynamics=sampling, rng=rng, threads=1)


def _distinct(
    fixed: relaxation.FixedPoint, count: int, sampling: str, rng: np.random.Generator
) -> Spins:
    """Return the first distinct minima; all of `STATES` per memory may be looked at."""
    reached = _found(fixed, STATES * count, sampling, rng)
    _, first = np.unique(reached * reached[:, :1], axis=0, return_index=True)
    if len(first) < count:
        raise ParameterError(f"only {len(first)} distinct minima for {count} memories")
    return reached[np.sort(first)[:count]]


Choice = Callable[[relaxation.FixedPoint, int, str, np.random.Generator], Spins]

#: Variants of the paper's encoder: choice of minima, sampling, lambda, and whether the
#: nearest stored pattern counts as a recall.
PLAIN: dict[str, tuple[Choice, str, float, bool]] = {
    "plain": (_found, "sd", 1e-9, False),
    "distinct": (_distinct, "sd", 1e-9, False),
    "0TMH minima": (_found, "0tmh", 1e-9, False),
    "lambda 0.01 N": (_found, "sd", 1e-2, False),
    "lambda 0.1 N": (_found, "sd", 1e-1, False),
    "lambda N": (_found, "sd", 1.0, False),
    "nearest": (_found, "sd", 1e-9, True),
}
RULES = {"hebbian": hebbian, "pseudo-inverse": pseudo_inverse}
METHODS = (*PLAIN, *RULES, "trained")


def store(method: str, patterns: Spins, J: Floats, rng: np.random.Generator) -> Memory:
    """Store patterns (P, N) by one of `METHODS`; rules make their own couplings.

    Raises
    ------
    ParameterError
        An unknown method, or too few minima.
    """
    if method in RULES:
        return Memory(relaxation.prepare(RULES[method](patterns)), None)
    fixed = relaxation.prepare(J)
    if method == "trained":
        states = STATES * len(patterns)
        return Memory(fixed, fit_trained(J, patterns, states=states, rng=rng).encoder)
    if method not in PLAIN:
        raise ParameterError(f"method must be one of {METHODS}; got {method!r}")
    choose, sampling, penalty, nearest = PLAIN[method]
    minima = choose(fixed, len(patterns), sampling, rng)
    return Memory(fixed, fit(patterns, minima, penalty), nearest)


#: Pixels flipped for `anticipated_recall`, over N, by loading: about half come back.
CORRUPTION = {0.1: 0.34, 0.4: 0.17, 1.0: 0.07}


def anticipated_recall(point: Point, rng: np.random.Generator) -> Mapping[str, Any]:
    """Return how often corrupted patterns come back exactly from a trained encoder.

    point: ensembles, loading (P/N, of `CORRUPTION`), anticipation (asked for), trials
    (per pattern). Returns recalled, the share over all patterns.
    """
    size, loading = int(point["ensembles"]), float(point["loading"])
    J = random_layout(size, rng)
    patterns = rng.choice(np.array([-1, 1], np.int8), (round(loading * size), size))
    fitted = fit_trained(
        J, patterns, anticipation=float(point["anticipation"]), rng=rng
    )
    memory = Memory(relaxation.prepare(J), fitted.encoder)
    flips, trials = round(CORRUPTION[loading] * size), int(point["trials"])
    shares = [
        np.mean(
            np.all(
                memory.recall(corrupted(pattern, flips, trials, rng), "sd", rng)
                == pattern,
                axis=1,
            )
        )
        for pattern in patterns
    ]
    return {"recalled": np.mean(shares)}


def stored_basins(point: Point, rng: np.random.Generator) -> Mapping[str, Any]:
    """Return the basins of patterns stored at one loading.

    point: ensembles, loading (P/N), method, dynamics, probes (patterns measured),
    resolution (of recall probability around 0.95). Returns sizes (probes,) int and
    exact (probes,) bool: whether the pattern itself is recalled. Below P = probes,
    patterns are measured in turn again.
    """
    size, dynamics = int(point["ensembles"]), str(point["dynamics"])
    count = max(1, round(float(point["loading"]) * size))
    J = random_layout(size, rng)
    patterns = (2 * rng.integers(0, 2, (count, size), dtype=np.int8) - 1).astype(
        np.int8
    )
    memory = store(str(point["method"]), patterns, J, rng)
    sizes, exact = [], []
    for probe in range(int(point["probes"])):
        which = probe % count

        def recalls(distance: int, trials: int, which: int = which) -> int:
            cues = corrupted(patterns[which], distance, trials, rng)
            images = memory.recall(cues, dynamics, rng)
            if memory.nearest:
                overlaps = images.astype(np.float64) @ patterns.T
                return int(np.count_nonzero(np.argmax(overlaps, axis=1) == which))
            return int(np.count_nonzero(np.all(images == patterns[which], axis=1)))

        exact.append(recalls(0, 1) == 1)
        found = measure_basin(
            recalls, size // 2, width=float(point["resolution"]), error=0.02,
            interval=False,
        )  # fmt: skip
        sizes.append(found.size if exact[-1] else 0)
    return {"sizes": np.array(sizes), "exact": np.array(exact)}
