"""The output lanes of a Kasli's gateware: what order, and how much, may be queued."""

from __future__ import annotations

from collections import deque

LANES = 8
#: Events that wait in a lane; the CPU blocks until the first of a full one is played.
LANE_DEPTH = 128


class Lanes:
    """Each lane takes strictly later coarse times only, and is emptied as they come."""

    def __init__(self) -> None:
        self._waiting: list[deque[int]] = [deque() for _ in range(LANES)]
        self._times = [-1] * LANES
        self._current = 0
        self._last = -1

    def accept(self, coarse: int) -> bool:
        """Place an event; False is a sequence error."""
        lane = self._current
        if coarse <= self._last:
            lane = (lane + 1) % LANES
        if coarse <= self._times[lane]:
            return False
        self._current, self._last = lane, coarse
        self._times[lane] = coarse
        self._waiting[lane].append(coarse)
        return True

    def blocked_until(self, now: int) -> int:
        """Return the coarse time at which the lane last used has room, 0 if it has."""
        waiting, free = self._waiting[self._current], 0
        while waiting and waiting[0] <= now:
            waiting.popleft()
        while len(waiting) > LANE_DEPTH:
            free = waiting.popleft()
        return free

    def room(self, now: int) -> int:
        """Return how many events can be placed, whatever they are, until one blocks."""
        for waiting in self._waiting:
            while waiting and waiting[0] <= now:
                waiting.popleft()
        return LANE_DEPTH + 1 - max(len(waiting) for waiting in self._waiting)
