"""What the RTIO core knows of its channels: output words in, input events out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

Listener = Callable[[int, bool], None]


class Phy:
    """Gateware of one RTIO channel.

    `replaces` says whether an event replaces an earlier one at the same time (TTL) or
    collides with it (SPI); `fifo_depth` how many input events wait unread.
    """

    replaces = False
    fifo_depth = 64

    def __init__(self, key: str) -> None:
        self.key = key

    def write(self, time_mu: int, address: int, data: Any) -> None:
        """Take one output event; events come in time order."""
        raise NotImplementedError


class Player(Protocol):
    """A chip that changes its outputs by itself as time passes."""

    def play(self, until_mu: int) -> None:
        """Emit everything up to `until_mu`."""


class Gate(Protocol):
    """An input that gathers edges from the plant while open."""

    channel: int

    @property
    def is_open(self) -> bool:
        """Whether edges are being gathered."""

    def next_look(self, after_mu: int) -> int:
        """Return the next time at which gathering is worth while."""

    def collect(self, until_mu: int) -> None:
        """Gather edges up to `until_mu`."""


class OutputLine(Phy):
    """A digital output with an optional second driver, OR-ed, and listeners.

    The second driver is Urukul's configuration register, which shares the RF switches
    with the TTL lines.
    """

    replaces = True

    def __init__(self, key: str, emit: Callable[[int, str, str, float], None]) -> None:
        super().__init__(key)
        self._emit = emit
        self._drivers = {"rtio": False}
        self._listeners: list[Listener] = []
        self.level = False

    def listen(self, listener: Listener) -> None:
        """Call `listener(time_mu, level)` on each change of level."""
        self._listeners.append(listener)

    def preset(self, level: bool) -> None:
        """Set the level the line has at power-up; nobody is told."""
        self._drivers["rtio"] = self.level = level

    def write(self, time_mu: int, address: int, data: Any) -> None:
        """Set the level (address 0 is all there is)."""
        if address == 0:
            self.drive(time_mu, "rtio", bool(data))

    def drive(self, time_mu: int, driver: str, level: bool) -> None:
        """Set one driver of the line; the line is high if any driver is."""
        self._drivers[driver] = level
        level = any(self._drivers.values())
        self._emit(time_mu, self.key, "level", float(level))
        if level != self.level:
            self.level = level
            for listener in self._listeners:
                listener(time_mu, level)
