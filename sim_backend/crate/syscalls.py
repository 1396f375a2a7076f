"""System calls of ARTIQ's firmware, answered by a board.

What drivers end in when their kernels are interpreted, ARTIQ's own included.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
from artiq.coredevice.exceptions import CacheError, DMAError, I2CError

from .board import Board
from .rtio import Word


def table(board: Board) -> dict[str, Callable[..., Any]]:
    """Return the calls by name."""
    calls = (_rtio, _i2c, _dma, _cache)
    return {name: call for part in calls for name, call in part(board).items()}


def _rtio(board: Board) -> dict[str, Callable[..., Any]]:
    rtio = board.rtio

    def output(target: int, data: Any) -> None:
        target &= 0xFFFFFFFF
        rtio.output(target >> 8, target & 0xFF, data)

    def counter() -> np.int64:
        rtio.spend(rtio.costs.counter)
        return np.int64(rtio.counter)

    def timestamped(timeout_mu: int, channel: int) -> tuple[np.int64, int]:
        time_mu, data = rtio.input_timestamped_data(channel, int(timeout_mu))
        return np.int64(time_mu), data

    return {
        "rtio_init": rtio.reset,
        "rtio_get_counter": counter,
        "rtio_get_destination_status": lambda destination: destination == 0,
        "rtio_output": lambda target, data: output(target, int(data)),
        "rtio_output_wide": lambda target, data: output(target, list(data)),
        "rtio_input_timestamp": lambda timeout_mu, channel: np.int64(
            rtio.input_timestamp(channel, int(timeout_mu))
        ),
        "rtio_input_data": rtio.input_data,
        "rtio_input_timestamped_data": timestamped,
    }


def _i2c(board: Board) -> dict[str, Callable[..., Any]]:
    def select(bus: int, address: int, mask: int) -> None:
        if not board.bus(bus).select(address, mask):
            raise I2CError("failed to ack bus switch")

    return {
        "i2c_start": lambda bus: board.bus(bus).start(),
        "i2c_restart": lambda bus: board.bus(bus).start(),
        "i2c_stop": lambda bus: board.bus(bus).stop(),
        "i2c_write": lambda bus, byte: board.bus(bus).write(byte),
        "i2c_read": lambda bus, _ack: board.bus(bus).read(),
        "i2c_switch_select": select,
    }


def _dma(board: Board) -> dict[str, Callable[..., Any]]:
    """Keep recorded sequences; the address of one is never used again."""
    rtio = board.rtio
    addresses: dict[str, int] = {}
    traces: dict[int, tuple[int, list[Word]]] = {}
    unused = count()
    recorded = ""

    def erase(name: str) -> None:
        traces.pop(addresses.pop(name, -1), None)

    def start(name: str) -> None:
        nonlocal recorded
        if rtio.trace is not None:
            raise DMAError("DMA is already recording")
        erase(name)
        recorded = name
        rtio.trace = []

    def stop(duration_mu: int, _distributed: bool) -> None:
        if rtio.trace is None:
            raise DMAError("DMA is not recording")
        addresses[recorded] = address = next(unused)
        traces[address] = int(duration_mu), rtio.trace
        rtio.trace = None

    def retrieve(name: str) -> tuple[np.int64, int, bool]:
        if name not in addresses:
            raise DMAError("DMA trace not found")
        address = addresses[name]
        return np.int64(traces[address][0]), address, False

    return {
        "dma_record_start": start,
        "dma_record_stop": stop,
        "dma_erase": erase,
        "dma_retrieve": retrieve,
        "dma_playback": lambda time_mu, address, _distributed: rtio.replay(
            traces[address][1], int(time_mu)
        ),
    }


def _cache(board: Board) -> dict[str, Callable[..., Any]]:
    """Keep rows that outlive kernels; one that a kernel has read is the kernel's."""
    rows: dict[str, list[int]] = {}
    borrowed: dict[str, int] = {}

    def get(key: str) -> list[int]:
        borrowed[key] = board.kernels
        return rows.setdefault(key, [])

    def put(key: str, value: list[int]) -> None:
        if borrowed.get(key) == board.kernels and rows.get(key):
            raise CacheError("cannot put into a busy cache row")
        rows[key] = list(value)

    return {"cache_get": get, "cache_put": put}
