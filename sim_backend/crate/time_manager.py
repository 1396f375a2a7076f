"""The timeline cursor of kernels run in Python, as ARTIQ's compiler would move it."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from ccqed_ctrl.errors import TimelineError

from .slack import place


def round_half_away(value: float) -> int:
    """Round to the nearest integer, halves away from zero, as compiled kernels do.

    Python's own `round` takes halves to even, and `floor(x + 0.5)` fails for the
    largest float below one half.
    """
    magnitude = abs(value)
    whole = math.floor(magnitude)
    if magnitude - whole >= 0.5:
        whole += 1
    return -whole if value < 0 else whole


class TimeManager:
    """What `artiq.language.core.set_time_manager` wants: a cursor and its blocks.

    A branch directly inside `with parallel` starts where the block started, and the
    block ends with its longest branch. Kernels reach this with each top-level statement
    of a parallel block wrapped in `with sequential` (see `crate.interpreter`), so
    that loops and conditionals inside are sequential, as compiled. A bare delay in a
    parallel block, in code that was not so rewritten, is a branch of its own.
    """

    def __init__(self, ref_period: float) -> None:
        self.ref_period = ref_period
        self.now = 0
        #: File and line of the negative delay that the cursor is still behind.
        self.put_back = ""
        self._ahead = 0
        self._blocks: list[_Block] = []

    def enter_sequential(self) -> None:
        """Open a block whose statements follow each other."""
        parent = self._parallel()
        if parent is not None:
            self.now = parent.start
        self._blocks.append(_Block(parallel=False, start=self.now, end=self.now))

    def enter_parallel(self) -> None:
        """Open a block whose branches start together."""
        parent = self._parallel()
        if parent is not None:
            self.now = parent.start
        self._blocks.append(_Block(parallel=True, start=self.now, end=self.now))

    def exit(self) -> None:
        """Close the innermost block.

        An exception on its way out leaves the cursor where it was raised: compiled code
        has no clean-up for a parallel block.
        """
        block = self._blocks.pop()
        if block.raised != sys.exception():
            return
        if block.parallel:
            self.now = block.end
        parent = self._parallel()
        if parent is not None:
            parent.end = max(parent.end, self.now)

    def take_time_mu(self, duration: int) -> None:
        """Move the cursor by machine units, which may be negative."""
        parent = self._parallel()
        if parent is None:
            before = self.now
            self.now += machine_units("delay_mu", duration)
            if self.now < before and not self.put_back:
                self.put_back, self._ahead = place(2), before
            elif self.put_back and self.now >= self._ahead:
                self.put_back = ""
        else:
            end = parent.start + machine_units("delay_mu", duration)
            parent.end = max(parent.end, end)

    def take_time(self, duration: float) -> None:
        """Move the cursor by seconds, rounded to machine units half away from zero."""
        self.take_time_mu(round_half_away(duration / self.ref_period))

    def get_time_mu(self) -> np.int64:
        """Return the cursor."""
        return np.int64(self.now)

    def set_time_mu(self, time_mu: int) -> None:
        """Put the cursor anywhere, the past included."""
        self.put_back = ""
        self.now = machine_units("at_mu", time_mu)

    def unwind(self) -> None:
        """Forget open blocks: a new outermost kernel starts with none."""
        self.put_back = ""
        self._blocks.clear()

    def _parallel(self) -> _Block | None:
        block = self._blocks[-1] if self._blocks else None
        return block if block is not None and block.parallel else None


class _Block:
    def __init__(self, *, parallel: bool, start: int, end: int) -> None:
        self.parallel = parallel
        self.start = start
        self.end = end
        self.raised = sys.exception()


def machine_units(name: str, value: Any) -> int:
    """Return a whole number of machine units as a Python int.

    Raises
    ------
    TimelineError
        A float or something else the compiler would refuse.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        message = (
            f"{name} takes whole machine units (an integer); got {value!r}. "
            "Use delay() for seconds"
        )
        raise TimelineError(message)
    return int(value)
