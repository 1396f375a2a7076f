"""Descents and basins on a graphics card: a block of threads per state.

Bit for bit what `ccqed_ctrl.model.relaxation` computes: the same integer couplings, the
same order of flips (lowest index if tied), the same trials from the same seeds, the
same sequential tests. Thread t of T holds spins t, t + T, ...; what it needs of the
others at a flip is one number, the least (stability, spin), found with one barrier.
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
def offer(best, slot, field, spin, j):
    """Enter a spin into the search if its flip lowers the energy."""
    up = spin[j] > 0
    stability = int64(field[j]) if up else -int64(field[j])
    if stability < 0:
        # The least stable first, then the lowest index; the last bit is its state.
        key = (stability << int64(16)) | (int64(j) << int64(1)) | int64(up)
        cuda.atomic.min(best, slot, key)


@device
def settle(doubled, best, field, spin):
    """Flip until nothing is unstable; all threads of the block come here together."""
    tid, threads = cuda.threadIdx.x, cuda.blockDim.x
    if tid == 0:
        for slot in range(3):
            best[slot] = 0
    cuda.syncthreads()
    for j in range(tid, spin.size, threads):
        offer(best, 0, field, spin, j)
    turn = 0
    while True:
        cuda.syncthreads()
        key = best[turn]
        if key >= 0:
            break
        # Three places in turn: one is read, one is written, one is emptied.
        following = turn + 1 if turn < 2 else 0
        if tid == 0:
            best[3 - turn - following] = 0
        i = int32((key >> int64(1)) & int64(0x7FFF))
        was_up = (key & int64(1)) == 1
        row = doubled[i]
        for j in range(tid, spin.size, threads):
            field[j] = field[j] - row[j] if was_up else field[j] + row[j]
            if j == i:
                spin[j] = -spin[j]
            offer(best, following, field, spin, j)
        turn = following
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
    for j in range(cuda.threadIdx.x, spin.size, cuda.blockDim.x):
        field[j] = known[j]
        spin[j] = memory[j]
    for i in flipped:
        row = doubled[i]
        up = memory[i] > 0
        for j in range(cuda.threadIdx.x, spin.size, cuda.blockDim.x):
            field[j] = field[j] - row[j] if up else field[j] + row[j]
            if j == i:
                spin[j] = -spin[j]


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

    scratch: best (3,), away (1,), field, spin and deck (N,), shared by the block.
    """
    best, away, field, spin, deck = scratch
    evidence = float64(0.0)
    while abs(evidence) < weights[2]:
        recalled = 0
        for _ in range(batch):
            deal(deck, distance, seed, used)
            used += 1
            corrupt(doubled, memory, known, deck[:distance], field, spin)
            settle(doubled, best, field, spin)
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
        best = cuda.shared.array(3, int64)
        field = cuda.shared.array(size, int32)
        spin = cuda.shared.array(size, int8)
        b = cuda.blockIdx.x
        problem = b // each
        fill(doubled[problem], row_sums[problem], states[b], field, spin)
        settle(doubled[problem], best, field, spin)
        for j in range(cuda.threadIdx.x, size, cuda.blockDim.x):
            states[b, j] = spin[j]

    @cuda.jit
    def measure(doubled, row_sums, minima, fields, seeds, weights, each, sizes, trials):
        best = cuda.shared.array(3, int64)
        away = cuda.shared.array(1, int32)
        field = cuda.shared.array(size, int32)
        spin = cuda.shared.array(size, int8)
        deck = cuda.shared.array(size, int16)
        b = cuda.blockIdx.x
        problem = b // each
        fill(doubled[problem], row_sums[problem], minima[b], fields[b], spin)
        scratch = best, away, field, spin, deck
        found, used = search(
            doubled[problem], minima[b], fields[b], seeds[b], weights, batch, scratch
        )
        if cuda.threadIdx.x == 0:
            sizes[b] = found
            trials[b] = used

    return relax, measure
