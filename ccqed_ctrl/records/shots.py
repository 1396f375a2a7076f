"""What every run of shots stores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ending import Verdict
from .declaration import Entry, Record, live, plan, row

Rows = Mapping[Entry, Any]


@dataclass(frozen=True)
class Reading:
    """What was read of a shot: rows to store, verdict, and what is to be shown live."""

    rows: Rows
    verdict: Verdict = Verdict.ok
    shown: Mapping[Entry, Any] | None = None


class ShotRecord(Record):
    """Any experiment that `shots.Shots` runs."""

    scanned = plan("D", "str", "what was scanned, slowest first")
    scan_shape = plan("D", "int64", "points of each scan")
    seed = plan("", "int64", "root seed of all that is drawn")
    point = row("", "int64", "point of the scan", planned=True)
    verdict = row("", "str", "ok, or what is wrong with the shot")
    attempts = row("", "int64", "times the shot was taken; the last one counts")
    rejected = row("", "str", "what was wrong with those before, in order")

    @property
    def good(self) -> NDArray[np.bool_]:
        """Which shots (S,) are in means: those that count; all if none does."""
        good = self.counting
        return good if good.any() else np.ones(len(good), bool)

    @property
    def counting(self) -> NDArray[np.bool_]:
        """Which shots (S,) count, by their verdicts."""
        words = [verdict for verdict in Verdict if verdict.counts]
        return np.array([verdict in words for verdict in self.verdict], bool)


class FrameRecord(ShotRecord):
    """Shots of which a camera takes frames."""

    frames = row("F ny nx", "uint16", "raw frames as they were taken, ADU", raw=True)
    exposure = row("", "float64", "exposure as used", "us")
    saturated = row("", "int64", "clipped pixels of all frames")
    sequence = row("F", "int64", "numbers of the triggers that made the frames")
    frame = live("nx ny", "uint16", "the last frame with light", "image {}")
