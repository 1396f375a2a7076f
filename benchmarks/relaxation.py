"""Relaxations and recall trials, against dwave-samplers and NumPy.

What was tried where a target is missed: see TRIED, which the table prints.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl.model import ising
from ccqed_ctrl.model.basins import recall_curve
from ccqed_ctrl.model.relaxation import prepare, relax, sample_minima

from .pairing import Row, paired, seconds, shown
from .problems import binary_quadratic_model, confocal, random_states

#: N and the factor wanted over dwave-samplers' SteepestDescentSampler.
DESCENT = {100: 10, 200: 18, 400: 33, 800: 80, 1000: 85}

#: N and the factor wanted over simulated annealing at zero temperature.
ANNEALING = {100: 15, 400: 25, 1000: 50}

#: N, the distance d, and the factor wanted over NumPy from known fields.
TRIALS = {100: (5, 12), 400: (20, 12), 1000: (14, 12)}

#: N and the largest cost of a flip in units of the machine's limit.
LIMIT = {400: 5.0, 800: 2.0, 1000: 2.0}

#: For the reader of a missed row.
TRIED = {
    "descent": (
        "tried: one to four interleaved chains, blocks of 32 to 128, prefetching the "
        "next row (10 % at N=1000), 512-bit vectors (no change), fields by dgemm; "
        "from N=800 the limit rows show the memory's share"
    ),
    "recall": (
        "tried: gauge of the minimum, chunks of 4 to 32 states, rows added in fours"
    ),
    "0tmh": (
        "tried: two interleaved chains (slower), a search without branches (slower), "
        "groups of 4, 8 and 16"
    ),
}

#: Relaxations timed at once by dwave-samplers, and by us.
READS = 50
STATES = 25_600


def measure(repeats: int) -> Iterator[Row]:
    """Yield every row of this file, the missed ones with what was tried."""
    for row in rows(repeats):
        tried = TRIED.get(row.group, "") if row.met is False else ""
        yield replace(row, note="; ".join(filter(None, (row.note, tried))))


def rows(repeats: int) -> Iterator[Row]:
    for size, target in DESCENT.items():
        yield steepest_descent(size, target, repeats)
    for size, limit in LIMIT.items():
        yield flip_cost(size, limit, repeats)
    yield two_threads(400, repeats)
    for size, (distance, target) in TRIALS.items():
        yield recall_trials(size, distance, target, repeats)
    for size, target in ANNEALING.items():
        yield random_descent(size, target, repeats)


def steepest_descent(size: int, target: float, repeats: int) -> Row:
    """Whole relaxations, fields included, one thread, against sampling time only."""
    from dwave.samplers import SteepestDescentSampler

    couplings = confocal(size)
    fixed, model = prepare(couplings), binary_quadratic_model(couplings)
    states = random_states(max(READS, STATES // size), size)
    finals: dict[str, NDArray[np.int8]] = {}

    def ours() -> float:
        def work() -> None:
            finals["ours"] = relax(fixed, states, threads=1).spins

        return seconds(work) / len(states)

    def peer() -> float:
        starts = (states[:READS], list(range(size)))
        result = SteepestDescentSampler().sample(
            model, num_reads=READS, initial_states=starts, large_sparse_opt=False
        )
        finals["peer"] = in_order(result)
        return result.info["timing"]["sampling_ns"] * 1e-9 / READS

    mine, theirs, ratio = paired(ours, peer, repeats)
    some = range(min(READS, 5000 // size))
    expected = np.array([float64_descent(couplings, states[k]) for k in some])
    same = np.all(finals["ours"][: len(expected)] == expected)
    agree = np.mean(np.all(finals["ours"][:READS] == finals["peer"], axis=1))
    note = f"final states: {'same as' if same else 'NOT those of'} float64 loop, "
    note += f"{agree:.0%} as dwave"
    case = f"SD, N={size}, dwave-samplers"
    return Row("descent", case, shown(mine), shown(theirs), ratio, target, note=note)


def flip_cost(size: int, limit: float, repeats: int) -> Row:
    """A flip, fields and search included, in units of what moving its data costs."""
    fixed = prepare(confocal(size))
    states = random_states(max(READS, STATES // size), size)
    rows = np.random.default_rng(2).integers(0, size, 20_000)
    state = np.zeros((2, *fixed.row_sums.shape), np.int32)

    def ours() -> float:
        flips = 0

        def work() -> None:
            nonlocal flips
            flips = int(relax(fixed, states, threads=1).flips.sum())

        return seconds(work) / flips

    def peer() -> float:
        return seconds(lambda: move_rows(fixed.doubled, rows, *state)) / len(rows)

    mine, theirs, ratio = paired(ours, peer, repeats)
    return Row(
        "limit",
        f"ns per flip, N={size}, machine limit",
        shown(mine),
        shown(theirs),
        1 / ratio,
        limit,
        smaller_is_better=True,
        note="cost / limit; start of the relaxation included",
    )


@numba.njit(nogil=True, error_model="numpy")
def move_rows(doubled: Any, rows: Any, fields: Any, down: Any) -> None:
    """Move what a flip must move: one row from its cache, 12 bytes per spin in L1."""
    for i in rows:
        row = doubled[i]
        for b in range(fields.shape[0]):
            for c in range(fields.shape[1]):
                fields[b, c] = np.int32(fields[b, c] + row[b, c]) ^ down[b, c]


def two_threads(size: int, repeats: int) -> Row:
    """Two threads against one, in time; needs two idle cores."""
    fixed = prepare(confocal(size))
    states = random_states(64 * STATES // size, size)
    mine, theirs, ratio = paired(
        lambda: seconds(lambda: relax(fixed, states, threads=2)),
        lambda: seconds(lambda: relax(fixed, states, threads=1)),
        repeats,
    )
    load = os.getloadavg()[0]
    note = f"load average {load:.1f}; only a quiet machine can show 2"
    case = f"SD, N={size}, two threads over one"
    return Row("threads", case, shown(mine), shown(theirs), ratio, 1.8, note=note)


def recall_trials(size: int, distance: int, target: float, repeats: int) -> Row:
    """Flip d spins of a known minimum, relax, compare; NumPy knows the fields too."""
    couplings = confocal(size)
    fixed, rng = prepare(couplings), np.random.default_rng(3)
    minimum = sample_minima(fixed, 1, rng=rng)[0]
    fractions: dict[str, float] = {}
    trials = {"ours": 4_000_000 // size, "peer": 102_400 // size}

    def ours() -> float:
        def work() -> None:
            [fractions["ours"]] = recall_curve(
                fixed, minimum, [distance], trials=trials["ours"], rng=rng, threads=1
            )

        return seconds(work) / trials["ours"]

    def peer() -> float:
        def work() -> None:
            fractions["peer"] = numpy_recall(
                couplings, minimum, distance, trials["peer"], rng
            )

        return seconds(work) / trials["peer"]

    mine, theirs, ratio = paired(ours, peer, repeats)
    note = f"recalled {fractions['ours']:.3f} and {fractions['peer']:.3f}"
    case = f"recall, N={size}, d={distance}, NumPy"
    return Row("recall", case, shown(mine), shown(theirs), ratio, target, note=note)


def random_descent(size: int, target: float, repeats: int) -> Row:
    """0TMH against simulated annealing at zero temperature, swept to minima."""
    from dwave.samplers import SimulatedAnnealingSampler

    couplings = confocal(size)
    fixed, model = prepare(couplings), binary_quadratic_model(couplings)
    states = random_states(max(READS, STATES // size), size)
    rng = np.random.default_rng(4)

    def anneal(sweeps: int) -> Any:
        return SimulatedAnnealingSampler().sample(
            model,
            num_reads=READS,
            initial_states=(states[:READS], list(range(size))),
            beta_schedule_type="custom",
            beta_schedule=np.full(sweeps, 1e9),
            num_sweeps_per_beta=1,
            randomize_order=True,
            seed=1,
        )

    sweeps = 8
    while np.mean(ising.is_minimum(couplings, in_order(anneal(sweeps)))) < 0.95:
        sweeps *= 2

    def ours() -> float:
        def work() -> None:
            relax(fixed, states, dynamics="0tmh", rng=rng, threads=1)

        return seconds(work) / len(states)

    def peer() -> float:
        return anneal(sweeps).info["timing"]["sampling_ns"] * 1e-9 / READS

    mine, theirs, ratio = paired(ours, peer, repeats)
    note = f"{sweeps} sweeps: the fewest (8, 16, ...) that end 95 % of reads in minima"
    case = f"0TMH, N={size}, dwave-samplers"
    return Row("0tmh", case, shown(mine), shown(theirs), ratio, target, note=note)


def in_order(samples: Any) -> NDArray[np.int8]:
    """Return dwave's samples with the variables in our order."""
    return samples.record.sample[:, np.argsort(samples.variables)]


