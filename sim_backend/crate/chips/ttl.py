"""Gateware of bidirectional digital channels: level, direction, edges, samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .phy import OutputLine, Phy

RISING, FALLING = 1, 2

#: How far the twin lets time run between two looks at an open input, in mu: the price
#: of looking is one step of the plant.
LOOK_MU = 10_000

Edges = Callable[[str, int, int], "list[tuple[int, int]]"]


class BidirectionalLine(OutputLine):
    """RTIO channel with addresses 0 level, 1 direction, 2 sensitivity, 3 sample.

    The line drives only while its direction is output, which it is not at start.
    """

    def __init__(
        self,
        key: str,
        channel: int,
        emit: Callable[[int, str, str, float], None],
        push: Callable[[int, int, int], None],
        edges: Edges,
        observe: Callable[[str, str, int], float],
    ) -> None:
        super().__init__(key, emit)
        self.channel = channel
        self._push = push
        self._edges = edges
        self._observe = observe
        self._wanted = False
        self._output = False
        self._sensitivity = 0
        self._seen_mu = 0

    def write(self, time_mu: int, address: int, data: Any) -> None:
        """Set level, direction or sensitivity, or take a sample."""
        if address == 0:
            self._wanted = bool(data)
        elif address == 1:
            self._output = bool(data)
        else:
            self._sense(time_mu, data, sample=address == 3)
            return
        if self._output or self.level:
            self.drive(time_mu, "rtio", self._wanted and self._output)

    @property
    def is_output(self) -> bool:
        """Whether the line drives."""
        return self._output

    @property
    def is_open(self) -> bool:
        """Whether edges are being registered."""
        return self._sensitivity != 0

    def next_look(self, after_mu: int) -> int:
        """Return the next time at which gathering edges is worth while."""
        return after_mu + LOOK_MU

    def collect(self, until_mu: int) -> None:
        """Gather the edges since the last look, if the gate is open."""
        if not self.is_open or until_mu <= self._seen_mu:
            return
        start, self._seen_mu = self._seen_mu, until_mu
        for time_mu, level in self._edges(self.key, start, until_mu):
            if self._sensitivity & (RISING if level else FALLING):
                self._push(self.channel, time_mu, level)

    def _sense(self, time_mu: int, sensitivity: int, *, sample: bool) -> None:
        self.collect(time_mu)
        self._sensitivity = sensitivity
        self._seen_mu = time_mu
        if sample:
            level = self.level or self._observe(self.key, "level", time_mu) > 0.5
            self._push(self.channel, time_mu, int(level))


class EdgeCounterGate(Phy):
    """Counts edges while configured to; the count is one input event on request."""

    def __init__(
        self,
        key: str,
        channel: int,
        maximum: int,
        push: Callable[[int, int, int], None],
        edges: Edges,
    ) -> None:
        super().__init__(key)
        self.channel = channel
        self._maximum = maximum
        self._push = push
        self._edges = edges
        self._sensitivity = 0
        self._count = 0
        self._seen_mu = 0

    @property
    def is_open(self) -> bool:
        """Whether edges are being counted."""
        return self._sensitivity != 0

    def next_look(self, after_mu: int) -> int:
        """Return the next time at which counting is worth while: not before closing."""
        return after_mu + LOOK_MU

    def collect(self, until_mu: int) -> None:
        """Count the edges since the last look."""
        if not self.is_open or until_mu <= self._seen_mu:
            return
        start, self._seen_mu = self._seen_mu, until_mu
        for _, level in self._edges(self.key, start, until_mu):
            if self._sensitivity & (RISING if level else FALLING):
                self._count = min(self._count + 1, self._maximum)

    def write(self, time_mu: int, address: int, data: Any) -> None:  # noqa: ARG002
        """Take a configuration: sensitivity, send the count, reset it."""
        self.collect(time_mu)
        if data & 0b0100:
            self._push(self.channel, time_mu, self._count)
        if data & 0b1000:
            self._count = 0
        self._sensitivity = data & 0b11
        self._seen_mu = time_mu


class ClockLine(OutputLine):
    """A clock generator: its tuning word becomes the signal `frequency` in Hz."""

    def __init__(
        self,
        key: str,
        emit: Callable[[int, str, str, float], None],
        frequency: Callable[[int], float],
    ) -> None:
        super().__init__(key, emit)
        self._frequency = frequency

    def write(self, time_mu: int, address: int, data: Any) -> None:  # noqa: ARG002
        """Set the tuning word."""
        self._emit(time_mu, self.key, "frequency", self._frequency(data))
