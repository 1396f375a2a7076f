"""The frame grabber's gateware: regions of interest summed in each frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .phy import Phy
from .ttl import LOOK_MU
from .words import bits

Frames = Callable[[str, int, int], "list[tuple[int, Any]]"]


class Regions(Phy):
    """Coordinates x0, y0, x1, y1 of each region; x1 and y1 are outside it."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self._corners: dict[int, list[int]] = {}

    def write(self, time_mu: int, address: int, data: Any) -> None:  # noqa: ARG002
        """Set one coordinate."""
        self._corners.setdefault(address // 4, [0] * 4)[address % 4] = data

    def total(self, region: int, counts: Any) -> int:
        """Return the sum of counts (ny, nx) in a region."""
        x0, y0, x1, y1 = self._corners.get(region, [0] * 4)
        return int(counts[y0:y1, x0:x1].sum())


class RegionGate(Phy):
    """Mask of enabled regions; each frame sent while it is open gives input events."""

    fifo_depth = 16 * 8

    def __init__(
        self,
        key: str,
        channel: int,
        regions: Regions,
        sentinel: int,
        shift: int,
        push: Callable[[int, int, int], None],
        frames: Frames,
    ) -> None:
        super().__init__(key)
        self.channel = channel
        self._regions = regions
        self._sentinel = sentinel
        self._shift = shift
        self._push = push
        self._frames = frames
        self._mask = 0
        self._seen_mu = 0

    @property
    def is_open(self) -> bool:
        """Whether any region is enabled."""
        return self._mask != 0

    def next_look(self, after_mu: int) -> int:
        """Return the next time at which looking for frames is worth while."""
        return after_mu + 10 * LOOK_MU

    def collect(self, until_mu: int) -> None:
        """Sum the regions of the frames since the last look."""
        if not self.is_open or until_mu <= self._seen_mu:
            return
        start, self._seen_mu = self._seen_mu, until_mu
        for time_mu, counts in self._frames(self.key, start, until_mu):
            self._push(self.channel, time_mu, self._sentinel)
            for region in range(self._mask.bit_length()):
                if bits(self._mask, region, 1):
                    total = self._regions.total(region, counts) >> self._shift
                    self._push(self.channel, time_mu, total)

    def write(self, time_mu: int, address: int, data: Any) -> None:  # noqa: ARG002
        """Enable the masked regions from now on."""
        self.collect(time_mu)
        self._mask = data
        self._seen_mu = time_mu
