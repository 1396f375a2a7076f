"""What a server shows of a driver: the methods of its protocol, and no others."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any


def methods(kind: type) -> list[str]:
    """Return the names of the public methods of a class or protocol."""
    members = inspect.getmembers(kind, inspect.isfunction)
    return [name for name, _ in members if not name.startswith("_")]


class Offer:
    """The methods that `kind`, a protocol or the driver's class, has in public.

    Without annotations: as texts, sipyco cannot list them.
    """

    def __init__(self, driver: Any, kind: type) -> None:
        self.__doc__ = inspect.getdoc(driver)
        for name in methods(kind):
            setattr(self, name, _plain(getattr(driver, name)))


def _plain(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method without annotations."""
    parameters = inspect.signature(method).parameters.values()
    bare = [one.replace(annotation=one.empty) for one in parameters]

    @functools.wraps(method, assigned=("__name__", "__qualname__", "__doc__"))
    def call(*args: Any, **kwargs: Any) -> Any:
        return method(*args, **kwargs)

    vars(call)["__signature__"] = inspect.Signature(bare)
    return call
