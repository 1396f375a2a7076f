"""What every run of shots stores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ending import Verdict
from .declaration import Entry, Record, plan, row

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
