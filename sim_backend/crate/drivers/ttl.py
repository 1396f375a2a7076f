"""Digital channels: `artiq.coredevice.ttl` on the simulated RTIO bus."""

from __future__ import annotations

from typing import Any

import numpy as np
from artiq.coredevice.exceptions import RTIOOverflow
from artiq.language.core import delay, delay_mu, kernel, now_mu, portable
from artiq.language.types import TInt64

from ..time_manager import round_half_away
from .channel import OneChannel
from .core import Core

LEVEL, DIRECTION, SENSITIVITY, SAMPLE = range(4)
RISING, FALLING, BOTH = 1, 2, 3


class _Output(OneChannel):
    """What both kinds of digital output do."""

    @kernel
    def set_o(self, o: bool) -> None:
        """Set the level at the cursor."""
        self.core.rtio.output(self.channel, LEVEL, 1 if o else 0)

    @kernel
    def on(self) -> None:
        """Go high at the cursor, which does not move."""
        self.set_o(True)

    @kernel
    def off(self) -> None:
        """Go low at the cursor, which does not move."""
        self.set_o(False)

    @kernel
    def pulse_mu(self, duration: int) -> None:
        """Be high for a number of machine units; the cursor advances by them."""
        self.on()
        delay_mu(duration)
        self.off()

    @kernel
    def pulse(self, duration: float) -> None:
        """Be high for some seconds; the cursor advances by them."""
        self.on()
        delay(duration)
        self.off()


class TTLOut(_Output):
    """Output-only digital channel."""

    def __init__(self, dmgr: Any, channel: int, core_device: str = "core") -> None:
        self.core: Core = dmgr.get(core_device)
        self.channel = channel

    @kernel
    def output(self) -> None:
        """Do nothing: the direction is fixed."""


class TTLInOut(_Output):
    """Bidirectional digital channel; an input until `output` is called."""

    def __init__(
        self,
        dmgr: Any,
        channel: int,
        gate_latency_mu: int | None = None,
        core_device: str = "core",
    ) -> None:
        self.core: Core = dmgr.get(core_device)
        self.channel = channel
        if gate_latency_mu is None:
            gate_latency_mu = 13 * self.core.ref_multiplier
        self.gate_latency_mu = gate_latency_mu

    @kernel
    def set_oe(self, oe: bool) -> None:
        """Set the direction at the cursor."""
        self.core.rtio.output(self.channel, DIRECTION, 1 if oe else 0)

    @kernel
    def output(self) -> None:
        """Make it an output at the cursor."""
        self.set_oe(True)

    @kernel
    def input(self) -> None:
        """Make it an input at the cursor."""
        self.set_oe(False)

    @kernel
    def _gate_mu(self, edges: int, duration: int) -> TInt64:
        self.core.rtio.output(self.channel, SENSITIVITY, edges)
        delay_mu(duration)
        self.core.rtio.output(self.channel, SENSITIVITY, 0)
        return now_mu()

    @kernel
    def _gate(self, edges: int, duration: float) -> TInt64:
        self.core.rtio.output(self.channel, SENSITIVITY, edges)
        delay(duration)
        self.core.rtio.output(self.channel, SENSITIVITY, 0)
        return now_mu()

    @kernel
    def gate_rising_mu(self, duration: int) -> TInt64:
        """Register rising edges for machine units; return the end of the gate."""
        return self._gate_mu(RISING, duration)

    @kernel
    def gate_falling_mu(self, duration: int) -> TInt64:
        """Register falling edges for machine units; return the end of the gate."""
        return self._gate_mu(FALLING, duration)

    @kernel
    def gate_both_mu(self, duration: int) -> TInt64:
        """Register all edges for machine units; return the end of the gate."""
        return self._gate_mu(BOTH, duration)

    @kernel
    def gate_rising(self, duration: float) -> TInt64:
        """Register rising edges for some seconds; return the end of the gate."""
        return self._gate(RISING, duration)

    @kernel
    def gate_falling(self, duration: float) -> TInt64:
        """Register falling edges for some seconds; return the end of the gate."""
        return self._gate(FALLING, duration)

    @kernel
    def gate_both(self, duration: float) -> TInt64:
        """Register all edges for some seconds; return the end of the gate."""
        return self._gate(BOTH, duration)

    @kernel
    def count(self, up_to_timestamp_mu: int) -> int:
        """Read edges until the counter passes a time; return how many there were."""
        count = 0
        while self.timestamp_mu(up_to_timestamp_mu) >= 0:
            count += 1
        return count

    @kernel
    def timestamp_mu(self, up_to_timestamp_mu: int) -> TInt64:
        """Return the time of the next edge, -1 when the counter passes a time first."""
        timeout = int(up_to_timestamp_mu) + self.gate_latency_mu
        return np.int64(self.core.rtio.input_timestamp(self.channel, timeout))

    @kernel
    def sample_input(self) -> None:
        """Have the level read at the cursor."""
        self.core.rtio.output(self.channel, SAMPLE, 0)

    @kernel
    def sample_get(self) -> int:
        """Wait for a sample and return it."""
        return self.core.rtio.input_data(self.channel)

    @kernel
    def sample_get_nonrt(self) -> int:
        """Sample at the cursor, return it, and break realtime."""
        self.sample_input()
        level: int = self.sample_get()
        self.core.break_realtime()
        return level

    @kernel
    def watch_stay_on(self) -> bool:
        """Start watching for a falling edge; True if the level is high now."""
        self.core.rtio.output(self.channel, SAMPLE, FALLING)
        return self.core.rtio.input_data(self.channel) == 1

    @kernel
    def watch_stay_off(self) -> bool:
        """Start watching for a rising edge; True if the level is low now."""
        self.core.rtio.output(self.channel, SAMPLE, RISING)
        return self.core.rtio.input_data(self.channel) == 0

    @kernel
    def watch_done(self) -> bool:
        """Stop watching; True if the level stayed."""
        self.core.rtio.output(self.channel, SENSITIVITY, 0)
        stayed = True
        try:
            while self.timestamp_mu(now_mu()) != -1:
                stayed = False
        except RTIOOverflow:
            stayed = False
        return stayed


class TTLClockGen(OneChannel):
    """Clock generator in the gateware."""

    def __init__(
        self, dmgr: Any, channel: int, acc_width: int = 24, core_device: str = "core"
    ) -> None:
        self.core: Core = dmgr.get(core_device)
        self.channel = channel
        self.acc_width = np.int64(acc_width)

    @portable
    def frequency_to_ftw(self, frequency: float) -> int:
        """Return the tuning word of a frequency in Hz."""
        cycles = frequency * self.core.coarse_ref_period
        return round_half_away(float(2**self.acc_width * cycles))

    @portable
    def ftw_to_frequency(self, ftw: int) -> float:
        """Return the frequency in Hz of a tuning word."""
        return ftw / self.core.coarse_ref_period / 2**self.acc_width

    @kernel
    def set_mu(self, frequency: int) -> None:
        """Set the tuning word at the cursor."""
        self.core.rtio.output(self.channel, 0, frequency)

    @kernel
    def set(self, frequency: float) -> None:
        """Set the frequency in Hz at the cursor."""
        self.set_mu(self.frequency_to_ftw(frequency))

    @kernel
    def stop(self) -> None:
        """Stop the clock, leaving the line low."""
        self.set_mu(0)
