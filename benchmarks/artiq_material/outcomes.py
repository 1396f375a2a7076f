"""What became of one example or test, and the store that makes a table resumable."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
#: Not on the twin: a device, or a network port of the core device.
DEVICE, PORT = "needs device", "needs port"


@dataclass(frozen=True)
class Outcome:
    """What became of one thing that was tried.

    Attributes
    ----------
    name
        Of an example's class, or of a test.
    verdict
        One of `PASSED`, `FAILED`, `SKIPPED`, `DEVICE`, `PORT`.
    reason
        In the words of what was run; empty where it passed.
    """

    name: str
    verdict: str
    reason: str = ""


class Store:
    """Outcomes by item in a JSON file, written after each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._items: dict[str, list[Outcome]] = {}
        if path.exists():
            for item, rows in json.loads(path.read_text()).items():
                self._items[item] = [Outcome(**row) for row in rows]

    def __contains__(self, item: str) -> bool:
        return item in self._items

    def __getitem__(self, item: str) -> list[Outcome]:
        return self._items[item]

    def add(self, item: str, outcomes: list[Outcome]) -> None:
        """Keep what became of an item."""
        self._items[item] = outcomes
        rows = {item: [asdict(o) for o in found] for item, found in self._items.items()}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(rows, indent=1) + "\n")
