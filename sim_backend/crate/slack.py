"""How long the core device's CPU takes: an estimate, one table, calibratable.

Kernels take no time in Python that means anything, so the twin's RTIO counter moves by
the costs below. They stand for a Kasli 2.0 (RISC-V at 125 MHz). ARTIQ's own acceptance
tests bound several of them; forecasts made with them are estimates and are labelled so.

To calibrate: every output message of a core-analyzer dump (`artiq_coreanalyzer -w`)
holds the counter at its submission. In a kernel that only switches a TTL the median
step of that counter is `output`; with one RPC, one counter reading or one DMA playback
between two switches the excess is `rpc`, `counter` or `dma_start`. The twin writes the
same dump (`ccqed timeline -o x.bin`), so both can be laid side by side. Then
`core.costs = CostModel(output=...)` in an experiment, or change the table.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import FrameType

from ccqed_ctrl import checks


def _cost(default: float, doc: str) -> float:
    return field(default=default, metadata={"unit": "s", "doc": doc})


@dataclass(frozen=True)
class CostModel:
    """Seconds of CPU time per operation; every field may be replaced."""

    kernel_start: float = _cost(50e-3, "load and start a kernel; compiling not counted")
    output: float = _cost(0.25e-6, "one output event (test_pulse_rate: two < 0.48 us)")
    input: float = _cost(0.3e-6, "one input event read once it is there")
    input_latency: float = _cost(0.12e-6, "from the wire to the input FIFO (rtt test)")
    counter: float = _cost(0.1e-6, "one reading of the RTIO counter (test: < 1 us)")
    rpc: float = _cost(2e-3, "one synchronous RPC (test: mean < 3.5 ms)")
    rpc_async: float = _cost(10e-6, "queueing one asynchronous RPC")
    dma_record: float = _cost(4e-6, "one event into a DMA trace (test: < 11 us a pair)")
    dma_start: float = _cost(2e-6, "starting one DMA playback")
    dma_event: float = _cost(0.05e-6, "one event of a DMA playback")
    reset: float = _cost(1e-3, "core.reset()")
    i2c: float = _cost(1e-3, "one I2C transaction")

    def __post_init__(self) -> None:
        for item in fields(self):
            checks.number(item.name, getattr(self, item.name), 0.0, unit="s")


def place(depth: int) -> str:
    """Return file and line of the innermost frame that is not the twin's or ARTIQ's.

    `depth` frames from here the search begins.
    """
    frame: FrameType | None = sys._getframe(depth)
    own = Path(__file__).parents[1].name
    while frame is not None:
        package = frame.f_globals.get("__name__", "").split(".")[0]
        if package not in {own, "artiq"}:
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


@dataclass(frozen=True)
class Slack:
    """The least slack of a kernel in mu, on which channel, and file:line."""

    slack_mu: int
    channel: str
    place: str


@dataclass
class SlackMeter:
    """The smallest distance between an output event and the counter, per kernel."""

    kernels: dict[str, Slack] = field(default_factory=dict)

    def note(
        self, slack_mu: int, channel: str, kernel: str, place: Callable[[], str]
    ) -> None:
        """Take one event's slack into account; `place` is asked only for a new low."""
        lowest = self.kernels.get(kernel)
        if lowest is None or slack_mu < lowest.slack_mu:
            self.kernels[kernel] = Slack(slack_mu, channel, place())

    @property
    def minimum(self) -> Slack | None:
        """The smallest slack of all kernels, None before any output event."""
        slacks = self.kernels.values()
        return min(slacks, key=lambda slack: slack.slack_mu, default=None)
