"""Recall that writes down what it announces, what it holds in memory, and what it cost.

Each announcement is a line of JSON in the file "announced" of the folder where the run
is: shots done, this process, bytes of memory, seconds, and how many of these the
journal took.
"""

from __future__ import annotations

import functools
import json
import os
import runpy
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ccqed_ctrl.journal import Journal

#: What the file of announcements is called.
ANNOUNCED: Final = "announced"
_RECALL = Path(__file__).parents[1] / "repository" / "recall.py"
_PAGE = os.sysconf("SC_PAGE_SIZE")

_Recall: Any = runpy.run_path(str(_RECALL))["Recall"]


class Watched(_Recall):  # type: ignore[misc]
    """Recall, watched."""

    def set_dataset(self, key: str, value: Any, **options: Any) -> None:
        super().set_dataset(key, value, **options)
        if key == "progress.done":
            said = {
                "done": value, "process": os.getpid(), "memory": _memory(),
                "clock": time.perf_counter(), "journal": _spent,
            }  # fmt: skip
            with Path(ANNOUNCED).open("a") as file:
                file.write(json.dumps(said) + "\n")


_spent = 0.0


def _timed(method: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(method)
    def timed(*arguments: Any, **options: Any) -> None:
        global _spent
        begin = time.perf_counter()
        method(*arguments, **options)
        _spent += time.perf_counter() - begin

    return timed


for _name in ("append", "store"):
    setattr(Journal, _name, _timed(getattr(Journal, _name)))


def _memory() -> int:
    """Return the resident bytes of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
