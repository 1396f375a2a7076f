"""A ramp between two limits: the AD9910's digital ramp generator and shaped keying.

Times are cycles of SYNC_CLK. Between changes of pins and registers the ramp is known in
closed form; nothing happens step by step.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import NamedTuple

#: Most points that are told of one slope: those of a longer one come in strides.
POINTS = 1000


class Slopes(NamedTuple):
    """Registers of a ramp: limits, steps, cycles per step, what happens at a limit."""

    lower: int
    upper: int
    up: int
    down: int
    up_cycles: int
    down_cycles: int
    no_dwell_high: bool = False
    no_dwell_low: bool = False


class Ramp:
    """An accumulator that rises while its control pin is high and falls while low.

    At a limit the value stays. With the no-dwell bit of that limit it jumps to the
    other one and waits for the next edge of the pin; with both bits it turns round.
    """

    def __init__(self) -> None:
        self.value = 0
        self._slopes = Slopes(0, 0, 0, 0, 0, 0)
        self._now = 0
        self._high = self._rising = self._held = self._waiting = False

    @property
    def at_limit(self) -> bool:
        """Whether the value is at one of its limits: the pin DROVER."""
        return self.value in {self._slopes.lower, self._slopes.upper}

    def configure(
        self, cycle: int, slopes: Slopes, *, start: bool, reload: bool = False
    ) -> None:
        """Take new registers; `start` at the lower limit, `reload` the step's timer.

        A step that falls on this very cycle goes by the new registers already.
        """
        self.advance(cycle - 1)
        self._slopes = slopes._replace(upper=max(slopes.lower, slopes.upper))
        if start:
            self.value = 0
        if start or reload:
            self._now = cycle
        if not self._turning:
            self._rising = self._high
        self._waiting = self._one_way and (start or self._waiting)
        self.value = max(slopes.lower, min(self.value, self._slopes.upper))
        self._face()

    def control(self, cycle: int, high: bool) -> None:
        """Follow the control pin; a one-way ramp only starts by it."""
        if high == self._high:
            return
        self.advance(cycle)
        self._high = high
        if not self._one_way:
            self._rising = high
        elif self._waiting and high == self._slopes.no_dwell_high:
            self._rising, self._waiting, self._now = high, False, cycle
            self.value = self._slopes.lower if high else self._slopes.upper
        self._face()

    def hold(self, cycle: int, held: bool) -> None:
        """Follow the hold pin, which stops value and timer."""
        if held != self._held:
            self.advance(cycle)
            self._held = held
            self._face()

    def advance(self, cycle: int) -> None:
        """Let time pass up to a cycle."""
        while self._now < cycle:
            left, step, cycles = self._course()
            if step == 0:
                self._now = cycle
                return
            steps = (cycle - self._now) // cycles
            if steps < left or left == 0:
                self.value += step * min(steps, left)
                self._now += steps * cycles
                return
            self._now += left * cycles
            self._arrive()

    def coming(self) -> Iterator[tuple[int, int]]:
        """Yield (cycle, value) from now on, as long as nothing is changed."""
        future = copy.copy(self)
        while True:
            left, step, cycles = future._course()
            if step == 0 or left == 0:
                return
            for _ in range(0, left, stride := -(-left // POINTS)):
                future.advance(future._now + min(stride, left) * cycles)
                left -= stride
                yield future._now, future.value

    @property
    def _one_way(self) -> bool:
        return self._slopes.no_dwell_high != self._slopes.no_dwell_low

    @property
    def _turning(self) -> bool:
        return self._slopes.no_dwell_high and self._slopes.no_dwell_low

    def _course(self) -> tuple[int, int, int]:
        """Return how many steps are left to the limit, the step, and its cycles.

        A step may be negative, as ARTIQ uses it: a falling ramp then rises.
        """
        slopes = self._slopes
        step = slopes.up if self._rising else -slopes.down
        cycles = slopes.up_cycles if self._rising else slopes.down_cycles
        if self._held or self._waiting or step == 0 or cycles == 0:
            return 0, 0, 0
        limit = slopes.upper if step > 0 else slopes.lower
        return -(-abs(limit - self.value) // abs(step)), step, cycles

    def _face(self) -> None:
        """Turn away from a limit where the ramp turns round."""
        left, step, _ = self._course()
        if self._turning and step and not left:
            self._rising = not self._rising

    def _arrive(self) -> None:
        """Do what happens at the limit that the present slope leads to."""
        slopes = self._slopes
        upper = (slopes.up > 0) if self._rising else (slopes.down < 0)
        self.value = slopes.upper if upper else slopes.lower
        self._face()
        if self._one_way:
            self.value = slopes.lower if upper else slopes.upper
            self._waiting = True
