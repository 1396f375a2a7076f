"""What a precompiled kernel keeps: its arguments, and the attributes it can reach."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np

#: Packages whose objects are machinery; their drivers are not.
_MACHINERY = {*sys.stdlib_module_names, "artiq", "numpy", "sim_backend", "sipyco"}
_DRIVERS = ("artiq.coredevice.", "artiq.test.", "sim_backend.crate.drivers.")


class Frozen:
    """Arguments and attribute values of the moment when a kernel was precompiled.

    Every run begins with these; what it changes is gone when it ends. The host's own
    values are there again whenever the host runs: after the kernel, and inside remote
    procedure calls.
    """

    def __init__(
        self, owner: Any, arguments: Sequence[Any], keywords: dict[str, Any]
    ) -> None:
        self._arguments, self._keywords = _copied(list(arguments)), _values(keywords)
        reachable = _reachable([owner, *arguments, *keywords.values()])
        self._kept = [(vars(thing), _values(vars(thing))) for thing in reachable]
        self._other: list[dict[str, Any]] = []

    @contextmanager
    def running(self) -> Iterator[tuple[list[Any], dict[str, Any]]]:
        """Put the kernel's values in place; gives the arguments of this run."""
        self._other = [_values(values) for _, values in self._kept]
        with self._exchanged():
            yield _copied(self._arguments), _values(self._keywords)

    def hosting(self) -> AbstractContextManager[None]:
        """Put the host's values back, for a while."""
        return self._exchanged()

    @contextmanager
    def _exchanged(self) -> Iterator[None]:
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    def _exchange(self) -> None:
        for (present, _), other in zip(self._kept, self._other, strict=True):
            for name in other:
                here = present.get(name)
                present[name], other[name] = other[name], here


def _reachable(roots: Iterable[Any]) -> list[Any]:
    """Return the objects whose attributes a kernel given `roots` can read."""
    found: dict[int, Any] = {}
    waiting = list(roots)
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, (list, tuple)):
            waiting += thing
        elif id(thing) not in found and _is_plain(thing):
            found[id(thing)] = thing
            waiting += vars(thing).values()
    return list(found.values())


def _is_plain(thing: Any) -> bool:
    """Return whether an object has attributes that belong to the experiment."""
    if isinstance(thing, type) or not hasattr(thing, "__dict__"):
        return False
    module = type(thing).__module__
    if module.startswith(_DRIVERS):
        return not module.endswith(".core")
    return module.split(".")[0] not in _MACHINERY


def _values(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: _copied(value) for name, value in attributes.items()}


def _copied(value: Any) -> Any:
    """Return a value that kernel and host do not share; objects are themselves."""
    if type(value) is list:
        return [_copied(item) for item in value]
    return value.copy() if isinstance(value, np.ndarray) else value
