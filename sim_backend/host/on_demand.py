"""Modules of the stand-in `site` that are made when they are imported.

Loading a driver for a constant must not load the whole crate while it is being loaded
itself, so what a module offers (`names`) is looked up at the first access.
"""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final

#: Where it is written what each module offers; it loads the drivers.
NAMES: Final = "sim_backend.host.names:offered"

#: Packages of the site that are no folders.
PACKAGES: Final = frozenset({"artiq.applets", "artiq.frontend"})


def _offered(module: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = pkgutil.resolve_name(NAMES)(module)
    return found


def attributes(module: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module of the stand-in site."""

    def look_up(name: str) -> Any:
        if name == "__all__":  # asked for by `from module import *`
            names = {**vars(sys.modules[module]), **_offered(module)}
            return [key for key in names if not key.startswith("_")]
        found = {} if name.startswith("__") else _offered(module)
        if name not in found:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        return found[name]

    return look_up


class _Finder(MetaPathFinder, Loader):
    """Finds the modules of one stand-in package that are not files."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """Return how to make a module, None for one that there is not."""
        if fullname.split(".")[0] != self.package:
            return None
        if fullname in PACKAGES:
            return ModuleSpec(fullname, self, is_package=True)
        return ModuleSpec(fullname, self) if _offered(fullname) else None

    def exec_module(self, module: ModuleType) -> None:
        """Give a module its attributes."""
        look_up = attributes(module.__name__)
        vars(module)["__getattr__"] = look_up
        vars(module)["__dir__"] = lambda: look_up("__all__")


def install(package: str) -> None:
    """Let the modules of a stand-in package be found after its files."""
    known = (found for found in sys.meta_path if isinstance(found, _Finder))
    if all(found.package != package for found in known):
        sys.meta_path.append(_Finder(package))
