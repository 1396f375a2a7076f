"""System calls of ARTIQ's firmware, answered by a board.

What ARTIQ's own drivers end in when a kernel of theirs is interpreted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from artiq.coredevice.exceptions import I2CError

from .board import Board


def table(board: Board) -> dict[str, Callable[..., Any]]:
    """Return the calls by name."""
    rtio = board.rtio

    def output(target: int, data: Any) -> None:
        target &= 0xFFFFFFFF
        rtio.output(target >> 8, target & 0xFF, data)

    def timestamped(timeout_mu: int, channel: int) -> tuple[np.int64, int]:
        time_mu, data = rtio.input_timestamped_data(channel, int(timeout_mu))
        return np.int64(time_mu), data

    def select(bus: int, address: int, mask: int) -> None:
        if not board.bus(bus).select(address, mask):
            raise I2CError("failed to ack bus switch")

    return {
        "rtio_output": lambda target, data: output(target, int(data)),
        "rtio_output_wide": lambda target, data: output(target, list(data)),
        "rtio_input_timestamp": lambda timeout_mu, channel: np.int64(
            rtio.input_timestamp(channel, int(timeout_mu))
        ),
        "rtio_get_counter": lambda: np.int64(rtio.counter),
        "rtio_input_data": rtio.input_data,
        "rtio_input_timestamped_data": timestamped,
        "i2c_start": lambda bus: board.bus(bus).start(),
        "i2c_restart": lambda bus: board.bus(bus).start(),
        "i2c_stop": lambda bus: board.bus(bus).stop(),
        "i2c_write": lambda bus, byte: board.bus(bus).write(byte),
        "i2c_read": lambda bus, _ack: board.bus(bus).read(),
        "i2c_switch_select": select,
    }
