"""The SPI master's gateware: configuration words, transfers, replies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from .phy import Phy
from .words import bits, signed32

CONFIG_ADDRESS = 1
END = 0x02
INPUT = 0x04
CLOCK_PHASE = 0x20
LSB_FIRST = 0x40


class SpiSlave(Protocol):
    """Whatever hangs on the bus."""

    def transfer(
        self, time_mu: int, select: int, word: int, length: int, *, last: bool
    ) -> int:
        """Take `length` bits that end at `time_mu`; return the bits shifted out.

        `select` is the pattern on the chip-select lines; `last` says that they are
        released at the end.
        """


class SpiBus(Phy):
    """RTIO channel of an SPI master; events never replace each other."""

    fifo_depth = 4

    def __init__(
        self,
        key: str,
        channel: int,
        coarse_mu: int,
        push: Callable[[int, int, int], None],
        busy: Callable[[int], None],
    ) -> None:
        super().__init__(key)
        self.channel = channel
        self._coarse_mu = coarse_mu
        self._push = push
        self._busy = busy
        self._slaves: list[SpiSlave] = []
        self._flags, self._length, self._divider, self._select = 0, 1, 2, 0
        self._busy_until = 0

    def attach(self, slave: SpiSlave) -> None:
        """Connect a chip; it watches the chip-select pattern itself."""
        self._slaves.append(slave)

    def preset(self, flags: int, length: int, divider: int, select: int) -> None:
        """Set the configuration an earlier experiment left."""
        self._flags, self._length = flags, length
        self._divider, self._select = divider, select

    def write(self, time_mu: int, address: int, data: Any) -> None:
        """Take a configuration word or start a transfer."""
        if time_mu < self._busy_until:
            self._busy(self.channel)
        elif address == CONFIG_ADDRESS:
            self._flags = bits(data, 0, 8)
            self._length = bits(data, 8, 5) + 1
            self._divider = bits(data, 16, 8) + 2
            self._select = bits(data, 24, 8)
        else:
            self._transfer(time_mu, data)

    def _transfer(self, time_mu: int, data: int) -> None:
        length = self._length
        done = time_mu + ((length + 1) * self._divider + 1) * self._coarse_mu
        # The driver advances by this; the core is ready up to one SPI clock earlier.
        self._busy_until = done - self._divider * self._coarse_mu
        if self._flags & LSB_FIRST:
            word = int(f"{bits(data, 0, length):0{length}b}"[::-1], 2)
        else:
            word = bits(data, 32 - length, length)
        reply = 0
        for slave in self._slaves:
            last = bool(self._flags & END)
            reply |= slave.transfer(done, self._select, word, length, last=last)
        if self._flags & INPUT:
            self._push(self.channel, done, signed32(reply))
