"""Counters of edges in the gateware: `artiq.coredevice.edge_counter`."""

from __future__ import annotations

from typing import Any

import numpy as np
from artiq.coredevice.edge_counter import CounterOverflow
from artiq.language.core import delay_mu, kernel, now_mu
from artiq.language.types import TBool, TInt32, TInt64

from .channel import OneChannel
from .core import Core
from .kinds import TimedWord

CONFIG_COUNT_RISING = 0b0001
CONFIG_COUNT_FALLING = 0b0010
CONFIG_SEND_COUNT_EVENT = 0b0100
CONFIG_RESET_TO_ZERO = 0b1000


class EdgeCounter(OneChannel):
    """Counts edges of a digital input while its gate is open."""

    def __init__(
        self,
        dmgr: Any,
        channel: int,
        gateware_width: int = 31,
        core_device: str = "core",
    ) -> None:
        self.core: Core = dmgr.get(core_device)
        self.channel = channel
        self.counter_max = (1 << (gateware_width - 1)) - 1

    @kernel
    def gate_rising(self, duration: float) -> TInt64:
        """Count rising edges for seconds; return the end of the gate."""
        return self.gate_rising_mu(self.core.seconds_to_mu(duration))

    @kernel
    def gate_falling(self, duration: float) -> TInt64:
        """Count falling edges for seconds; return the end of the gate."""
        return self.gate_falling_mu(self.core.seconds_to_mu(duration))

    @kernel
    def gate_both(self, duration: float) -> TInt64:
        """Count all edges for seconds; return the end of the gate."""
        return self.gate_both_mu(self.core.seconds_to_mu(duration))

    @kernel
    def gate_rising_mu(self, duration_mu: int) -> TInt64:
        """Count rising edges for machine units; return the end of the gate."""
        return self._gate_mu(duration_mu, True, False)

    @kernel
    def gate_falling_mu(self, duration_mu: int) -> TInt64:
        """Count falling edges for machine units; return the end of the gate."""
        return self._gate_mu(duration_mu, False, True)

    @kernel
    def gate_both_mu(self, duration_mu: int) -> TInt64:
        """Count all edges for machine units; return the end of the gate."""
        return self._gate_mu(duration_mu, True, True)

    @kernel
    def _gate_mu(
        self, duration_mu: int, count_rising: bool, count_falling: bool
    ) -> TInt64:
        self.set_config(count_rising, count_falling, False, True)
        delay_mu(duration_mu)
        self.set_config(False, False, True, False)
        return now_mu()

    @kernel
    def set_config(
        self,
        count_rising: TBool,
        count_falling: TBool,
        send_count_event: TBool,
        reset_to_zero: TBool,
    ) -> None:
        """Set sensitivity at the cursor; ask for the count; start from zero."""
        config = (
            (CONFIG_COUNT_RISING if count_rising else 0)
            | (CONFIG_COUNT_FALLING if count_falling else 0)
            | (CONFIG_SEND_COUNT_EVENT if send_count_event else 0)
            | (CONFIG_RESET_TO_ZERO if reset_to_zero else 0)
        )
        self.core.rtio.output(self.channel, 0, config)

    @kernel
    def fetch_count(self) -> TInt32:
        """Wait for a count that was asked for.

        Raises
        ------
        CounterOverflow
            It is at the counter's limit.
        """
        return self._checked(self.core.rtio.input_data(self.channel))

    @kernel
    def fetch_timestamped_count(self, timeout_mu: int = -1) -> TimedWord:
        """Wait for a count; return (time, count), time -1 at the timeout.

        Raises
        ------
        CounterOverflow
            It is at the counter's limit.
        """
        rtio = self.core.rtio
        time_mu, count = rtio.input_timestamped_data(self.channel, int(timeout_mu))
        return np.int64(time_mu), self._checked(count)

    def _checked(self, count: int) -> int:
        if count == self.counter_max:
            message = f"Input edge counter overflow on RTIO channel {self.channel}"
            raise CounterOverflow(message)
        return count
