"""Descents and basins on a graphics card: a block of threads per state.

Bit for bit what `ccqed_ctrl.model.relaxation` computes: the same integer couplings, the
same order of flips (lowest index if tied), the same trials from the same seeds, the
same sequential tests. Thread t of T holds spins t, t + T, ...; what it needs of the
others at a flip is the least stability and the first spin that has it: two barriers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numba import cuda, float64, int8, int16, int32, int64, uint64
from numpy.typing import NDArray

from ccqed_ctrl.model import basins
from ccqed_ctrl.model.relaxation import FixedPoint

GOLDEN = uint64(0x9E3779B97F4A7C15)
FIRST = uint64(0xBF58476D1CE4E5B9)
SECOND = uint64(0x94D049BB133111EB)

#: Above every place.
NOWHERE = int32(2**31 - 1)

device = cuda.jit(device=True)


def descend(
    problems: list[FixedPoint], states: NDArray[np.int8], *, threads: int = 256
) -> NDArray[np.int8]:
    """Return the minima (L, M, N) that states (L, M, N) of L problems relax to."""
    sets, each, size = states.shape
    relaxed = cuda.to_device(states.reshape(-1, size))
    relax, _ = kernels(size, basins.BATCH)
    relax[sets * each, threads](*_stacked(problems), relaxed, each)
    return relaxed.copy_to_host().reshape(states.shape)


def basin_sizes(
    problems: list[FixedPoint],
    minima: NDArray[np.int8],
    seeds: NDArray[np.uint64],
    *,
    threads: int = 256,
    threshold: float = 0.95,
    width: float = 0.02,
    error: float = 0.01,
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return sizes and trials (L, M) of basins, as `relaxation.basin_size` measures.

    minima: (L, M, N) of L problems, N up to 6800. seeds: (L, M), a word for each, as
    that draws one.
    """
    sets, each, size = minima.shape
    good, bad = threshold + width / 2, threshold - width / 2
    gain, loss = math.log(good / bad), math.log((1 - bad) / (1 - good))
    weights = np.array([gain, loss, math.log((1 - error) / error)])
    sizes = cuda.device_array(sets * each, np.int32)
    trials = cuda.device_array(sets * each, np.int64)
    _, measure = kernels(size, basins.BATCH)
    measure[sets * each, threads](
        *_stacked(problems),
        cuda.to_device(minima.reshape(-1, size)),
        cuda.device_array((sets * each, size), np.int32),
        cuda.to_device(seeds.reshape(-1)),
        cuda.to_device(weights),
        each,
        sizes,
        trials,
    )
    shape = sets, each
    return sizes.copy_to_host().reshape(shape), trials.copy_to_host().reshape(shape)


def _stacked(problems: list[FixedPoint]) -> tuple[Any, Any]:
    """Put doubled couplings (L, N, P), diagonal 0, and row sums (L, P) on the card."""
    size, padded = problems[0].size, problems[0].row_sums.size
    stacked = cuda.device_array((len(problems), size, padded), np.int32)
    for n, problem in enumerate(problems):
        doubled = problem.doubled.reshape(size, padded).copy()
        np.fill_diagonal(doubled[:, :size], 0)
        stacked[n].copy_to_device(doubled)
    sums = np.stack([problem.row_sums.reshape(-1) for problem in problems])
    return stacked, cuda.to_device(sums)


@device
def see(field, spin, j, change, flipped, least, place):
    """Let spin j see a flip, which may be its own; return the least stable so far.

    place: 2 j + (spin j is up).
    """
    if j < spin.size:
        field[j] += change
        if j == flipped:
            spin[j] = -spin[j]
        up = spin[j] > 0
        stability = field[j] if up else -field[j]
        if stability < least:
            return stability, int32(2 * j + up)
    return least, place


@device
def settle(doubled, best, place, field, spin):
    """Flip until nothing is unstable; all threads of the block come here together.

    best, place: (2,) shared, of a flip and of the next: the least stability, and the
    lowest 2 j + (spin j is up) that has it.
    """
    tid, threads, size = cuda.threadIdx.x, cuda.blockDim.x, spin.size
    if tid < 2:
        best[tid] = 0
        place[tid] = NOWHERE
    mine, where = int32(0), NOWHERE
    for j in range(tid, size, threads):
        mine, where = see(field, spin, j, int32(0), -1, mine, where)
    cuda.syncthreads()
    turn = 0
    while True:
        if mine < 0:
            cuda.atomic.min(best, turn, int32(mine))
        cuda.syncthreads()
        least = best[turn]
        if least >= 0:
            break
        if mine == least:
            cuda.atomic.min(place, turn, int32(where))
        if tid == 0:
            best[1 - turn] = 0
            place[1 - turn] = NOWHERE
        cuda.syncthreads()
        i, was_up = place[turn] >> 1, place[turn] & 1
        sign = int32(-1) if was_up else int32(1)
        row = doubled[i]
        mine, where = int32(0), NOWHERE
        # Four at a time, so that a thread waits once for four entries of the row.
        for a in range(tid, size, 4 * threads):
            b, c, d = a + threads, a + 2 * threads, a + 3 * threads
            one = row[a]
            two = row[b] if b < size else int32(0)
            three = row[c] if c < size else int32(0)
            four = row[d] if d < size else int32(0)
            mine, where = see(field, spin, a, sign * one, i, mine, where)
            mine, where = see(field, spin, b, sign * two, i, mine, where)
            mine, where = see(field, spin, c, sign * three, i, mine, where)
            mine, where = see(field, spin, d, sign * four, i, mine, where)
        turn = 1 - turn
    cuda.syncthreads()


