"""Drivers over fakes of their vendors' libraries.

A fake has the methods that the driver uses, under the vendor's names, and refuses what
the real one would. Where the real package is installed, the fake's methods are compared
with it (`differences`).
"""

from __future__ import annotations

import importlib
import inspect
import sys
from contextlib import contextmanager
from types import ModuleType

import pytest


@contextmanager
def faked(driver, modules):
    """Give a driver's module, imported over modules of these contents."""
    with pytest.MonkeyPatch.context() as patch:
        for name, contents in modules.items():
            made = ModuleType(name)
            vars(made).update(contents)
            parts = name.split(".")
            for length in range(1, len(parts)):
                above = ".".join(parts[:length])
                if above not in modules:
                    patch.setitem(sys.modules, above, ModuleType(above))
            patch.setitem(sys.modules, name, made)
        patch.delitem(sys.modules, driver, raising=False)
        yield importlib.import_module(driver)
        patch.delitem(sys.modules, driver, raising=False)


def differences(fake, real):
    """Return what a fake's public methods take that the real ones do not."""
    found = []
    for name, method in inspect.getmembers(fake, inspect.isfunction):
        if name.startswith("_") or name in getattr(fake, "OUTSIDE", ()):
            continue
        if not hasattr(real, name):
            found.append(f"{name} is missing")
            continue
        known = inspect.signature(inspect.unwrap(getattr(real, name))).parameters
        mine = list(inspect.signature(method).parameters.values())
        found += [
            f"{name} has no {one.name}"
            for one in mine
            if one.kind is not one.VAR_KEYWORD and one.name not in known
        ]
    return found
