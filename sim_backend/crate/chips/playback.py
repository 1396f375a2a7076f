"""What a chip plays by itself: values that come with time, waveforms in RAM."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import NamedTuple

from .words import bits

NEVER = sys.maxsize

RAMP_UP, BIDIRECTIONAL, CONTINUOUS_BIDIRECTIONAL, CONTINUOUS = 1, 2, 3, 4


class Track:
    """What changes by itself: the `value` now, and when the next one is due."""

    def __init__(self) -> None:
        self.stay(0)

    def stay(self, value: int) -> None:
        """Keep a value from now on."""
        self.follow(value, iter(()))

    def follow(self, value: int, coming: Iterator[tuple[int, int]]) -> None:
        """Have a value now, and (time_mu, value) in order from now on."""
        self.value, self._coming = value, coming
        self._look()

    def step(self) -> None:
        """Take the value that is due."""
        self.value = self._upcoming
        self._look()

    def _look(self) -> None:
        self.due_mu, self._upcoming = next(self._coming, (NEVER, 0))


class Waveform(NamedTuple):
    """A profile register of the AD9910 as RAM playback reads it (table 28)."""

    first: int
    last: int
    cycles: int
    mode: int
    no_dwell: bool

    @classmethod
    def of(cls, control: int) -> Waveform:
        """Return the fields of the register."""
        first, last = bits(control, 14, 10), bits(control, 30, 10)
        return cls(
            first=first,
            last=max(first, last),
            cycles=max(1, bits(control, 40, 16)),
            mode=bits(control, 0, 3),
            no_dwell=bool(bits(control, 5, 1)),
        )

    def walk(self, start: int, *, upwards: bool) -> Iterator[int]:
        """Yield addresses, for ever if the mode is a continuous one.

        A bidirectional ramp goes from `start`, `upwards` or not, and stays at its end.
        """
        up = range(self.first, self.last + 1)
        if self.mode == RAMP_UP:
            yield from up
            if self.no_dwell:
                yield self.first
        elif self.mode == BIDIRECTIONAL:
            here = start - self.first
            yield from up[here:] if upwards else up[here::-1]
        elif self.mode in {CONTINUOUS, CONTINUOUS_BIDIRECTIONAL}:
            while True:
                yield from up
                if self.mode == CONTINUOUS_BIDIRECTIONAL:
                    yield from up[-2:0:-1]
        else:
            yield self.first
