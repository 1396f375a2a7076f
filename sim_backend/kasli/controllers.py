"""The laboratory's network controllers beside its core device, over the same plant."""

from __future__ import annotations

import functools
import importlib
import inspect
import threading
from collections.abc import Callable, Mapping
from typing import Any


class Locked:
    """The public methods of an object, for one caller at a time.

    They have no annotations: as texts, sipyco cannot list them.
    """

    def __init__(self, wrapped: Any, lock: threading.RLock) -> None:
        for name, method in inspect.getmembers(wrapped, callable):
            if not name.startswith("_"):
                setattr(self, name, _alone(method, lock))


def _alone(method: Callable[..., Any], lock: threading.RLock) -> Callable[..., Any]:
    @functools.wraps(method, assigned=("__name__", "__doc__"))
    def call(*arguments: Any, **keywords: Any) -> Any:
        with lock:
            return method(*arguments, **keywords)

    parameters = inspect.signature(method).parameters.values()
    bare = [one.replace(annotation=one.empty) for one in parameters]
    vars(call)["__signature__"] = inspect.Signature(bare)
    del vars(call)["__wrapped__"]
    return call


def drivers(
    device_db: Mapping[str, Any], manager: Any, lock: threading.RLock
) -> dict[str, tuple[str, int, Locked]]:
    """Return host, port and driver of each controller that has a stand-in here."""
    found = {}
    for key, entry in device_db.items():
        if isinstance(entry, str) or "stands_for" not in entry:
            continue
        if entry["type"] == "local":
            kind = getattr(importlib.import_module(entry["module"]), entry["class"])
            made = Locked(kind(manager, **entry.get("arguments", {})), lock)
            place = entry["stands_for"]
            found[key] = (place["host"], place["port"], made)
    return found