def float64_descent(
    couplings: NDArray[np.float64], start: NDArray[np.int8]
) -> NDArray[np.int8]:
    """Steepest descent as the definition reads."""
    spins = start.copy()
    fields = couplings @ spins
    while (stabilities := spins * fields).min() < 0:
        worst = int(np.argmin(stabilities))
        spins[worst] *= -1
        fields += 2.0 * spins[worst] * couplings[worst]
    return spins


def numpy_recall(
    couplings: NDArray[np.float64],
    minimum: NDArray[np.int8],
    distance: int,
    trials: int,
    rng: np.random.Generator,
) -> float:
    """Recall trials as good NumPy does them: float32, batched, from known fields."""
    single = couplings.astype(np.float32)
    goal = minimum.astype(np.float32)
    known = single @ goal
    returned = 0
    for first in range(0, trials, 256):
        count = min(256, trials - first)
        keys = rng.random((count, len(goal)), dtype=np.float32)
        chosen = np.argpartition(keys, distance - 1, axis=1)[:, :distance]
        spins = np.tile(goal, (count, 1))
        np.put_along_axis(spins, chosen, -goal[chosen], axis=1)
        # Only the d flipped rows change the known fields.
        change = np.einsum("td,tdn->tn", goal[chosen], single[chosen])
        fields = known - 2 * change
        active = np.arange(count)
        while active.size:
            stabilities = spins[active] * fields[active]
            worst = np.argmin(stabilities, axis=1)
            moving = stabilities[np.arange(len(active)), worst] < 0
            active, worst = active[moving], worst[moving]
            spins[active, worst] *= -1
            fields[active] += 2 * spins[active, worst, None] * single[worst]
        returned += int(np.sum(np.all(spins == goal, axis=1)))
    return returned / trials