@device
def fill(doubled, row_sums, given, field, spin):
    """Take over a state and its fields, 2 sum_{up} J_i - sum J_i."""
    tid, threads = cuda.threadIdx.x, cuda.blockDim.x
    for j in range(tid, spin.size, threads):
        spin[j] = given[j]
        field[j] = -row_sums[j]
        for i in range(given.size):
            if given[i] > 0:
                field[j] = field[j] + doubled[i, j]
    cuda.syncthreads()


@device
def hashed(word):
    """Return SplitMix64's mixing of a 64-bit word."""
    word = (word ^ (word >> uint64(30))) * FIRST
    word = (word ^ (word >> uint64(27))) * SECOND
    return word ^ (word >> uint64(31))


@device
def deal(deck, distance, seed, trial):
    """Put `distance` distinct spins to the front of the deck, by a trial's stream."""
    for j in range(cuda.threadIdx.x, deck.size, cuda.blockDim.x):
        deck[j] = j
    cuda.syncthreads()
    if cuda.threadIdx.x == 0:
        word = hashed(seed + GOLDEN * uint64(trial + 1))
        for k in range(distance):
            word += GOLDEN
            high = hashed(word) >> uint64(32)
            cut = k + int64((high * uint64(deck.size - k)) >> uint64(32))
            held = deck[k]
            deck[k] = deck[cut]
            deck[cut] = held
    cuda.syncthreads()


@device
def corrupt(doubled, memory, known, flipped, field, spin):
    """Start from a memory and its fields with some spins flipped."""
    tid, threads = cuda.threadIdx.x, cuda.blockDim.x
    for j in range(tid, spin.size, threads):
        total = known[j]
        for i in flipped:
            total -= memory[i] * doubled[i, j]
        field[j] = total
        spin[j] = memory[j]
    cuda.syncthreads()
    for k in range(tid, flipped.size, threads):
        spin[flipped[k]] = -spin[flipped[k]]
    cuda.syncthreads()


@device
def returned(memory, spin, away):
    """Say, to all threads, whether the state is the memory."""
    if cuda.threadIdx.x == 0:
        away[0] = 0
    cuda.syncthreads()
    for j in range(cuda.threadIdx.x, spin.size, cuda.blockDim.x):
        if spin[j] != memory[j]:
            away[0] = 1
    cuda.syncthreads()
    back = away[0] == 0
    cuda.syncthreads()
    return back


@device
def test(doubled, memory, known, distance, seed, used, weights, batch, scratch):
    """Test one distance; return the evidence for it and all trials used so far.

    scratch: best and place (2,), away (1,), field, spin, deck (N,), of the block.
    """
    best, place, away, field, spin, deck = scratch
    evidence = float64(0.0)
    while abs(evidence) < weights[2]:
        recalled = 0
        for _ in range(batch):
            deal(deck, distance, seed, used)
            used += 1
            corrupt(doubled, memory, known, deck[:distance], field, spin)
            settle(doubled, best, place, field, spin)
            if returned(memory, spin, away):
                recalled += 1
        evidence += weights[0] * recalled - weights[1] * (batch - recalled)
    return evidence, used


@device
def search(doubled, memory, known, seed, weights, batch, scratch):
    """Return the last distance that passes, by doubling and bisection, and trials."""
    used = int64(0)
    low, limit, step, doubling = 0, memory.size // 2, 1, True
    while low < limit:
        distance = min(low + step, limit) if doubling else (low + limit + 1) // 2
        evidence, used = test(
            doubled, memory, known, distance, seed, used, weights, batch, scratch
        )
        if evidence > 0:
            low = distance
            step *= 2
        else:
            limit = distance - 1
            doubling = False
    return low, used


@lru_cache
def kernels(size: int, batch: int) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the kernels of descents and of basins for N spins."""

    @cuda.jit
    def relax(doubled, row_sums, states, each):
        best = cuda.shared.array(2, int32)
        place = cuda.shared.array(2, int32)
        field = cuda.shared.array(size, int32)
        spin = cuda.shared.array(size, int8)
        b = cuda.blockIdx.x
        problem = b // each
        fill(doubled[problem], row_sums[problem], states[b], field, spin)
        settle(doubled[problem], best, place, field, spin)
        for j in range(cuda.threadIdx.x, size, cuda.blockDim.x):
            states[b, j] = spin[j]

    @cuda.jit
    def measure(doubled, row_sums, minima, fields, seeds, weights, each, sizes, trials):
        best = cuda.shared.array(2, int32)
        place = cuda.shared.array(2, int32)
        away = cuda.shared.array(1, int32)
        field = cuda.shared.array(size, int32)
        spin = cuda.shared.array(size, int8)
        deck = cuda.shared.array(size, int16)
        b = cuda.blockIdx.x
        problem = b // each
        fill(doubled[problem], row_sums[problem], minima[b], fields[b], spin)
        scratch = best, place, away, field, spin, deck
        found, used = search(
            doubled[problem], minima[b], fields[b], seeds[b], weights, batch, scratch
        )
        if cuda.threadIdx.x == 0:
            sizes[b] = found
            trials[b] = used

    return relax, measure
